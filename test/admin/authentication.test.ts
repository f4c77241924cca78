import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { Authenticator, oneToken, permits, presentedToken, type TokenVerifier } from '../../src/admin/authentication.ts'
import { TOKEN_FAILURES_PER_MINUTE } from '../../src/admin/limits.ts'
import { TokenBuckets } from '../../src/admin/token-buckets.ts'
import { SCOPES } from '../../src/trust/accounts/scope.ts'
import { ManualClock } from '../observe/manual-clock.ts'
import { ADMIN_TOKEN, ask, METRICS_TOKEN, openPort, type Port, problemOf, READ_TOKEN } from './open-port.ts'

const TOKEN = 'x0a_the-right-token'
const admin = { name: 'admin', scopes: ['admin'] } as const

function authenticator(verifiers: readonly TokenVerifier[] = [oneToken(TOKEN, admin)]) {
  const clock = new ManualClock()
  const failures = new TokenBuckets(clock, {
    perSecond: TOKEN_FAILURES_PER_MINUTE / 60,
    burst: TOKEN_FAILURES_PER_MINUTE,
    maxKeys: 100,
  })
  return {
    clock,
    decide: (token: string | undefined, client: string) => new Authenticator(verifiers, failures).decide(token, client),
  }
}

test('the token of a request: bearer first, then X-API-Key', () => {
  assert.equal(presentedToken({ authorization: 'Bearer abc' }), 'abc')
  assert.equal(presentedToken({ authorization: 'bearer  abc ' }), 'abc')
  assert.equal(presentedToken({ 'x-api-key': 'key' }), 'key')
  assert.equal(presentedToken({ authorization: 'Bearer abc', 'x-api-key': 'key' }), 'abc')
  assert.equal(presentedToken({}), undefined)
  // Another scheme is a token that nobody has, not a missing one.
  for (const authorization of ['Basic dXNlcjpwdw==', 'Bearer', 'Bearer a b', ''])
    assert.equal(presentedToken({ authorization, 'x-api-key': 'k' }), '')
})

test('only the very token is accepted: not a prefix, an extension, another case or an over-long one', async () => {
  assert.deepEqual(await authenticator().decide(TOKEN, 'a'), { ok: true, principal: admin })
  for (const wrong of [
    '',
    TOKEN.slice(0, -1),
    `${TOKEN}x`,
    TOKEN.toUpperCase(),
    `${TOKEN}${'x'.repeat(100_000)}`,
    'é'.repeat(10),
  ]) {
    assert.deepEqual(await authenticator().decide(wrong, 'a'), { ok: false, reason: 'unknown' })
  }
})

test('every verifier is asked for every token, and sees its digest only', async () => {
  const seen: Uint8Array[] = []
  const spy: TokenVerifier = {
    verify: async (digest) => {
      seen.push(digest)
      return undefined
    },
  }
  const { decide } = authenticator([oneToken(TOKEN, admin), spy])
  assert.equal((await decide(TOKEN, 'a')).ok, true)
  await decide('wrong', 'a')
  assert.deepEqual(
    seen.map(({ length }) => length),
    [32, 32],
  )
})

test('wrong tokens stop an address for a while; others, and missing tokens, do not pay for it', async () => {
  const { clock, decide } = authenticator()
  for (let n = 0; n < 100; n += 1) assert.deepEqual(await decide(undefined, 'a'), { ok: false, reason: 'missing' })
  for (let n = 0; n < TOKEN_FAILURES_PER_MINUTE; n += 1)
    assert.deepEqual(await decide(`wrong ${n}`, 'a'), { ok: false, reason: 'unknown' })
  const [wrong, right] = [await decide('wrong', 'a'), await decide(TOKEN, 'a')]
  assert.deepEqual(wrong, { ok: false, reason: 'limited', retryMs: 12_000 })
  assert.deepEqual(right, wrong)
  assert.equal((await decide(TOKEN, 'b')).ok, true)
  clock.ms += 12_000
  assert.equal((await decide(TOKEN, 'a')).ok, true)
})

test('a token that has expired is told apart and is no guess, whichever verifier knows it', async () => {
  const expired: TokenVerifier = { verify: () => 'expired' }
  const { decide } = authenticator([oneToken(TOKEN, admin), expired, { verify: () => undefined }])
  for (let n = 0; n < 2 * TOKEN_FAILURES_PER_MINUTE; n += 1) {
    assert.deepEqual(await decide(`old ${n}`, 'a'), { ok: false, reason: 'expired' })
  }
  const known = authenticator([oneToken(TOKEN, admin), { verify: () => undefined }])
  assert.equal((await known.decide(TOKEN, 'a')).ok, true)
})

test('scopes include what they must and nothing else', () => {
  const allows = Object.fromEntries(
    SCOPES.map((held) => [held, SCOPES.filter((needed) => permits({ name: '', scopes: [held] }, needed))]),
  )
  assert.deepEqual(allows, {
    read: ['read'],
    operate: ['read', 'operate'],
    admin: ['read', 'operate', 'admin', 'metrics'],
    metrics: ['metrics'],
  })
  assert.equal(permits({ name: '', scopes: [] }, 'read'), false)
})

async function status(port: Port, path: string, token?: string, method = 'GET', body?: string): Promise<number> {
  return (
    await ask(port.url, path, { method, ...(token === undefined ? {} : { token }), ...(body === undefined ? {} : { body }) })
  ).status
}

