import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import { EVENT_TYPES, type EventType } from '../../observe/event.ts'
import { type EventBatch, type EventLog, EventLogError, type LoggedEvent, type Subscription } from '../../observe/event-log.ts'
import type { AdminApp, AdminContext } from '../admin-context.ts'
import type { EventDocument } from '../documents.ts'
import { ApiProblem } from '../problem.ts'

const schema = {
  summary: 'Events as they happen, as server-sent events; Last-Event-ID resumes, follow=false ends after what is kept',
  tags: ['events'],
  querystring: Type.Object(
    {
      types: Type.Optional(
        Type.String({ maxLength: 1024, description: `only these, separated by commas: ${EVENT_TYPES.join(', ')}` }),
      ),
      follow: Type.Optional(
        Type.Union([Type.Literal('true'), Type.Literal('false')], {
          description: 'false: send what is kept and end; without Last-Event-ID that is all of it',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  headers: Type.Object({
    'last-event-id': Type.Optional(Type.String({ maxLength: 64, description: 'the id of the last event that was read' })),
  }),
  response: { 200: { content: { 'text/event-stream': { schema: Type.String() } } } },
}

/** GET /v1/events. The number of streams is bounded by the event log; a reader that stalls is cut off. */
export function addEventsRoute(app: AdminApp, context: AdminContext): void {
  let open = 0
  const count = (by: number) => {
    open += by
    context.node.metrics.eventStreams.set({}, open)
  }
  app.get('/v1/events', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const types = parseTypes(request.query.types)
    const after = resumedFrom(context.node.events, request.headers['last-event-id'])
    const source =
      request.query.follow === 'false' ? keptEvents(context.node.events, after) : subscribe(context.node.events, after)
    reply.hijack()
    count(1)
    await stream(reply, source, types, context)
    count(-1)
  })
}

function parseTypes(text: string | undefined): ReadonlySet<EventType> | undefined {
  if (text === undefined) return undefined
  const asked = text.split(',').map((name) => name.trim())
  const known = EVENT_TYPES.filter((type) => asked.includes(type))
  const unknown = asked.find((name) => !EVENT_TYPES.some((type) => type === name))
  if (unknown !== undefined)
    throw new ApiProblem('request-invalid', `"${unknown.slice(0, 64)}" is no event type: there are ${EVENT_TYPES.join(', ')}`)
  return new Set(known)
}

/** Ids are EPOCH.NUMBER: a number of an earlier process says nothing, so such a reader gets all that is kept. */
function resumedFrom(events: EventLog, lastEventId: string | undefined): number | undefined {
  if (lastEventId === undefined) return undefined
  const [epoch, number] = lastEventId.split('.')
  return Number(epoch) === events.epoch ? Number(number) : 0
}

/** Where a stream's events come from: undefined ends it. */
type Source = Pick<Subscription, 'next' | 'close'>

/** What is kept after `after`, and then the end. */
function keptEvents(events: EventLog, after = 0): Source {
  const batch = events.since(after)
  let left: EventBatch | undefined = batch.events.length === 0 ? undefined : batch
  return {
    next() {
      const taken = left
      left = undefined
      return Promise.resolve(taken)
    },
    close() {
      left = undefined
    },
  }
}

function subscribe(events: EventLog, after: number | undefined): Source {
  try {
    return events.subscribe(after === undefined ? {} : { after })
  } catch (cause) {
    if (cause instanceof EventLogError) throw new ApiProblem('busy', cause.message, { 'retry-after': '5' })
    throw cause
  }
}

async function stream(
  reply: FastifyReply,
  source: Source,
  types: ReadonlySet<EventType> | undefined,
  context: AdminContext,
): Promise<void> {
  const { raw } = reply
  const close = () => source.close()
  raw.once('close', close)
  context.closing.addEventListener('abort', close)
  if (context.closing.aborted) close()
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  const writer = new StreamWriter(raw, context.times.slowReaderMs)
  const heartbeat = setInterval(() => writer.comment('still here'), context.times.heartbeatMs)
  heartbeat.unref()
  try {
    await writer.write('retry: 2000\n\n')
    for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
      const text = render(batch, types, context.node.events.epoch)
      if (text !== '' && !(await writer.write(text))) {
        context.log.info({ request: reply.request.id }, 'an event reader was too slow and was cut off')
        break
      }
    }
  } finally {
    clearInterval(heartbeat)
    source.close()
    raw.off('close', close)
    context.closing.removeEventListener('abort', close)
    if (!raw.destroyed) raw.end()
  }
}

/** Writes with back-pressure; what waits inside of the socket stays below one batch. */
class StreamWriter {
  readonly #raw: ServerResponse
  readonly #patienceMs: number

  constructor(raw: ServerResponse, patienceMs: number) {
    this.#raw = raw
    this.#patienceMs = patienceMs
  }

  /** Resolves with false where the reader is gone or took nothing for too long; the connection is destroyed then. */
  async write(text: string): Promise<boolean> {
    if (this.#raw.destroyed) return false
    if (this.#raw.write(text)) return true
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(), this.#patienceMs)
    const gone = () => patience.abort()
    this.#raw.once('close', gone)
    try {
      await once(this.#raw, 'drain', { signal: patience.signal })
      return true
    } catch {
      this.#raw.destroy()
      return false
    } finally {
      clearTimeout(timer)
      this.#raw.off('close', gone)
    }
  }

  comment(text: string): void {
    if (!this.#raw.destroyed && !this.#raw.writableNeedDrain) this.#raw.write(`: ${text}\n\n`)
  }
}

function render(batch: EventBatch, types: ReadonlySet<EventType> | undefined, epoch: number): string {
  const lines = batch.missed === 0 ? [] : [`event: missed\ndata: ${JSON.stringify({ missed: batch.missed })}\n\n`]
  for (const event of batch.events) {
    if (types !== undefined && !types.has(event.type)) continue
    const document = eventDocument(event, epoch)
    lines.push(`id: ${document.id}\nevent: ${document.type}\ndata: ${JSON.stringify(document)}\n\n`)
  }
  return lines.join('')
}

function eventDocument(event: LoggedEvent, epoch: number): EventDocument {
  return {
    schema: 'x0.event/v1',
    id: `${epoch}.${event.id}`,
    type: event.type,
    at: new Date(event.at).toISOString(),
    level: event.level,
    peer: event.peer ?? null,
    data: event.data,
  }
}
