import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROUTES } from '../../src/admin/route-table.ts'
import { LOGIN_LIFETIME_MS } from '../../src/trust/accounts/limits.ts'
import { covers, SCOPES, type Scope } from '../../src/trust/accounts/scope.ts'
import { openAccounts } from '../trust/accounts/open-accounts.ts'
import { ADA, codeOf, json, login, openDesk, register, tokenOf } from './account-desk.ts'
import { ADMIN_TOKEN, ask, openPort, problemOf, temporaryFolder } from './open-port.ts'

const HOUR_MS = 3_600_000

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
