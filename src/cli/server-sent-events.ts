/** One event of a stream: its id and name as sent, its data lines joined. */
export interface ServerSentEvent {
  readonly id: string | undefined
  readonly event: string
  readonly data: string
}

/** Characters that one event may have: those of a node stay below 8,192. */
const MAX_EVENT_LENGTH = 1_048_576

/**
 * Reads server-sent events (WHATWG HTML, 9.2.6) from pieces of text; comments and unknown fields are skipped.
 * @throws RangeError where an event is longer than any that a node sends
 */
export async function* readEvents(pieces: AsyncIterable<string>): AsyncGenerator<ServerSentEvent> {
  let rest = ''
  for await (const piece of pieces) {
    rest = (rest + piece).replaceAll('\r\n', '\n')
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const event = parseEvent(rest.slice(0, end))
      rest = rest.slice(end + 2)
      if (event !== undefined) yield event
    }
    if (rest.length > MAX_EVENT_LENGTH) throw new RangeError('the stream holds an event that is too long')
  }
}

function parseEvent(block: string): ServerSentEvent | undefined {
  let id: string | undefined
  let event = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    const [, name, value = ''] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? []
    if (name === 'id') id = value
    else if (name === 'event') event = value
    else if (name === 'data') data.push(value)
  }
  return data.length === 0 ? undefined : { id, event, data: data.join('\n') }
}
