import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Check } from 'typebox/value'
import { RegisterRequest } from '../../src/admin/accounts-documents.ts'
import { ACCOUNT_FAILURES, LOGIN_FAILURES_PER_MINUTE } from '../../src/admin/limits.ts'
import { ROUTES } from '../../src/admin/route-table.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { AccountError } from '../../src/trust/accounts/account-error.ts'
import { LOGIN_LIFETIME_MS } from '../../src/trust/accounts/limits.ts'
import { covers, SCOPES, type Scope } from '../../src/trust/accounts/scope.ts'
import type { ManualClock } from '../observe/manual-clock.ts'
import { openAccounts } from '../trust/accounts/open-accounts.ts'
import { fakeAccounts } from './fake-accounts.ts'
import {
  ADMIN_TOKEN,
  type Answer,
  type Ask,
  ask,
  openPort,
  type Port,
  problemOf,
  READ_TOKEN,
  SETTINGS,
  temporaryFolder,
} from './open-port.ts'

const ADA = { email: 'Ada@Example.org', password: 'correct horse', full_name: 'Ada L.', company: 'Engines' }
const HOUR_MS = 3_600_000

interface Desk extends Port {
  readonly manual: ManualClock
  /** One JSON request; the token is left out where it is undefined. */
  readonly call: (method: string, path: string, body?: unknown, token?: string, more?: Ask) => Promise<Answer>
}

/** A port over real accounts on a real store, with cheap hashes and a clock that the test moves. */
async function openDesk(t: TestContext, options: { openRegistration?: boolean; socketPath?: string } = {}): Promise<Desk> {
  const { accounts, clock: manual } = await openAccounts(t)
  const { openRegistration = false, ...rest } = options
  const clock = { now: () => manual.now(), monotonic: () => manual.monotonic(), after: systemClock.after }
  const port = await openPort(t, { accounts, clock, settings: { openRegistration }, ...rest })
  const call: Desk['call'] = (method, path, body, token, more = {}) =>
    ask(port.url, path, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(token === undefined ? {} : { token }),
      ...more,
    })
  return { ...port, manual, call }
}

const json = (answer: Answer) => JSON.parse(answer.text)
const codeOf = (answer: Answer) => [answer.status, problemOf(answer).code]
const register = (desk: Desk, body: unknown = ADA, token: string | null = ADMIN_TOKEN) =>
  desk.call('POST', '/api/v1/users/register', body, token ?? undefined)
const login = (desk: Desk, email = ADA.email, password = ADA.password, more: Ask = {}) =>
  desk.call('POST', '/api/v1/users/login', { email, password }, undefined, more)
const tokenOf = async (desk: Desk, email = ADA.email, password = ADA.password): Promise<string> =>
  json(await login(desk, email, password)).token

test('register with the token of the home, log in, me, log out', async (t) => {
  const desk = await openDesk(t)
  const made = await register(desk)
  assert.equal(made.status, 201)
  const account = json(made)
  assert.match(account.id, /^usr_[0-9a-f]{24}$/)
  const created = new Date(desk.manual.now()).toISOString()
  const { id } = account
  const expected = { id, email: ADA.email, full_name: 'Ada L.', company: 'Engines', scopes: ['admin'], created_at: created }
  assert.deepEqual(account, expected)

  const entered = json(await login(desk))
  assert.match(entered.token, /^x0s_[A-Za-z0-9_-]{43}$/)
  assert.equal(entered.token_type, 'bearer')
  assert.equal(Date.parse(entered.expires_at), desk.manual.now() + LOGIN_LIFETIME_MS)
  assert.deepEqual([entered.scopes, entered.user], [['admin'], expected])

  assert.deepEqual(json(await desk.call('GET', '/api/v1/users/me', undefined, entered.token)), expected)
  const byKey = await desk.call('GET', '/api/v1/users/me', undefined, undefined, { headers: { 'x-api-key': entered.token } })
  assert.deepEqual(json(byKey), expected)
  assert.deepEqual(codeOf(await desk.call('GET', '/api/v1/users/me')), [401, 'token-required'])
  assert.deepEqual(codeOf(await desk.call('GET', '/api/v1/users/me', undefined, ADMIN_TOKEN)), [404, 'account-unknown'])

  assert.equal((await desk.call('POST', '/api/v1/users/logout', undefined, entered.token)).status, 200)
  assert.deepEqual(codeOf(await desk.call('GET', '/api/v1/users/me', undefined, entered.token)), [401, 'token-required'])
  assert.deepEqual(codeOf(await desk.call('POST', '/api/v1/users/logout', undefined, ADMIN_TOKEN)), [404, 'token-unknown'])
})

