import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { Check } from 'typebox/value'
import { RegisterRequest } from '../../src/admin/accounts-documents.ts'
import { ACCOUNT_FAILURES, LOGIN_FAILURES_PER_MINUTE } from '../../src/admin/limits.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { AccountError } from '../../src/trust/accounts/account-error.ts'
import { LOGIN_LIFETIME_MS } from '../../src/trust/accounts/limits.ts'
import { ADA, codeOf, json, login, openDesk, register, tokenOf } from './account-desk.ts'
import { fakeAccounts } from './fake-accounts.ts'
import { ADMIN_TOKEN, type Answer, ask, openPort, READ_TOKEN, SETTINGS } from './open-port.ts'

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
