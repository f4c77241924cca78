import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { BODY_LIMIT_BYTES, MAX_OPERATIONS } from '../../src/admin/limits.ts'
import { NodeFault } from '../../src/admin/node-view.ts'
import { ADMIN_TOKEN, ask, openPort, problemOf, READ_TOKEN, rawConnection } from './open-port.ts'

const post = (body: string, headers: Record<string, string> = {}) => ({ method: 'POST', token: ADMIN_TOKEN, body, headers })

test('bodies that do not fit are refused with their own code, and never reach the node', async (t) => {
  const { url, node, lines } = await openPort(t)
  const cases: [string, number, string, Record<string, string>?][] = [
    ['{"peer":', 400, 'body-malformed'],
    ['', 400, 'body-malformed', { 'content-type': 'application/json' }],
    ['{"__proto__":{"x":1},"peer":"p"}', 400, 'body-malformed'],
    ['"text"', 400, 'request-invalid'],
    ['null', 400, 'request-invalid'],
    ['[]', 400, 'request-invalid'],
    ['{}', 400, 'request-invalid'],
    ['{"peer":17}', 400, 'request-invalid'],
    ['{"peer":""}', 400, 'request-invalid'],
    [`{"peer":"${'p'.repeat(1_025)}"}`, 400, 'request-invalid'],
    ['{"peer":"p","surprise":true}', 400, 'request-invalid'],
    ['peer=p', 415, 'body-type-unsupported', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['{"peer":"p"}', 415, 'body-type-unsupported', { 'content-type': 'text/plain' }],
    [`{"peer":"${'p'.repeat(BODY_LIMIT_BYTES)}"}`, 413, 'body-too-large'],
  ]
  for (const [body, status, code, headers] of cases) {
    const answer = await ask(url, '/security/handshake', post(body, headers))
    assert.deepEqual([answer.status, problemOf(answer).code], [status, code], body.slice(0, 40))
    assert.equal(answer.headers['content-type'], 'application/problem+json')
  }
  assert.deepEqual(node.handshakes, [])
  assert.equal(
    lines.some((line) => line.startsWith('["error"')),
    false,
  )
  assert.match(problemOf(await ask(url, '/security/handshake', post('{"peer":"p","surprise":true}'))).detail, /surprise/)
})

test('a chunked body past the limit is refused too, and the node lives', async (t) => {
  const { url } = await openPort(t)
  const chunk = 'x'.repeat(8 * 1024)
  const status = await new Promise<number | undefined>((resolve) => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
    const sent = request(
      { agent: false, hostname: url.hostname, port: url.port, path: '/mesh/ping', method: 'POST', headers },
      (response) => {
        response.resume()
        resolve(response.statusCode)
      },
    )
    // The port may close the connection before all is sent.
    sent.on('error', () => undefined)
    for (let n = 0; n < 20; n += 1) sent.write(chunk)
    sent.end()
  })
  assert.equal(status, 413)
  assert.equal((await ask(url, '/health')).status, 200)
})

test('unknown routes are 404, known ones with another method 405 with Allow, targets that are no path 400', async (t) => {
  const { url } = await openPort(t)
  for (const path of [
    '/',
    '/nothing',
    '/mesh',
    '/mesh/status/',
    '/MESH/STATUS',
    '/../etc/passwd',
    '/docs/static/../../package.json',
  ]) {
    const answer = await ask(url, path, { token: ADMIN_TOKEN })
    assert.deepEqual([answer.status, problemOf(answer).code], [404, 'route-unknown'], path)
  }
  for (const method of ['DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
    const answer = await ask(url, '/log/level', { method, token: ADMIN_TOKEN })
    assert.deepEqual(
      [answer.status, problemOf(answer).code, answer.headers.allow],
      [405, 'method-unsupported', 'GET, HEAD, PUT'],
      method,
    )
  }
  assert.equal((await ask(url, '/v1/events', { method: 'HEAD', token: ADMIN_TOKEN })).headers.allow, 'GET')
  assert.deepEqual(problemOf(await ask(url, '/%zz')).code, 'request-malformed')
  const head = await ask(url, '/mesh/peers', { method: 'HEAD', token: READ_TOKEN })
  assert.deepEqual([head.status, head.text], [200, ''])
})

test('what is no HTTP, and headers without end, are answered and closed', async (t) => {
  const { url } = await openPort(t)
  const garbage = rawConnection(t, url)
  garbage.socket.write('\x16\x03\x01\x02\x00\x01 not http\r\n\r\n')
  assert.match(await garbage.said, /^HTTP\/1\.1 400 [\s\S]*"code":"request-malformed"/)
  const long = rawConnection(t, url)
  long.socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`)
  assert.match(await long.said, /^HTTP\/1\.1 431 [\s\S]*"code":"headers-too-large"/)
  const smuggled = rawConnection(t, url)
  smuggled.socket.write(
    'POST /mesh/ping HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  )
  assert.match(await smuggled.said, /^HTTP\/1\.1 400 /)
  assert.equal((await ask(url, '/health')).status, 200)
})

test('slow headers and a slow body are cut off with 408', async (t) => {
  const { url, node } = await openPort(t, { times: { headersMs: 100, requestMs: 200, timeoutCheckMs: 20 } })
  const headers = rawConnection(t, url)
  headers.socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n')
  const body = rawConnection(t, url)
  body.socket.write(
    `POST /security/handshake HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"pe`,
  )
  assert.match(await headers.said, /^HTTP\/1\.1 408 [\s\S]*"code":"request-timeout"/)
  assert.match(await body.said, /^HTTP\/1\.1 408 /)
  assert.deepEqual(node.handshakes, [])
})