test('the first account may do everything, the next only look, and nobody but an admin registers', async (t) => {
  const desk = await openDesk(t)
  assert.deepEqual(codeOf(await register(desk, ADA, null)), [401, 'token-required'])
  assert.deepEqual(codeOf(await register(desk, ADA, READ_TOKEN)), [403, 'scope-missing'])
  assert.deepEqual(json(await register(desk)).scopes, ['admin'])
  const bob = { email: 'bob@example.org', password: 'bob has a secret' }
  const byAda = json(await register(desk, bob, await tokenOf(desk)))
  assert.deepEqual([byAda.scopes, byAda.full_name, byAda.company], [['read'], null, null])
  const asBob = await tokenOf(desk, bob.email, bob.password)
  assert.deepEqual(codeOf(await register(desk, { ...bob, email: 'c@example.org' }, asBob)), [403, 'scope-missing'])
  const operator = await register(desk, { ...bob, email: 'd@example.org', scopes: ['metrics', 'operate'] })
  assert.deepEqual(json(operator).scopes, ['operate', 'metrics'])
})

test('open registration: without a token one may look, no more, and one address makes a few a minute', async (t) => {
  const desk = await openDesk(t, { openRegistration: true })
  const stranger = (n: number) => ({ email: `s${n}@example.org`, password: 'a password' })
  const first = await register(desk, stranger(0), null)
  assert.deepEqual([first.status, json(first).scopes], [201, ['read']])
  assert.deepEqual(codeOf(await register(desk, { ...stranger(1), scopes: ['admin'] }, null)), [403, 'scope-missing'])
  assert.deepEqual(codeOf(await register(desk, stranger(1), 'x0t_wrong')), [401, 'token-required'])
  for (const n of [2, 3, 4]) assert.equal((await register(desk, stranger(n), null)).status, 201)
  const over = await register(desk, stranger(5), null)
  assert.deepEqual([...codeOf(over), over.headers['retry-after']], [429, 'rate-limited', '12'])
  // whom a stranger came before is the first admin all the same
  assert.deepEqual(json(await register(desk, ADA, ADMIN_TOKEN)).scopes, ['admin'])
  desk.server.configure({ ...SETTINGS, openRegistration: false })
  assert.deepEqual(codeOf(await register(desk, stranger(6), null)), [401, 'token-required'])
})

test('one address makes one account, however it is written', async (t) => {
  const desk = await openDesk(t)
  await register(desk)
  for (const email of ['ada@example.org', 'ADA@EXAMPLE.ORG', 'ａｄａ@example.org', 'ada@ｅxample.org']) {
    assert.deepEqual(codeOf(await register(desk, { ...ADA, email })), [409, 'account-exists'], email)
    assert.equal((await login(desk, email)).status, 200, email)
  }
  const asked = Array.from({ length: 4 }, () => register(desk, { ...ADA, email: 'twice@example.org' }))
  assert.deepEqual((await Promise.all(asked)).map(({ status }) => status).sort(), [201, 409, 409, 409])
})

