/**
 * What of a field reaches a log line. Fields may hold what a peer sent, so everything is bounded; and a caller may pass
 * a whole object by mistake, so names that look secret are blanked and bytes are never printed, only counted.
 */

/** Levels of nesting printed: an error inside a peer inside a list. Deeper is noise. */
const DEPTH = 4
/** Items of a list, fields of an object: a line stays readable and below about 100 kB whatever a peer sends. */
const ITEMS = 32
/** Characters of one text: a composite signature in base64 (4,500) is not worth a log line, an error message is. */
const TEXT = 2_048

const SECRET_NAME = /token|passphrase|password|passwd|authorization|cookie|secret|seed|private|mnemonic|credentials|api-?_?key/i
/** `tokenFile`, `passphraseFile`: where a secret lies is no secret, and the operator needs it. */
const LOCATION_NAME = /(?:file|path)$/i
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]+/gi

const REDACTED = '[redacted]'

/** A copy of `fields` that may be logged. */
export function loggable(fields: Readonly<Record<string, unknown>>, withStacks: boolean): Record<string, unknown> {
  return copyObject(fields, DEPTH, withStacks)
}

/** A text without bearer tokens and of bounded length. */
export function loggableText(text: string): string {
  const bounded = text.length > TEXT ? `${text.slice(0, TEXT)}... (${text.length} characters)` : text
  return bounded.replace(BEARER, (_, scheme: string) => `${scheme} ${REDACTED}`)
}

function copyObject(source: object, depth: number, withStacks: boolean): Record<string, unknown> {
  const entries = Object.entries(source)
  // No prototype: a field that a peer named __proto__ is a field like any other.
  const copy: Record<string, unknown> = Object.create(null)
  for (const [name, value] of entries.slice(0, ITEMS)) {
    if (value === undefined) continue
    copy[name] = SECRET_NAME.test(name) && !LOCATION_NAME.test(name) ? REDACTED : copyValue(value, depth - 1, withStacks)
  }
  if (entries.length > ITEMS) copy['...'] = `${entries.length - ITEMS} more`
  return copy
}

function copyValue(value: unknown, depth: number, withStacks: boolean): unknown {
  switch (typeof value) {
    case 'string':
      return loggableText(value)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'boolean':
      return value
    case 'bigint':
      return value.toString()
    case 'object':
      break
    default:
      return `(${typeof value})`
  }
  if (value === null) return null
  if (value instanceof Error) return copyError(value, depth, withStacks)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '(invalid date)' : value.toISOString()
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `(${value.byteLength} bytes)`
  if (depth <= 0) return Array.isArray(value) ? `(list of ${value.length})` : '(object)'
  if (Array.isArray(value)) {
    const items = value.slice(0, ITEMS).map((item) => copyValue(item, depth - 1, withStacks))
    return value.length > ITEMS ? [...items, `${value.length - ITEMS} more`] : items
  }
  return copyObject(value, depth, withStacks)
}

/** Name, code, message and the chain of causes; the stack only where the operator asked for debugging. */
function copyError(error: Error, depth: number, withStacks: boolean): Record<string, unknown> {
  const copy: Record<string, unknown> = { name: error.name, message: loggableText(error.message) }
  if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) copy.code = error.code
  if (withStacks && error.stack !== undefined) copy.stack = loggableText(error.stack)
  if (error.cause instanceof Error && depth > 0) copy.cause = copyError(error.cause, depth - 1, withStacks)
  return copy
}
