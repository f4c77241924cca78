import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Daemon, start } from './daemon.ts'

interface Reply {
  readonly status: number
  readonly type: string
  readonly body: string
}

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** The address to come from. */
  readonly from?: string
  readonly agent?: Agent
}

/** node:http and not fetch: that one sets Host and Origin as it pleases. */
async function ask(node: Daemon, asked: Asked): Promise<Reply> {
  const { method = 'GET', path = '/mesh/status', headers = {}, body, from = '127.0.0.1', agent } = asked
  assert.ok(node.api.admin !== null)
  const sent = request(new URL(node.api.admin), { method, path, headers, localAddress: from, agent })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const parts: Buffer[] = []
  for await (const part of answer) parts.push(part)
  return { status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', body: Buffer.concat(parts).toString() }
}

/** Bytes on a socket as they are. @returns what came back until the node hung up, and when */
async function say(node: Daemon, bytes: string): Promise<{ text: string; afterMs: number }> {
  assert.ok(node.api.admin !== null)
  const { hostname, port } = new URL(node.api.admin)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  const started = performance.now()
  let text = ''
  socket.setEncoding('utf8').on('data', (data: string) => {
    text += data
  })
  socket.write(bytes)
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve))
  return { text, afterMs: performance.now() - started }
}

const BURST = 10_000
const AT_ONCE = 64
/** A body may take 10 s, headers 5 s (admin/limits.ts). */
const SLOW_BODY_MS = 10_000
const SLOW_HEADERS_MS = 5_000
const SLACK_MS = 3_000