test('each route wants its scope', async (t) => {
  const port = await openPort(t, { settings: { openMetrics: false } })
  const ping = '{"peer":"p"}'
  assert.equal(await status(port, '/mesh/status'), 401)
  assert.equal(await status(port, '/mesh/status', READ_TOKEN), 200)
  assert.equal(await status(port, '/mesh/status', METRICS_TOKEN), 403)
  assert.equal(await status(port, '/metrics'), 401)
  assert.equal(await status(port, '/metrics', METRICS_TOKEN), 200)
  assert.equal(await status(port, '/metrics', READ_TOKEN), 403)
  assert.equal(await status(port, '/mesh/ping', READ_TOKEN, 'POST', ping), 403)
  assert.equal(await status(port, '/mesh/ping', ADMIN_TOKEN, 'POST', ping), 200)
  assert.equal(await status(port, '/log/level', READ_TOKEN), 200)
  assert.equal(await status(port, '/log/level', READ_TOKEN, 'PUT', '{"level":"debug"}'), 403)
  assert.equal(port.node.logLevel(), 'info')
  assert.equal(await status(port, '/log/level', ADMIN_TOKEN, 'PUT', '{"level":"debug"}'), 200)
  assert.equal(port.node.logLevel(), 'debug')
  assert.equal((await ask(port.url, '/mesh/self', { headers: { 'x-api-key': READ_TOKEN } })).status, 200)
})

test('/metrics is open on loopback where the config says so, and a HEAD needs what its GET needs', async (t) => {
  const port = await openPort(t)
  assert.equal(await status(port, '/metrics'), 200)
  assert.equal(await status(port, '/mesh/status', undefined, 'HEAD'), 401)
  assert.equal(await status(port, '/mesh/status', READ_TOKEN, 'HEAD'), 200)
})

test('a missing and a wrong token get the same answer; after a few wrong ones the address waits, another does not', async (t) => {
  const port = await openPort(t)
  const asked = (token: string | undefined, localAddress: string) =>
    ask(port.url, '/mesh/self', { localAddress, ...(token === undefined ? {} : { token }) })
  const comparable = ({ status: code, text, headers }: Awaited<ReturnType<typeof ask>>) => [
    code,
    text.replace(/request:[^"]*/, ''),
    headers['www-authenticate'],
    headers['content-length']?.length,
  ]
  const missing = await asked(undefined, '127.0.0.2')
  assert.deepEqual([missing.status, problemOf(missing).code], [401, 'token-required'])
  for (let n = 0; n < TOKEN_FAILURES_PER_MINUTE; n += 1) {
    assert.deepEqual(comparable(await asked(`x0a_${randomBytes(32).toString('base64url')}`, '127.0.0.2')), comparable(missing))
  }
  const limited = await asked('wrong', '127.0.0.2')
  assert.deepEqual([limited.status, problemOf(limited).code], [429, 'token-failures'])
  assert.ok(Number(limited.headers['retry-after']) >= 1)
  assert.equal((await asked(ADMIN_TOKEN, '127.0.0.2')).status, 429)
  assert.equal((await asked(ADMIN_TOKEN, '127.0.0.3')).status, 200)
  assert.equal((await ask(port.url, '/health', { localAddress: '127.0.0.2' })).status, 200)
  assert.deepEqual(await failures(port), { missing: 1, unknown: 5, expired: 0, scope: 0, limited: 2 })
  assert.equal(port.reported.length, TOKEN_FAILURES_PER_MINUTE)
  assert.deepEqual(port.reported[0], {
    type: 'auth.failed',
    level: 'warn',
    data: { reason: 'unknown', address: '127.0.0.2', method: 'GET', route: '/mesh/self' },
  })
})

async function failures(port: Port): Promise<Record<string, number>> {
  const lines = (await port.node.metrics.text()).matchAll(/x0_auth_failures_total\{reason="(\w+)"\} (\d+)/g)
  return Object.fromEntries([...lines].map(([, reason, value]) => [reason, Number(value)]))
}

test('nothing secret is logged or reported, whatever happens to a request', async (t: TestContext) => {
  const port = await openPort(t)
  const secret = `x0a_${randomBytes(32).toString('base64url')}`
  await ask(port.url, '/mesh/self', { token: secret })
  await ask(port.url, `/mesh/self?token=${secret}`, { headers: { 'x-api-key': secret } })
  await ask(port.url, `/nothing/${secret}`, { token: secret })
  await ask(port.url, '/security/handshake', {
    method: 'POST',
    token: ADMIN_TOKEN,
    body: `{"peer": "${secret}", "${secret}": 1}`,
  })
  await ask(port.url, '/security/handshake', { method: 'POST', token: ADMIN_TOKEN, body: '{"peer":"boom"}' })
  await ask(port.url, '/mesh/self', { token: READ_TOKEN })
  const written = [...port.lines, JSON.stringify(port.reported), JSON.stringify(port.node.events.since(0))].join('\n')
  assert.ok(port.lines.length >= 6, 'the requests were logged')
  for (const hidden of [secret, secret.slice(4, 20), ADMIN_TOKEN, READ_TOKEN]) {
    const at = written.indexOf(hidden)
    assert.equal(at, -1, `found in: ${written.slice(Math.max(0, at - 200), at + 100)}`)
  }
})
