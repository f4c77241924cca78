import type { ConfigErrorCode } from './config-error.ts'
import { nearest } from './did-you-mean.ts'
import { MAX_SHOWN } from './limits.ts'
import type { SchemaNode } from './schema-tree.ts'

/** What is wrong with a value, below the path of the setting: `[0].protocol`, or empty for the value itself. */
export interface ValueProblem {
  readonly code: ConfigErrorCode
  readonly below: string
  readonly message: string
}

/**
 * Compares a value with its schema and says in plain words what was found and what is expected. The same judgement as
 * typebox's own check (a property test holds them together), whose messages name JSON Schema keywords.
 */
export function checkValue(node: SchemaNode, value: unknown, below = ''): ValueProblem[] {
  const problem = (code: ConfigErrorCode): ValueProblem[] => [
    { code, below, message: `${found(value)}, expected ${expected(node)}` },
  ]
  if (node.anyOf !== undefined) {
    // The one alternative of the same kind gives the better message.
    const alternatives = node.anyOf.map((alternative) => checkValue(alternative, value, below))
    if (alternatives.some((problems) => problems.length === 0)) return []
    return (
      alternatives.find((problems) => problems.every(({ code, below: where }) => code !== 'wrong-type' || where !== below)) ??
      problem('wrong-type')
    )
  }
  if (node.const !== undefined) return value === node.const ? [] : problem('wrong-type')
  if (node.enum !== undefined) {
    if (node.enum.includes(value)) return []
    const meant = typeof value === 'string' ? nearest(value, node.enum.map(String)) : undefined
    const message = `${found(value)}, expected ${expected(node)}${meant === undefined ? '' : `; did you mean ${meant}?`}`
    return [{ code: typeof value === 'string' ? 'out-of-bounds' : 'wrong-type', below, message }]
  }
  switch (node.type) {
    case 'boolean':
      return typeof value === 'boolean' ? [] : problem('wrong-type')
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) return problem('wrong-type')
      return value < (node.minimum ?? -Infinity) || value > (node.maximum ?? Infinity) ? problem('out-of-bounds') : []
    case 'string':
      if (typeof value !== 'string') return problem('wrong-type')
      return fitsText(node, value) ? [] : problem('out-of-bounds')
    case 'array':
      if (!Array.isArray(value)) return problem('wrong-type')
      if (value.length < (node.minItems ?? 0) || value.length > (node.maxItems ?? Infinity)) return problem('out-of-bounds')
      return value.flatMap((item: unknown, index) => checkValue(node.items ?? {}, item, `${below}[${index}]`))
    case 'object':
      return isMapping(value) ? checkMapping(node, value, below) : problem('wrong-type')
    default:
      throw new TypeError(`the schema has a kind of value that the loader does not know: ${JSON.stringify(node)}`)
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function checkMapping(node: SchemaNode, value: Record<string, unknown>, below: string): ValueProblem[] {
  const properties = node.properties ?? {}
  const problems: ValueProblem[] = []
  for (const [key, item] of Object.entries(value)) {
    const child = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (child !== undefined) problems.push(...checkValue(child, item, `${below}.${key}`))
    else
      problems.push({
        code: 'unknown-key',
        below: `${below}.${shown(key)}`,
        message: unknownIn(key, Object.keys(properties)),
      })
  }
  for (const key of node.required ?? []) {
    // A default fills it in later.
    if (!Object.hasOwn(value, key) && properties[key]?.default === undefined) {
      problems.push({
        code: 'missing',
        below: `${below}.${key}`,
        message: `missing, expected ${expected(properties[key] ?? {})}`,
      })
    }
  }
  return problems
}

function unknownIn(key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  return meant === undefined ? `no such key; there is ${known.join(', ')}` : `no such key; did you mean ${meant}?`
}

export function unknownKey(meant: string | undefined): string {
  return meant === undefined ? 'no such setting; `x0 config schema` lists them' : `no such setting; did you mean ${meant}?`
}

function fitsText(node: SchemaNode, value: string): boolean {
  // JSON Schema counts code points.
  const length = [...value].length
  if (length < (node.minLength ?? 0) || length > (node.maxLength ?? Infinity)) return false
  return node.pattern === undefined || new RegExp(node.pattern, 'u').test(value)
}

/** What a setting takes, in words: `a whole number from 1 to 300`. */
export function expected(node: SchemaNode): string {
  if (node.anyOf !== undefined) return node.anyOf.map(expected).join(' or ')
  if (node.const !== undefined) return String(node.const)
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`
  switch (node.type) {
    case 'boolean':
      return 'true or false'
    case 'integer':
      return `a whole number from ${node.minimum ?? 'any'} to ${node.maximum ?? 'any'}`
    case 'array':
      return `a list of ${node.minItems === undefined || node.minItems === 0 ? 'at most' : `${node.minItems} to`} ${node.maxItems ?? 'any'} items`
    case 'object':
      return `a section with ${Object.keys(node.properties ?? {}).join(', ')}`
    default:
      if (node.pattern !== undefined) return `a text that matches ${node.pattern}`
      return node.maxLength === undefined ? 'a text' : `a text of ${node.minLength ?? 0} to ${node.maxLength} characters`
  }
}

function found(value: unknown): string {
  if (value === null || value === undefined) return 'found no value'
  if (typeof value === 'string') return `found the text ${shown(value)}`
  if (typeof value === 'number' || typeof value === 'bigint') return `found the number ${value}`
  if (typeof value === 'boolean') return `found ${value}`
  if (Array.isArray(value)) return `found a list of ${value.length}`
  return 'found a section'
}

/** A text of the operator's, quoted and shortened. */
function shown(text: string): string {
  const characters = [...text]
  const short = characters.length > MAX_SHOWN ? `${characters.slice(0, MAX_SHOWN).join('')}...` : text
  return /^[\w-]+$/.test(short) ? short : JSON.stringify(short)
}