test('hostile requests at the admin port: each is refused for its reason, no secret is logged, peers stay up', async (t) => {
  const other = await start(t)
  const node = await start(t, { bootstrap: [other.line], flags: ['--log-level', 'trace'] })
  const { peer } = await node.peerThat(other.peerId, 'the two nodes are connected', ({ state }) => state === 'up/direct')
  const token = await tokenOf(node)
  const authorized = { authorization: `Bearer ${token}` }
  const json = { ...authorized, 'content-type': 'application/json' }
  const ping = { method: 'POST', path: '/mesh/ping' }
  const wrongToken = `x0_${randomBytes(32).toString('base64url')}`

  const cases: readonly [string, Asked, number, string][] = [
    ['a Host that is not ours', { headers: { ...authorized, host: 'evil.example' } }, 421, 'host-refused'],
    [
      'an Origin that is not ours',
      { ...ping, headers: { ...json, origin: 'https://evil.example' }, body: '{}' },
      403,
      'origin-refused',
    ],
    [
      'a request across sites',
      { ...ping, headers: { ...json, 'sec-fetch-site': 'cross-site' }, body: '{}' },
      403,
      'origin-refused',
    ],
    ['no token', {}, 401, 'token-required'],
    ['a token that is none of ours', { headers: { authorization: `Bearer ${wrongToken}` } }, 401, 'token-required'],
    ['a token in another scheme', { headers: { authorization: `Basic ${token}` } }, 401, 'token-required'],
    ['an oversize body', { ...ping, headers: json, body: Buffer.alloc(100_000, 0x20) }, 413, 'body-too-large'],
    ['malformed JSON', { ...ping, headers: json, body: '{"peer":' }, 400, 'body-malformed'],
    ['a prototype in JSON', { ...ping, headers: json, body: '{"peer":"x","__proto__":{"a":1}}' }, 400, 'body-malformed'],
    ['JSON that is no request', { ...ping, headers: json, body: '{"peer":1}' }, 400, 'request-invalid'],
    [
      'text in place of JSON',
      { ...ping, headers: { ...authorized, 'content-type': 'text/plain' }, body: 'x' },
      415,
      'body-type-unsupported',
    ],
    ['an unknown route', { path: '/../../etc/passwd', headers: authorized }, 404, 'route-unknown'],
    ['a method that the route lacks', { method: 'DELETE', headers: authorized }, 405, 'method-unsupported'],
  ]
  for (const [what, asked, status, code] of cases) {
    const reply = await ask(node, asked)
    assert.deepEqual([reply.status, JSON.parse(reply.body).code], [status, code], what)
    assert.match(reply.type, /^application\/problem\+json/, what)
  }
  assert.equal((await ask(node, { headers: authorized })).status, 200)

  const slow = Promise.all([
    say(
      node,
      `POST /mesh/ping HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`,
    ),
    say(node, 'GET /mesh/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: '),
    say(node, `GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(40_000)}\r\n\r\n`),
    say(node, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  ])
  await guessTokens(node, wrongToken)
  const statuses = await burst(node)
  t.diagnostic(`a burst of ${BURST}: ${JSON.stringify(statuses)}`)
  assert.deepEqual(Object.keys(statuses).sort(), ['200', '429'])
  assert.ok((statuses[429] ?? 0) > BURST / 2)
  // neither the burst nor the guesses have cost the operator anything
  assert.equal((await ask(node, { headers: authorized })).status, 200)

  const [body, headers, large, noHttp] = await slow
  assert.match(body.text, /^HTTP\/1\.1 408 /)
  assert.ok(body.afterMs < SLOW_BODY_MS + SLACK_MS, `${body.afterMs} ms`)
  assert.match(headers.text, /^HTTP\/1\.1 408 /)
  assert.ok(headers.afterMs < SLOW_HEADERS_MS + SLACK_MS, `${headers.afterMs} ms`)
  assert.match(large.text, /^HTTP\/1\.1 431 /)
  assert.match(noHttp.text, /^HTTP\/1\.1 400 /)

  for (const reason of ['host', 'origin', 'rate']) assert.ok((await node.metric('x0_http_refused_total', { reason })) > 0, reason)
  for (const reason of ['missing', 'unknown', 'limited'])
    assert.ok((await node.metric('x0_auth_failures_total', { reason })) > 0, reason)
  // the very connection from before
  assert.equal((await node.peer(other.peerId))?.connectedAt, peer.connectedAt)
  assert.equal((await other.peers())[0]?.state, 'up/direct')
  assert.equal(await node.end(), 0)
  for (const secret of [...(await secretsOf(node, token)), wrongToken])
    assert.ok(!(node.stdout() + node.stderr()).includes(secret), 'a secret is in the log')
})

async function tokenOf(node: Daemon): Promise<string> {
  assert.ok(node.api.tokenFile !== null)
  return (await readFile(node.api.tokenFile, 'utf8')).trim()
}

/** More wrong tokens than an address may try; from then on none of its tokens is looked at. */
async function guessTokens(node: Daemon, wrongToken: string): Promise<void> {
  const from = '127.0.0.9'
  const headers = { authorization: `Bearer ${wrongToken}` }
  const seen: number[] = []
  for (let count = 0; count < 8; count += 1) seen.push((await ask(node, { headers, from })).status)
  assert.deepEqual(seen, [401, 401, 401, 401, 401, 429, 429, 429])
  assert.equal((await ask(node, { headers: { authorization: `Bearer ${await tokenOf(node)}` }, from })).status, 429)
}

/** Many requests from one address as fast as they go. @returns how often each status came back */
async function burst(node: Daemon): Promise<Record<number, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, localAddress: '127.0.0.8' })
  const statuses: Record<number, number> = {}
  let left = BURST
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const { status } = await ask(node, { path: '/health', agent })
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  agent.destroy()
  return statuses
}

/** Every secret of a home in the forms in which a log could hold it: the token, and the seeds of both keys. */
async function secretsOf(node: Daemon, token: string): Promise<string[]> {
  const file = await readFile(join(node.home, 'keys', 'node.keys'), 'utf8')
  const [, written = ''] = /^keys: (\S+)$/m.exec(file) ?? []
  const seeds = Buffer.from(written, 'base64')
  assert.equal(seeds.length, 64)
  const secrets = [token, written]
  for (const seed of [seeds.subarray(0, 32), seeds.subarray(32)]) {
    // the last characters in base 64 depend on what follows
    for (const encoding of ['hex', 'base64', 'base64url'] as const) secrets.push(seed.toString(encoding).slice(0, 42))
    secrets.push(Array.from(seed.subarray(0, 8)).join(','))
  }
  return secrets
}
