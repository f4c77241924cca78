import { IdentityError } from '../../identity/identity-error.ts'
import { parseX0Id } from '../../identity/x0-id.ts'
import { isNetworkName, isNodeName, NAME_FORM } from '../names.ts'
import { MAX_SELECTOR_LENGTH } from './limits.ts'

/** Whom a rule is about. */
export type Selector =
  /** Everybody, also who has no name. */
  | { readonly kind: 'any' }
  | { readonly kind: 'group'; readonly name: string }
  /** The very keys, text form. */
  | { readonly kind: 'x0'; readonly id: string }
  /** One SPIFFE id. */
  | { readonly kind: 'spiffe'; readonly id: string }
  | { readonly kind: 'pattern'; readonly pattern: SpiffePattern }

/** A SPIFFE id with `*`. Anchored at both ends, case-sensitive; no text makes a match slow. */
export interface SpiffePattern {
  /** As it was written. */
  readonly text: string
  /** All before the first `*`: every match begins with it. */
  readonly literal: string
  /** Whether `id`, which begins with `literal`, is one of those meant. */
  matches(id: string): boolean
}

const FORMS = 'any, group:NAME, spiffe://NETWORK/node/NAME or an x0 id'
const SEGMENT = /^[a-zA-Z0-9._-]+$/

/** The selector that a text names, or a sentence that says what is wrong with it. */
export function parseSelector(text: string): { readonly selector: Selector } | { readonly problem: string } {
  if (text.length > MAX_SELECTOR_LENGTH) return { problem: `longer than ${MAX_SELECTOR_LENGTH} characters` }
  if (text === 'any') return { selector: { kind: 'any' } }
  if (text.startsWith('group:')) {
    const name = text.slice('group:'.length)
    if (!isNodeName(name)) return { problem: `${JSON.stringify(name)} is no group name: ${NAME_FORM}` }
    return { selector: { kind: 'group', name } }
  }
  if (text.startsWith('spiffe://')) return parseSpiffe(text)
  if (isX0Id(text)) return { selector: { kind: 'x0', id: text } }
  if (text === '*') return { problem: 'found "*", expected any for everybody' }
  if (/^[\d.:/[\]a-f]+$/i.test(text) && /\d/.test(text)) return { problem: `addresses decide nothing here, expected ${FORMS}` }
  return { problem: `found ${JSON.stringify(text)}, expected ${FORMS}` }
}

/** The text of a selector, as it was written. */
export function formatSelector(selector: Selector): string {
  switch (selector.kind) {
    case 'any':
      return 'any'
    case 'group':
      return `group:${selector.name}`
    case 'x0':
    case 'spiffe':
      return selector.id
    case 'pattern':
      return selector.pattern.text
  }
}

function parseSpiffe(text: string): { readonly selector: Selector } | { readonly problem: string } {
  const [network = '', ...segments] = text.slice('spiffe://'.length).split('/')
  if (network.includes('*'))
    return { problem: 'the network must be written out: a node is in one network, and names of another mean nothing here' }
  if (!isNetworkName(network)) return { problem: `${JSON.stringify(network)} is no name of a network` }
  if (segments.length === 0) return { problem: `expected a path after the network, as in spiffe://${network}/node/NAME` }
  const tail = segments.at(-1) === '**'
  const whole = tail ? segments.slice(0, -1) : segments
  for (const segment of whole) {
    if (segment.includes('**')) return { problem: '"**" stands alone, as the last part of the path' }
    if (segment.split('*').length > 2) return { problem: `${JSON.stringify(segment)}: one * in a part of the path, no more` }
    const letters = segment.replace('*', '')
    if (segment === '' || segment === '.' || segment === '..' || (letters !== '' && !SEGMENT.test(letters)))
      return { problem: `${JSON.stringify(segment)} is no part of a SPIFFE id: letters, digits, dots, hyphens, underscores` }
  }
  if (!text.includes('*')) return { selector: { kind: 'spiffe', id: text } }
  return { selector: { kind: 'pattern', pattern: compilePattern(text, whole, tail) } }
}

function compilePattern(text: string, segments: readonly string[], tail: boolean): SpiffePattern {
  const literal = text.slice(0, text.indexOf('*'))
  const scheme = 'spiffe://'.length
  const parts = segments.map((segment) => {
    const [before = '', after] = segment.split('*')
    return after === undefined ? { whole: segment } : { before, after, least: before.length + after.length }
  })
  return {
    text,
    literal,
    matches(id) {
      // behind the network, which `literal` holds
      let at = id.indexOf('/', scheme)
      for (const part of parts) {
        if (at < 0 || at >= id.length) return false
        const start = at + 1
        const next = id.indexOf('/', start)
        const end = next < 0 ? id.length : next
        if ('whole' in part) {
          if (end - start !== part.whole.length || !id.startsWith(part.whole, start)) return false
        } else if (
          end - start < Math.max(1, part.least) ||
          !id.startsWith(part.before, start) ||
          !id.startsWith(part.after, end - part.after.length)
        )
          return false
        at = end
      }
      return tail ? at < id.length - 1 : at === id.length
    },
  }
}

/** Whether it is the text form of an x0 id. */
export function isX0Id(text: string): boolean {
  try {
    parseX0Id(text)
    return true
  } catch (error) {
    if (error instanceof IdentityError) return false
    throw error
  }
}
