import type { TSchema } from 'typebox'
import { ConfigSchema } from './schema.ts'

/** A schema as JSON Schema: what typebox makes is plain data, and the loader and the documentation walk over it. */
export interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly items?: SchemaNode
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly SchemaNode[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly 'x-reload'?: 'live'
  readonly 'x-file'?: true
}

/** One setting. */
export interface Leaf {
  /** `security.handshake.timeoutMs` */
  readonly path: string
  readonly keys: readonly string[]
  readonly node: SchemaNode
  /** `X0_SECURITY_HANDSHAKE_TIMEOUT_MS` */
  readonly variable: string
  /** True where it may be absent and has no default. */
  readonly optional: boolean
}

export function schemaNode(schema: TSchema): SchemaNode {
  return schema
}

/** All settings in the order of the schema. Sections are not among them; a list is one setting. */
export function configLeaves(): readonly Leaf[] {
  return leavesOf(schemaNode(ConfigSchema), [])
}

/** The section or setting at `keys`, undefined where the schema has none. */
export function nodeAt(keys: readonly string[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = schemaNode(ConfigSchema)
  for (const key of keys) {
    if (node?.properties === undefined || !Object.hasOwn(node.properties, key)) return undefined
    node = node.properties[key]
  }
  return node
}

/** `X0_` and the path in capitals, a `_` before each inner capital: `liveness.idleSeconds` is `X0_LIVENESS_IDLE_SECONDS`. */
export function variableOf(keys: readonly string[]): string {
  return `X0_${keys.map((key) => key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()).join('_')}`
}

function leavesOf(node: SchemaNode, keys: readonly string[]): Leaf[] {
  if (node.properties === undefined) {
    return [{ path: keys.join('.'), keys, node, variable: variableOf(keys), optional: node.default === undefined }]
  }
  return Object.entries(node.properties).flatMap(([key, child]) => leavesOf(child, [...keys, key]))
}