test('422 names every field that is wrong, and no value', async (t) => {
  const desk = await openDesk(t)
  const wrong = (body: unknown) => register(desk, body)
  const all = await wrong({ email: 'nobody', password: 'short-1', full_name: 5, company: 'a\nb', scopes: ['root'], extra: 1 })
  assert.deepEqual(codeOf(all), [422, 'fields-invalid'])
  assert.deepEqual(
    json(all).errors.map(({ field }: { field: string }) => field),
    ['email', 'password', 'full_name', 'company', 'scopes', 'extra'],
  )
  assert.equal(all.text.includes('short-1'), false)
  const fields = async (body: unknown) => json(await wrong(body)).errors.map(({ field }: { field: string }) => field)
  assert.deepEqual(await fields({}), ['email', 'password'])
  assert.deepEqual(await fields([]), ['', 'email', 'password'])
  assert.deepEqual(await fields('null'), ['', 'email', 'password'])
  assert.deepEqual(await fields({ ...ADA, password: 'é'.repeat(129) }), ['password'])
  assert.deepEqual(await fields('{"email":"a@b.c","password":"\\ud800 lone surrogate"}'), ['password'])
  assert.equal((await wrong({ ...ADA, password: '😀'.repeat(128) })).status, 201)
  const changes = await desk.call('POST', '/api/v1/users/login', { email: ADA.email }, undefined)
  assert.deepEqual(codeOf(changes), [422, 'fields-invalid'])
})

test('what the schema of a registration refuses is answered 422', async (t) => {
  const desk = await openDesk(t)
  const good = { email: 'x@example.org', password: 'long enough' }
  const bodies: unknown[] = [
    { ...good, email: null },
    { ...good, password: 12345678 },
    { ...good, company: {} },
    { ...good, scopes: [] },
    { ...good, scopes: 'read' },
    { ...good, scopes: ['read', 'operate', 'admin', 'metrics', 'read'] },
    { ...good, admin: true },
    { email: good.email },
    'a text',
    [good],
  ]
  for (const body of bodies) {
    assert.equal(Check(RegisterRequest, body), false)
    assert.equal((await register(desk, JSON.stringify(body))).status, 422, JSON.stringify(body))
  }
  assert.equal(Check(RegisterRequest, { ...good, company: null }), true)
  assert.equal((await register(desk, { ...good, company: null })).status, 201)
})

test('a body that is too large, no JSON, no UTF-8 or of another type is refused before it is looked at', async (t) => {
  const desk = await openDesk(t)
  const path = '/api/v1/users/login'
  const send = (body: Buffer | string, headers = {}) => ask(desk.url, path, { method: 'POST', body, headers })
  assert.deepEqual(codeOf(await send(`{"email":"a@b.c","password":"${'x'.repeat(70_000)}"}`)), [413, 'body-too-large'])
  assert.deepEqual(codeOf(await send('{"email":')), [400, 'body-malformed'])
  const latin1 = Buffer.from('{"email":"a@b.c","password":"pass\xe9word"}', 'latin1')
  assert.deepEqual(codeOf(await send(latin1)), [400, 'body-malformed'])
  assert.deepEqual(codeOf(await send(latin1, { 'transfer-encoding': 'chunked' })), [400, 'body-malformed'])
  const proto = '{"email":"a@b.c","password":"12345678","__proto__":{"scopes":["admin"]}}'
  assert.deepEqual(codeOf(await send(proto)), [400, 'body-malformed'])
  assert.deepEqual(codeOf(await send('email=a', { 'content-type': 'text/plain' })), [415, 'body-type-unsupported'])
})