test('connections past the cap are dropped and counted; when some close there is room again', async (t) => {
  const { url, node } = await openPort(t, { maxConnections: 3 })
  const held = Array.from({ length: 3 }, () => rawConnection(t, url))
  await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))))
  const surplus = rawConnection(t, url)
  assert.equal(await surplus.said, '')
  assert.match(await node.metrics.text(), /x0_http_refused_total\{reason="connections"\} [1-9]/)
  for (const { socket, said } of held) {
    socket.end()
    await said
  }
  assert.equal((await ask(url, '/health')).status, 200)
})

test('faults of the node become problems with their code; an unforeseen one says nothing of the inside', async (t) => {
  const { url, node, lines } = await openPort(t)
  const unknown = await ask(url, '/security/handshake', post('{"peer":"nobody"}'))
  assert.deepEqual(problemOf(unknown), {
    status: 404,
    code: 'peer-unknown',
    detail: 'no peer is called nobody',
    type: 'urn:x0:problem:peer-unknown',
  })
  const failed = await ask(url, '/security/handshake', post('{"peer":"boom"}'))
  assert.deepEqual([failed.status, problemOf(failed).code], [500, 'internal-error'])
  assert.equal(failed.text.includes('secret-internal-detail'), false)
  const line = lines.find((entry) => entry.startsWith('["error"'))
  assert.match(String(line), /secret-internal-detail/)
  assert.ok(String(line).includes(JSON.parse(failed.text).instance.replace('urn:x0:request:', '')))
  assert.deepEqual(node.handshakes, ['nobody', 'boom'])
})

test('an operation ends with its caller, with its time and with the port; more than the cap are refused', async (t) => {
  const { url, node, server } = await openPort(t, { times: { operationMs: 150, drainMs: 50 } })
  const gate = Promise.withResolvers<void>()
  node.pingGate = gate.promise
  const hangUp = rawConnection(t, url)
  hangUp.socket.write(
    `POST /mesh/ping HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"peer":"p"}`,
  )
  const signal = await until(() => node.pingSignals[0])
  hangUp.socket.destroy()
  await until(() => signal.aborted || undefined)
  gate.resolve()

  node.ping = async (_request, aborted) => {
    await new Promise((resolve) => aborted.addEventListener('abort', resolve))
    throw new NodeFault('unreachable', 'aborted', { cause: aborted.reason })
  }
  const late = await ask(url, '/mesh/ping', post('{"peer":"p"}'))
  assert.deepEqual([late.status, problemOf(late).code], [504, 'timeout'])

  const running = Array.from({ length: MAX_OPERATIONS + 1 }, () => ask(url, '/mesh/ping', post('{"peer":"p"}')))
  const first = await Promise.race(running)
  assert.deepEqual([first.status, problemOf(first).code, first.headers['retry-after']], [503, 'busy', '1'])
  const closed = server.close()
  const codes = (await Promise.all(running)).map((answer) => problemOf(answer).code)
  assert.equal(codes.filter((code) => code === 'not-ready').length, MAX_OPERATIONS)
  await closed
})

/** The first value that is not undefined, asked for at each turn of the event loop. */
async function until<T>(value: () => T | undefined): Promise<T> {
  for (;;) {
    const found = value()
    if (found !== undefined) return found
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('10,000 requests in a burst: each answered 200 or 429, within the allowance, and the port goes on', async (t) => {
  const burst = 2_000
  const requestsPerSecond = 100
  const { url, node } = await openPort(t, { settings: { burst, requestsPerSecond } })
  const began = performance.now()
  const connections = 40
  const one = `GET /mesh/self HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${READ_TOKEN}\r\n`
  const pipelined = `${`${one}\r\n`.repeat(10_000 / connections - 1)}${one}Connection: close\r\n\r\n`
  const counts = new Map<string, number>()
  const worker = async () => {
    const { socket, said } = rawConnection(t, url)
    socket.write(pipelined)
    for (const [, status = ''] of (await said).matchAll(/HTTP\/1\.1 (\d{3}) /g)) counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - began) / 1_000
  assert.deepEqual([...counts.keys()].sort(), ['200', '429'])
  const served = counts.get('200') ?? 0
  assert.ok(served >= burst && served <= burst + (seconds + 1) * requestsPerSecond, `${served} served in ${seconds} s`)
  assert.equal(served + (counts.get('429') ?? 0), 10_000)
  assert.match(await node.metrics.text(), new RegExp(`x0_http_refused_total\\{reason="rate"\\} ${10_000 - served}\n`))
  assert.equal((await ask(url, '/health', { localAddress: '127.0.0.6' })).status, 200)
})

test('answers carry the headers that keep browsers from harm', async (t) => {
  const { url } = await openPort(t)
  for (const path of ['/health', '/nothing', '/docs/']) {
    const { headers } = await ask(url, path)
    assert.match(String(headers['content-security-policy']), /^default-src 'none';/)
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|https?:|\*/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
    assert.match(String(headers['x-frame-options']), /SAMEORIGIN|DENY/)
    assert.equal(headers['strict-transport-security'], undefined)
    assert.equal(headers.server, undefined)
    assert.equal(headers['x-powered-by'], undefined)
  }
})
