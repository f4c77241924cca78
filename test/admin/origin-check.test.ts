import assert from 'node:assert/strict'
import { test } from 'node:test'
import { originAllowed } from '../../src/admin/origin-check.ts'
import { ADMIN_TOKEN, ask, openPort, problemOf } from './open-port.ts'

const base = { method: 'POST', scheme: 'http', host: '127.0.0.1:9690', origin: undefined, fetchSite: undefined } as const

test('a command line, which names no origin, and the own page may write', () => {
  assert.equal(originAllowed(base, []), true)
  assert.equal(originAllowed({ ...base, origin: 'http://127.0.0.1:9690', fetchSite: 'same-origin' }, []), true)
  assert.equal(originAllowed({ ...base, fetchSite: 'none' }, []), true)
})

test('other origins, opaque ones, other ports and other schemes may not', () => {
  for (const origin of [
    'https://evil.example',
    'null',
    'http://127.0.0.1:8080',
    'https://127.0.0.1:9690',
    'http://127.0.0.1:9690.evil.example',
    '',
  ]) {
    assert.equal(originAllowed({ ...base, origin }, []), false, origin)
  }
  for (const fetchSite of ['cross-site', 'same-site', 'nonsense'])
    assert.equal(originAllowed({ ...base, fetchSite }, []), false, fetchSite)
  for (const method of ['PUT', 'DELETE', 'PATCH', 'TRACE'])
    assert.equal(originAllowed({ ...base, method, fetchSite: 'cross-site' }, []), false)
})

test('an origin that is configured may, by its exact text', () => {
  const facts = { ...base, origin: 'https://panel.example', fetchSite: 'cross-site' }
  assert.equal(originAllowed(facts, ['https://panel.example']), true)
  assert.equal(originAllowed(facts, ['https://panel.example/', 'https://PANEL.example']), false)
})

test('the port refuses a cross-site write even with the right token, before it reads the body', async (t) => {
  const { url, node } = await openPort(t)
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }]) {
    const answer = await ask(url, '/security/handshake', { method: 'POST', token: ADMIN_TOKEN, headers, body: '{"peer":"p"}' })
    assert.deepEqual([answer.status, problemOf(answer).code], [403, 'origin-refused'])
  }
  assert.deepEqual(node.handshakes, [])
  const own = await ask(url, '/security/handshake', {
    method: 'POST',
    token: ADMIN_TOKEN,
    headers: { origin: url.origin },
    body: '{"peer":"p"}',
  })
  assert.equal(own.status, 200)
})

test('no CORS header appears unless the exact origin is configured; then reads and preflights work', async (t) => {
  const { url, server } = await openPort(t)
  const headers = { origin: 'https://panel.example' }
  const preflight = { ...headers, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
  const closed = await ask(url, '/health', { headers })
  assert.equal(closed.headers['access-control-allow-origin'], undefined)
  const refused = await ask(url, '/security/handshake', { method: 'OPTIONS', headers: preflight })
  assert.equal(refused.headers['access-control-allow-origin'], undefined)
  assert.equal(refused.status, 405)
  server.configure({
    openMetrics: true,
    allowedHosts: [],
    allowedOrigins: ['https://panel.example'],
    requestsPerSecond: 100,
    burst: 100,
    openRegistration: false,
  })
  const open = await ask(url, '/health', { headers })
  assert.equal(open.headers['access-control-allow-origin'], 'https://panel.example')
  assert.equal(open.headers.vary, 'Origin')
  const allowed = await ask(url, '/security/handshake', { method: 'OPTIONS', headers: preflight })
  assert.equal(allowed.status, 204)
  assert.match(String(allowed.headers['access-control-allow-headers']), /authorization/)
  assert.equal(
    (await ask(url, '/health', { headers: { origin: 'https://other.example' } })).headers['access-control-allow-origin'],
    undefined,
  )
})