test('a wrong password and an unknown address get the same answer, and after a few nobody is looked at', async (t) => {
  const desk = await openDesk(t)
  await register(desk)
  const from = (localAddress: string, email: string, password: string) => login(desk, email, password, { localAddress })
  const comparable = ({ status, text, headers }: Answer) => [status, text.replace(/req-\w+/, ''), headers['www-authenticate']]
  const wrong = await from('127.0.0.2', ADA.email, 'wrong password')
  assert.deepEqual(codeOf(wrong), [401, 'login-failed'])
  assert.deepEqual(comparable(await from('127.0.0.2', 'nobody@example.org', 'wrong password')), comparable(wrong))
  for (let n = 2; n < LOGIN_FAILURES_PER_MINUTE; n += 1)
    assert.equal((await from('127.0.0.2', ADA.email, `wrong ${n}`)).status, 401)
  const locked = await from('127.0.0.2', ADA.email, ADA.password)
  assert.deepEqual([...codeOf(locked), locked.headers['retry-after']], [429, 'login-limited', '12'])
  assert.deepEqual(comparable(await from('127.0.0.2', 'nobody@example.org', 'x')), comparable(locked))
  assert.equal((await from('127.0.0.3', ADA.email, ADA.password)).status, 200)
  desk.manual.ms += 12_000
  assert.equal((await from('127.0.0.2', ADA.email, ADA.password)).status, 200)
})

test('a thousand guesses from one address: five are looked at', async (t) => {
  const desk = await openDesk(t)
  await register(desk)
  const answers = new Map<number, number>()
  for (let round = 0; round < 50; round += 1) {
    const guesses = Array.from({ length: 20 }, (_, n) =>
      login(desk, ADA.email, `guess ${round} ${n}`, { localAddress: '127.0.0.2' }),
    )
    for (const { status } of await Promise.all(guesses)) answers.set(status, (answers.get(status) ?? 0) + 1)
  }
  assert.deepEqual(Object.fromEntries(answers), { 401: 5, 429: 995 })
  assert.ok(desk.reported.filter(({ type }) => type === 'login.locked').length <= 10, 'told sparingly')
  const metrics = await desk.node.metrics.text()
  assert.match(metrics, /x0_logins_total\{result="failed"\} 5\n/)
  assert.match(metrics, /x0_logins_total\{result="limited"\} 995\n/)
})

test('guesses from everywhere at one account: a few a minute in all, and the owner gets in from where he was', async (t) => {
  const desk = await openDesk(t)
  await register(desk)
  const at = (address: string, password: string) => login(desk, ADA.email, password, { localAddress: address })
  assert.equal((await at('127.0.0.9', ADA.password)).status, 200)
  const seen: number[] = []
  for (let n = 0; n < 100; n += 1) seen.push((await at(`127.0.1.${n + 1}`, `guess ${n}`)).status)
  assert.deepEqual(seen, [...Array(ACCOUNT_FAILURES.burst).fill(401), ...Array(100 - ACCOUNT_FAILURES.burst).fill(429)])
  // another address waits, even with the right password, for half a minute; an address of the owner does not
  assert.equal((await at('127.0.0.8', ADA.password)).status, 429)
  assert.equal((await at('127.0.0.9', ADA.password)).status, 200)
  desk.manual.ms += 30_000
  assert.equal((await at('127.0.0.8', ADA.password)).status, 200)
})

test('an expired token says so and locks nobody out; the token of a deleted account is nothing', async (t) => {
  const desk = await openDesk(t)
  const { id } = json(await register(desk))
  const token = await tokenOf(desk)
  const removed = await tokenOf(desk)
  assert.equal(json(await desk.call('DELETE', `/api/v1/users/${id}`, undefined, ADMIN_TOKEN)).tokens_revoked, 2)
  assert.deepEqual(codeOf(await desk.call('GET', '/api/v1/users/me', undefined, removed)), [401, 'token-required'])
  assert.deepEqual(codeOf(await login(desk)), [401, 'login-failed'])
  assert.notEqual(token, removed)

  await register(desk)
  const old = await tokenOf(desk)
  desk.manual.ms += LOGIN_LIFETIME_MS - 1
  assert.equal((await desk.call('GET', '/api/v1/users/me', undefined, old)).status, 200)
  desk.manual.ms += 1
  for (let n = 0; n < 20; n += 1) {
    const answer = await desk.call('GET', '/api/v1/users/me', undefined, old)
    assert.deepEqual(
      [...codeOf(answer), problemOf(answer).detail],
      [401, 'token-required', 'the token has expired: log in again, or have another one made'],
    )
  }
  assert.equal((await desk.call('GET', '/api/v1/users/me', undefined, await tokenOf(desk))).status, 200)
})

