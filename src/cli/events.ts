import type { IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { EventDocument } from '../admin/documents.ts'
import { EVENT_TYPES } from '../observe/event.ts'
import { ApiClient } from './api-client.ts'
import { CommandFailure } from './failure.ts'
import { readEvents, type ServerSentEvent } from './server-sent-events.ts'
import { type Call, type Color, paint, printable } from './terminal.ts'

/** No id of any node: with it a node sends everything that it keeps. */
const FROM_THE_START = '0.0'
/** Milliseconds before a broken stream is asked for again: what the node advises in its `retry` field. */
const RETRY_MS = 2_000

const COLORS: Readonly<Record<EventDocument['level'], Color>> = { info: 'dim', warn: 'yellow', alarm: 'red' }

export interface EventsOptions {
  readonly follow?: boolean
  readonly types?: string
  readonly since?: string
}

/** `x0 events`: what is kept, or (with --follow) what comes, from the present or from `since` on. One event a line. */
export async function events(call: Call, options: EventsOptions): Promise<void> {
  const types = options.types === undefined ? undefined : readTypes(options.types)
  const query = types === undefined ? [] : [`types=${encodeURIComponent(types.join(','))}`]
  const client = await ApiClient.of(call)
  if (options.follow) return await follow(call, client, query, options.since)
  const headers = { accept: 'text/event-stream', 'last-event-id': options.since ?? FROM_THE_START }
  const text = await client.text({ path: pathOf([...query, 'follow=false']), headers })
  for await (const event of readEvents(piecesOf(text))) show(call, event)
}

/** Never ends by itself: a stream that breaks is asked for again, from the last event on. */
async function follow(call: Call, client: ApiClient, query: readonly string[], since: string | undefined): Promise<never> {
  let last = since
  for (;;) {
    const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) }
    const response = await client.stream({ path: pathOf(query), headers })
    for await (const event of readEvents(untilBroken(response))) {
      show(call, event)
      last = event.id ?? last
    }
    if (!call.quiet) call.terminal.err('The node ended the stream. Asking again.\n')
    await pause(RETRY_MS)
  }
}

function pathOf(query: readonly string[]): string {
  return query.length === 0 ? '/v1/events' : `/v1/events?${query.join('&')}`
}

/**
 * The event types that a list names; `peer.` stands for all that begin so.
 * @throws CommandFailure usage
 */
export function readTypes(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .flatMap((name) => {
      const found = EVENT_TYPES.filter((type) => type === name || (name.endsWith('.') && type.startsWith(name)))
      if (found.length > 0) return found
      const family = `${name.split('.')[0]}.`
      const near = EVENT_TYPES.filter((type) => type.startsWith(family))
      throw new CommandFailure('usage', `There is no event type '${printable(name)}'.`, {
        hint: near.length > 0 ? `Did you mean one of ${near.join(', ')}?` : `There are ${EVENT_TYPES.join(', ')}.`,
      })
    })
}

/** One line for people: when, how grave, what, who, and the rest as key=value. */
export function eventText(call: Pick<Call, 'color'>, event: EventDocument): string {
  const data = Object.entries(event.data).map(([key, value]) => {
    const text = String(value)
    return `${key}=${/[\s"=]|^$/.test(text) ? JSON.stringify(text) : text}`
  })
  const rest = [event.peer ?? '', ...data].filter((part) => part !== '').map(printable)
  const level = paint(call, COLORS[event.level], event.level.padEnd(5))
  return [event.at, level, event.type.padEnd(20), ...rest].join('  ').trimEnd()
}

function show(call: Call, event: ServerSentEvent): void {
  let document: unknown
  try {
    document = JSON.parse(event.data)
  } catch (cause) {
    throw new CommandFailure('failure', 'The node sent an event that is no JSON.', { cause })
  }
  if (isEvent(document)) {
    call.terminal.out(`${call.json ? JSON.stringify(document) : eventText(call, document)}\n`)
  } else if (event.event === 'missed' && !call.quiet) {
    call.terminal.err(`Events were lost here, they are no longer kept: ${printable(event.data)}\n`)
  }
}

function isEvent(document: unknown): document is EventDocument {
  return typeof document === 'object' && document !== null && 'schema' in document && document.schema === 'x0.event/v1'
}

async function* untilBroken(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8')
  try {
    yield* response as AsyncIterable<string>
  } catch (error) {
    // The connection broke: as good an end as any, the caller resumes.
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}

async function* piecesOf(text: string): AsyncGenerator<string> {
  yield text
}
