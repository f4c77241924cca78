import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readTypes } from '../../src/cli/events.ts'
import { readEvents, type ServerSentEvent } from '../../src/cli/server-sent-events.ts'
import { EVENT_TYPES } from '../../src/observe/event.ts'
import { fakeNode, PEER_A, x0 } from './fake-node.ts'

async function collect(pieces: readonly string[]): Promise<ServerSentEvent[]> {
  async function* flow(): AsyncGenerator<string> {
    yield* pieces
  }
  const events: ServerSentEvent[] = []
  for await (const event of readEvents(flow())) events.push(event)
  return events
}

const eventOf = (number: number, data: object = {}) => ({
  schema: 'x0.event/v1',
  id: `17.${number}`,
  type: 'peer.down',
  at: '2026-01-01T00:00:00.000Z',
  level: 'warn',
  peer: PEER_A,
  data,
})
const sent = (event: { id: string; type: string }): string =>
  `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

describe('reading server-sent events', () => {
  it('gives the same events wherever the stream is cut', async () => {
    const stream =
      'retry: 2000\n\n: still here\n\nid: 1.2\r\nevent: a\r\ndata: x\r\ndata:  y\r\n\r\ndata\n\nevent: b\ndata: z: 1\n\ndata: cut off'
    const expected = [
      { id: '1.2', event: 'a', data: 'x\n y' },
      { id: undefined, event: 'message', data: '' },
      { id: undefined, event: 'b', data: 'z: 1' },
    ]
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: stream.length }), { maxLength: 8 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
        const pieces = at.slice(1).map((end, index) => stream.slice(at[index], end))
        assert.deepEqual(await collect(pieces), expected)
      }),
    )
  })

  it('gives up on an event without end', async () => {
    await assert.rejects(collect(['data: ', ...Array<string>(20).fill('x'.repeat(65_536))]), RangeError)
  })
})

describe('the types to show', () => {
  it('are names, or beginnings with a dot', () => {
    assert.deepEqual(readTypes('peer.up, pin.'), ['peer.up', 'pin.learned', 'pin.mismatch', 'pin.frozen'])
    assert.ok(readTypes(EVENT_TYPES.join(',')).length === EVENT_TYPES.length)
  })

  it('that do not exist are refused with what was meant', async () => {
    const { code, err } = await x0(['events', '--types', 'peer.dwn'])
    assert.equal(code, 2)
    assert.match(err, /no event type 'peer\.dwn'/)
    assert.match(err, /Did you mean one of .*peer\.down/)
    assert.match((await x0(['events', '--types', 'x'])).err, /There are .*node\.started/)
  })
})

describe('x0 events', () => {
  it('shows what is kept and ends: it asks for no more than that', async (t) => {
    const node = await fakeNode(t, () => (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const missed = `event: missed\ndata: {"missed":3}\n\n`
      response.end(`retry: 2000\n\n${missed}${sent(eventOf(1))}${sent(eventOf(2, { reason: 'no answer', 'left\u001b': 1 }))}`)
    })
    const { code, out, err } = await x0(['--home', node.home, 'events', '--types', 'peer.down', '--since', '17.0'])
    assert.equal(code, 0)
    assert.equal(
      out,
      `2026-01-01T00:00:00.000Z  warn   peer.down             ${PEER_A}
2026-01-01T00:00:00.000Z  warn   peer.down             ${PEER_A}  reason="no answer"  left?=1
`,
    )
    assert.match(err, /Events were lost here.*3/)
    assert.equal(node.seen[0]?.url, '/v1/events?types=peer.down&follow=false')
    const json = await x0(['--home', node.home, '-q', '--json', 'events'])
    assert.deepEqual(
      json.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
      [eventOf(1), eventOf(2, { reason: 'no answer', 'left\u001b': 1 })],
    )
    assert.equal(json.err, '')
  })

  it('follows: from now on, and after a break from the last event on', async (t) => {
    const resumedFrom: (string | undefined)[] = []
    const node = await fakeNode(t, () => (request: Parameters<RequestListener>[0], response: Parameters<RequestListener>[1]) => {
      resumedFrom.push(request.headers['last-event-id']?.toString())
      if (resumedFrom.length === 3) {
        const problem = { type: '', title: '', status: 403, detail: 'no more', code: 'scope-missing' }
        response.writeHead(403, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(sent(eventOf(resumedFrom.length)))
    })
    const { code, out, err } = await x0(['--home', node.home, 'events', '--follow'])
    assert.equal(code, 5, 'a refusal ends it')
    assert.equal(out.split('\n').length, 3)
    assert.deepEqual(resumedFrom, [undefined, '17.1', '17.2'])
    assert.match(err, /ended the stream\. Asking again/)
  })

  it('refuses an id that no event has', async () => {
    assert.equal((await x0(['events', '--since', '12'])).code, 2)
  })

  it('fails where the stream is none', async (t) => {
    const node = await fakeNode(t, () => ({ type: 'text/event-stream', body: 'data: {\n\n' }))
    const { code, err } = await x0(['--home', node.home, 'events'])
    assert.equal(code, 1)
    assert.match(err, /no JSON/)
  })
})