test('tokens for programs: no more scopes than one has, shown once, listed without the secret, revoked at once', async (t) => {
  const desk = await openDesk(t)
  await register(desk, { ...ADA, scopes: ['operate'] })
  const own = await tokenOf(desk)
  const create = (body: unknown, token: string) => desk.call('POST', '/api/v1/tokens', body, token)
  assert.deepEqual(codeOf(await create({ name: 'too much', scopes: ['admin'] }, own)), [403, 'scope-missing'])
  assert.deepEqual(codeOf(await create({ name: 'no metrics', scopes: ['metrics'] }, own)), [403, 'scope-missing'])
  assert.deepEqual(codeOf(await create({ name: '', expires_in: 59 }, own)), [422, 'fields-invalid'])
  assert.deepEqual(codeOf(await create({ name: 'x', expires_in: 365 * 86_400 + 1 }, own)), [422, 'fields-invalid'])
  const made = json(await create({ name: 'dashboard', expires_in: 3600 }, own))
  assert.match(made.token, /^x0t_[A-Za-z0-9_-]{43}$/)
  assert.deepEqual([made.scopes, Date.parse(made.expires_at)], [['read'], desk.manual.now() + HOUR_MS])

  assert.equal((await desk.call('GET', '/mesh/status', undefined, made.token)).status, 200)
  assert.deepEqual(codeOf(await desk.call('POST', '/mesh/ping', { peer: 'p' }, made.token)), [403, 'scope-missing'])
  assert.deepEqual(codeOf(await desk.call('GET', '/api/v1/users', undefined, made.token)), [403, 'scope-missing'])
  // with a token for programs nobody gets one that lasts longer, or does more
  const heir = json(await create({ name: 'heir', expires_in: 86_400 }, made.token))
  assert.equal(heir.expires_at, made.expires_at)
  assert.deepEqual(codeOf(await create({ name: 'more', scopes: ['operate'] }, made.token)), [403, 'scope-missing'])

  const listed = await desk.call('GET', '/api/v1/tokens', undefined, own)
  assert.equal(listed.text.includes(made.token) || /"(digest|password|hash)"/.test(listed.text), false)
  const shown = json(listed).tokens.map(({ kind, name, last_used_at }: Record<string, string>) => [
    kind,
    name,
    last_used_at !== null,
  ])
  assert.deepEqual(shown, [
    ['login', 'login', true],
    ['api', 'dashboard', true],
    ['api', 'heir', false],
  ])
  const ownLogin = json(listed).tokens[0].id
  assert.deepEqual(codeOf(await desk.call('DELETE', `/api/v1/tokens/${ownLogin}`, undefined, made.token)), [403, 'scope-missing'])
  assert.equal((await desk.call('DELETE', `/api/v1/tokens/${made.id}`, undefined, own)).status, 200)
  assert.equal((await desk.call('GET', '/mesh/status', undefined, made.token)).status, 401)
  assert.deepEqual(codeOf(await desk.call('DELETE', `/api/v1/tokens/${made.id}`, undefined, own)), [404, 'token-unknown'])
})

