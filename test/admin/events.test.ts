import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { Check } from 'typebox/value'
import { EventDocument } from '../../src/admin/documents.ts'
import { MAX_SUBSCRIBERS } from '../../src/observe/limits.ts'
import { ask, openPort, problemOf, READ_TOKEN, rawConnection } from './open-port.ts'

interface Sent {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: Record<string, unknown>
}

/** An open event stream: `take(n)` gives its next n events, `raw` all that came, comments included. */
class Stream {
  raw = ''
  readonly #response: IncomingMessage
  #blocks: Sent[] = []
  #rest = ''

  constructor(response: IncomingMessage) {
    this.#response = response
    response.setEncoding('utf8')
    response.on('data', (piece: string) => this.#read(piece))
    response.on('error', () => undefined)
  }

  get headers() {
    return this.#response.headers
  }

  async take(count: number): Promise<Sent[]> {
    while (this.#blocks.length < count) await once(this.#response, 'data')
    return this.#blocks.splice(0, count)
  }

  async comment(text: string): Promise<void> {
    while (!this.raw.includes(`: ${text}`)) await once(this.#response, 'data')
  }

  ended(): Promise<unknown> {
    return this.#response.closed ? Promise.resolve() : once(this.#response, 'close')
  }

  close(): void {
    this.#response.destroy()
  }

  #read(piece: string): void {
    this.raw += piece
    const blocks = (this.#rest + piece).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      )
      const data = fields.get('data')
      if (data !== undefined) this.#blocks.push({ id: fields.get('id'), event: fields.get('event'), data: JSON.parse(data) })
    }
  }
}

async function openStream(t: TestContext, url: URL, path = '/v1/events', headers: Record<string, string> = {}): Promise<Stream> {
  const all = { authorization: `Bearer ${READ_TOKEN}`, ...headers }
  const sent = request({ agent: false, hostname: url.hostname, port: url.port, path, headers: all })
  t.after(() => sent.destroy())
  sent.end()
  const [response] = await once(sent, 'response')
  assert.equal(response.statusCode, 200)
  return new Stream(response)
}

const report = (n: number) => ({ type: 'peer.up', level: 'info', peer: 'p', data: { n } }) as const

test('events arrive as they are reported, each a document with an id to resume from', async (t) => {
  const { url, node } = await openPort(t)
  const stream = await openStream(t, url)
  assert.equal(stream.headers['content-type'], 'text/event-stream')
  assert.equal(stream.headers['cache-control'], 'no-store')
  assert.equal(stream.headers['x-content-type-options'], 'nosniff')
  node.events.report(report(1))
  node.events.report({ type: 'pin.mismatch', level: 'alarm', data: {} })
  const [first, second] = await stream.take(2)
  assert.equal(Check(EventDocument, first?.data), true)
  assert.deepEqual([first?.event, first?.data.data, first?.data.peer], ['peer.up', { n: 1 }, 'p'])
  assert.equal(first?.id, `${node.events.epoch}.1`)
  assert.deepEqual([second?.event, second?.data.level, second?.data.peer], ['pin.mismatch', 'alarm', null])
})

test('Last-Event-ID resumes right behind that event; an id of another process or nonsense gets all that is kept', async (t) => {
  const { url, node } = await openPort(t)
  for (let n = 1; n <= 5; n += 1) node.events.report(report(n))
  const numbers = async (lastEventId: string, count: number) => {
    const stream = await openStream(t, url, '/v1/events', { 'last-event-id': lastEventId })
    const events = await stream.take(count)
    stream.close()
    return events.map(({ data }) => Object.values(Object(data.data))[0])
  }
  assert.deepEqual(await numbers(`${node.events.epoch}.3`, 2), [4, 5])
  assert.deepEqual(await numbers(`${node.events.epoch - 1}.3`, 5), [1, 2, 3, 4, 5])
  assert.deepEqual(await numbers('nonsense', 5), [1, 2, 3, 4, 5])
  assert.deepEqual(await numbers(`${node.events.epoch}.-1`, 5), [1, 2, 3, 4, 5])
})

test('?follow=false sends what is kept, or what came after an event, and ends', async (t) => {
  const { url, node } = await openPort(t)
  const past = async (query = '', headers: Record<string, string> = {}) => {
    const { status, text } = await ask(url, `/v1/events?follow=false${query}`, { token: READ_TOKEN, headers })
    assert.equal(status, 200)
    return [...text.matchAll(/^id: \d+\.(\d+)$/gm)].map(([, number]) => Number(number))
  }
  assert.deepEqual(await past(), [])
  for (let n = 1; n <= 3; n += 1) node.events.report(report(n))
  node.events.report({ type: 'auth.failed', level: 'warn', data: {} })
  assert.deepEqual(await past(), [1, 2, 3, 4])
  assert.deepEqual(await past('', { 'last-event-id': `${node.events.epoch}.2` }), [3, 4])
  assert.deepEqual(await past('', { 'last-event-id': `${node.events.epoch}.4` }), [])
  assert.deepEqual(await past('', { 'last-event-id': '0.0' }), [1, 2, 3, 4])
  assert.deepEqual(await past('&types=auth.failed'), [4])
  assert.equal(node.events.subscribers, 0)
  assert.equal((await ask(url, '/v1/events?follow=no', { token: READ_TOKEN })).status, 400)
})

test('a resume from what is gone says how many are missing', async (t) => {
  const { url, node } = await openPort(t)
  for (let n = 1; n <= 1_030; n += 1) node.events.report(report(n))
  const stream = await openStream(t, url, '/v1/events', { 'last-event-id': `${node.events.epoch}.2` })
  const [missed, first] = await stream.take(2)
  assert.deepEqual([missed?.event, missed?.data], ['missed', { missed: 4 }])
  assert.equal(first?.id, `${node.events.epoch}.7`)
})

test('?types= gives only those; an unknown type or parameter is refused', async (t) => {
  const { url, node } = await openPort(t)
  const stream = await openStream(t, url, '/v1/events?types=pin.mismatch,auth.failed')
  node.events.report(report(1))
  node.events.report({ type: 'auth.failed', level: 'warn', data: {} })
  assert.equal((await stream.take(1))[0]?.event, 'auth.failed')
  for (const query of ['types=peer.upp', 'types=', 'type=peer.up', 'types=peer.up&types=peer.down']) {
    const answer = await ask(url, `/v1/events?${query}`, { token: READ_TOKEN })
    assert.deepEqual([answer.status, problemOf(answer).code], [400, 'request-invalid'], query)
  }
})

test('a quiet stream is kept alive by comments', async (t) => {
  const { url } = await openPort(t, { times: { heartbeatMs: 20 } })
  const stream = await openStream(t, url)
  await stream.comment('still here')
})

test('streams are bounded and counted, and a reader that leaves makes room', async (t) => {
  const { url, node } = await openPort(t)
  const streams = await Promise.all(Array.from({ length: MAX_SUBSCRIBERS }, () => openStream(t, url)))
  const refused = await ask(url, '/v1/events', { token: READ_TOKEN })
  assert.deepEqual([refused.status, problemOf(refused).code, refused.headers['retry-after']], [503, 'busy', '5'])
  assert.match(await node.metrics.text(), new RegExp(`x0_http_event_streams ${MAX_SUBSCRIBERS}\n`))
  streams[0]?.close()
  while (node.events.subscribers === MAX_SUBSCRIBERS) await new Promise((resolve) => setImmediate(resolve))
  await openStream(t, url)
})

test('a reader that takes nothing is cut off, and neither the others nor the node wait for it', async (t) => {
  const { url, node, lines } = await openPort(t, { times: { slowReaderMs: 100 } })
  const slow = rawConnection(t, url)
  slow.socket.write(`GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${READ_TOKEN}\r\n\r\n`)
  await once(slow.socket, 'data')
  slow.socket.pause()
  const good = await openStream(t, url)
  const big = 'x'.repeat(200)
  const data = Object.fromEntries(Array.from({ length: 15 }, (_, at) => [`k${at}`, big]))
  let sent = 0
  while (node.events.subscribers === 2) {
    node.events.report({ type: 'peer.up', level: 'info', data })
    sent += 1
    assert.equal((await good.take(1))[0]?.event, 'peer.up')
    assert.ok(sent < 20_000, 'the slow reader is still there')
  }
  assert.equal(node.events.subscribers, 1)
  assert.ok(lines.some((line) => line.includes('too slow')))
  node.events.report(report(1))
  assert.deepEqual((await good.take(1))[0]?.data.data, { n: 1 })
})

test('closing the port ends the streams', async (t) => {
  const { url, server, node } = await openPort(t)
  const stream = await openStream(t, url)
  const began = performance.now()
  await Promise.all([server.close(), stream.ended()])
  assert.ok(performance.now() - began < 1_500)
  assert.equal(node.events.subscribers, 0)
})
