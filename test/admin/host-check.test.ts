import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostAllowed } from '../../src/admin/host-check.ts'
import { ask, openPort, problemOf, rawConnection } from './open-port.ts'

test("this machine's names pass, with and without a port and in any case", () => {
  for (const name of ['127.0.0.1', '127.0.0.1:9690', 'localhost', 'LocalHost:1', '[::1]', '[::1]:9690']) {
    assert.equal(hostAllowed(name, '127.0.0.1', []), true, name)
  }
  assert.equal(hostAllowed('10.1.2.3:9690', '10.1.2.3', []), true)
  assert.equal(hostAllowed('10.1.2.3', '::ffff:10.1.2.3', []), true)
  assert.equal(hostAllowed('[FD00::1]:9690', 'fd00::1', []), true)
  assert.equal(hostAllowed('node.example.org:9690', '10.1.2.3', ['Node.example.org']), true)
})

test('any other name is refused: rebinding names, near misses, addresses of elsewhere, nonsense', () => {
  const foreign = [
    'evil.example',
    '127.0.0.1.nip.io',
    'localhost.evil.example',
    'evil-localhost',
    '127.0.0.1@evil.example',
    '10.9.9.9',
    '127.0.0.1:99999999',
  ]
  for (const name of [...foreign, 'localhost/', 'localhost localhost', '', '[::1', '::1', '0.0.0.0', undefined]) {
    assert.equal(hostAllowed(name, '127.0.0.1', ['other.example']), false, String(name))
  }
})

test('the port answers 421 to a foreign Host on every route, open ones and unknown ones too', async (t) => {
  const { url, node } = await openPort(t)
  for (const path of ['/health', '/metrics', '/mesh/self', '/docs', '/nothing']) {
    const answer = await ask(url, path, { headers: { host: 'rebound.example:80' } })
    assert.equal(answer.status, 421, path)
    assert.equal(problemOf(answer).code, 'host-refused')
  }
  assert.match(await node.metrics.text(), /x0_http_refused_total\{reason="host"\} 5/)
  assert.equal((await ask(url, '/health', { headers: { host: 'localhost' } })).status, 200)
})

test('a request without Host is refused, in HTTP/1.1 and HTTP/1.0', async (t) => {
  const { url } = await openPort(t)
  for (const version of ['1.0', '1.1']) {
    const { socket, said } = rawConnection(t, url)
    socket.write(`GET /health HTTP/${version}\r\n\r\n`)
    assert.match(await said, /^HTTP\/1\.1 4(00|21) /)
  }
})

test('configured names are served, and a change applies to the next request', async (t) => {
  const { url, server } = await openPort(t, { settings: { allowedHosts: ['node.example'] } })
  const at = async () => (await ask(url, '/health', { headers: { host: 'node.example:9690' } })).status
  assert.equal(await at(), 200)
  server.configure({
    openMetrics: true,
    allowedHosts: [],
    allowedOrigins: [],
    requestsPerSecond: 100,
    burst: 100,
    openRegistration: false,
  })
  assert.equal(await at(), 421)
})