test("the operator has tokens without an account; an admin sees and ends everybody's, others only their own", async (t) => {
  const socketPath = join(await temporaryFolder(t), 'x0.sock')
  const desk = await openDesk(t, { socketPath })
  const over = (method: string, path: string, body?: unknown) => desk.call(method, path, body, undefined, { socketPath })
  assert.equal((await over('POST', '/api/v1/users/register', { ...ADA, scopes: ['read'] })).status, 201)
  const made = json(await over('POST', '/api/v1/tokens', { name: 'prometheus', scopes: ['metrics', 'read'], expires_in: 86_400 }))
  assert.deepEqual([made.owner, made.scopes], [null, ['read', 'metrics']])
  assert.deepEqual(codeOf(await desk.call('GET', '/api/v1/users/me', undefined, made.token)), [404, 'account-unknown'])
  const ada = await tokenOf(desk)
  assert.deepEqual(codeOf(await desk.call('DELETE', `/api/v1/tokens/${made.id}`, undefined, ada)), [404, 'token-unknown'])
  assert.deepEqual(codeOf(await desk.call('GET', '/api/v1/tokens?all=true', undefined, ada)), [403, 'scope-missing'])
  assert.equal(json(await desk.call('GET', '/api/v1/tokens', undefined, ada)).tokens.length, 1)
  const all = json(await over('GET', '/api/v1/tokens?all=true')).tokens
  assert.equal(all.length, 2)
  for (const { id } of all) assert.equal((await over('DELETE', `/api/v1/tokens/${id}`)).status, 200)
  assert.equal((await desk.call('GET', '/mesh/self', undefined, ada)).status, 401)
})

test('scopes that are taken away are gone from tokens at once; a new password ends all the others', async (t) => {
  const desk = await openDesk(t)
  const { id } = json(await register(desk))
  const [one, two] = [await tokenOf(desk), await tokenOf(desk)]
  const put = (path: string, body: unknown, token: string) => desk.call('PUT', path, body, token)
  assert.equal((await put(`/api/v1/users/${id}/scopes`, { scopes: ['read'] }, ADMIN_TOKEN)).status, 200)
  assert.deepEqual(codeOf(await desk.call('GET', '/api/v1/users', undefined, one)), [403, 'scope-missing'])
  assert.equal((await desk.call('GET', '/mesh/self', undefined, one)).status, 200)

  const change = (old_password: string, new_password: string) =>
    put('/api/v1/users/me/password', { old_password, new_password }, one)
  assert.deepEqual(codeOf(await change('not the old one', 'another horse')), [401, 'login-failed'])
  assert.deepEqual(codeOf(await change(ADA.password, 'short')), [422, 'fields-invalid'])
  assert.equal((await change(ADA.password, 'another horse')).status, 200)
  assert.equal((await desk.call('GET', '/api/v1/users/me', undefined, one)).status, 200)
  assert.equal((await desk.call('GET', '/api/v1/users/me', undefined, two)).status, 401)
  assert.deepEqual(codeOf(await login(desk)), [401, 'login-failed'])
  assert.equal((await put(`/api/v1/users/${id}/password`, { new_password: 'reset by admin' }, ADMIN_TOKEN)).status, 200)
  assert.equal((await desk.call('GET', '/api/v1/users/me', undefined, one)).status, 401)
  assert.equal((await login(desk, ADA.email, 'reset by admin')).status, 200)
  assert.deepEqual(codeOf(await put('/api/v1/users/usr_0/scopes', { scopes: ['read'] }, ADMIN_TOKEN)), [404, 'account-unknown'])
})

test('old passwords are guessed no faster where a password is changed', async (t) => {
  const desk = await openDesk(t)
  await register(desk)
  const token = await tokenOf(desk)
  const guess = () => desk.call('PUT', '/api/v1/users/me/password', { old_password: 'a guess', new_password: 'a new one' }, token)
  for (let n = 0; n < LOGIN_FAILURES_PER_MINUTE; n += 1) assert.equal((await guess()).status, 401)
  assert.deepEqual(codeOf(await guess()), [429, 'login-limited'])
})

test('a web page of another site can neither log in nor register, were registration open', async (t) => {
  const desk = await openDesk(t, { openRegistration: true })
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    for (const path of ['/api/v1/users/login', '/api/v1/users/register']) {
      const { email, password } = ADA
      assert.deepEqual(codeOf(await desk.call('POST', path, { email, password }, undefined, { headers })), [
        403,
        'origin-refused',
      ])
    }
  }
})

test('no password, token or hash of one is logged, reported, counted or listed; events name ids', async (t) => {
  const desk = await openDesk(t)
  const secret = randomBytes(12).toString('hex')
  const { id } = json(await register(desk, { ...ADA, password: secret }))
  const entered = json(await login(desk, ADA.email, secret))
  await login(desk, ADA.email, `${secret} but wrong`)
  await login(desk, 'nobody@example.org', secret)
  await desk.call('POST', '/api/v1/users/login', { email: secret, password: [secret] })
  await desk.call('PUT', '/api/v1/users/me/password', { old_password: secret, new_password: secret }, entered.token)
  const made = json(await desk.call('POST', '/api/v1/tokens', { name: 'a script' }, entered.token))
  await desk.call('DELETE', `/api/v1/users/${id}`, undefined, ADMIN_TOKEN)
  const written = [
    ...desk.lines,
    JSON.stringify(desk.reported),
    JSON.stringify(desk.node.events.since(0)),
    await desk.node.metrics.text(),
  ].join('\n')
  assert.deepEqual(
    desk.reported.map(({ type }) => type),
    ['account.registered', 'login.failed', 'login.failed', 'account.deleted'],
  )
  assert.deepEqual(desk.reported[1]?.data, { account: id, address: '127.0.0.1', times: 1 })
  assert.equal(desk.reported[2]?.data.account, 'unknown')
  for (const hidden of [secret, entered.token, made.token, 'example.org', 'Example.org']) {
    assert.equal(written.includes(hidden), false, hidden)
  }
})

test('where passwords wait in line, or the store fails, the answer says so, and it was no guess', async (t) => {
  let error: Error = new AccountError('hashing-busy', 'too many wait')
  const accounts = { ...fakeAccounts(), login: () => Promise.reject(error) }
  const port = await openPort(t, { accounts })
  const enter = () => ask(port.url, '/api/v1/users/login', { method: 'POST', body: '{"email":"ada@example.org","password":"x"}' })
  for (let n = 0; n < 2 * LOGIN_FAILURES_PER_MINUTE; n += 1) {
    const answer = await enter()
    assert.deepEqual([...codeOf(answer), answer.headers['retry-after']], [503, 'busy', '3'])
  }
  error = new StoreError('closed', 'no writes: /secret/path')
  for (let n = 0; n < 2 * LOGIN_FAILURES_PER_MINUTE; n += 1) assert.deepEqual(codeOf(await enter()), [503, 'not-ready'])
  assert.match(await port.node.metrics.text(), /x0_logins_total\{result="busy"\} 10\n/)
  assert.equal((await enter()).text.includes('/secret/path'), false)
  assert.ok(
    port.lines.some((line) => line.includes('/secret/path')),
    'the log has the cause',
  )
})

test('every route asks tokens of accounts for its scope, and lets by who has it', async (t) => {
  const { accounts } = await openAccounts(t)
  const port = await openPort(t, { accounts, settings: { openMetrics: false } })
  const { id } = await accounts.register(
    { ...ADA, fullName: null, company: null, scopes: ['admin'] },
    { name: 'o', isAdmin: true },
  )
  const caller = { name: id, account: id, scopes: ['admin'] } as const
  for (const scope of SCOPES) {
    const { text: token } = await accounts.createToken(caller, { name: scope, scopes: [scope], lifetimeMs: HOUR_MS })
    for (const { method, path, access, endless } of ROUTES) {
      const needed = access === 'metrics-unless-open' ? 'metrics' : access === 'admin-unless-open' ? 'admin' : access
      if (!SCOPES.some((one) => one === needed) || endless === true) continue
      const { status } = await ask(port.url, path.replace(':id', 'usr_0'), { method, token })
      assert.equal(status === 403, !covers([scope], needed as Scope), `${scope}: ${method} ${path} ${status}`)
      assert.notEqual(status, 401)
    }
  }
})
