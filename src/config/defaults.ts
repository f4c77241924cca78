import type { SchemaNode } from './schema-tree.ts'

/** `value` with the schema's defaults where something is absent; what is there stays as it is. The same as typebox's Default. */
export function withDefaults(node: SchemaNode, value: unknown): unknown {
  if (value === undefined) return node.default === undefined ? undefined : withDefaults(node, structuredClone(node.default))
  if (Array.isArray(value)) {
    const { items } = node
    return items === undefined ? value : value.map((item) => withDefaults(items, item))
  }
  if (node.properties === undefined || typeof value !== 'object' || value === null) return value
  const filled: Record<string, unknown> = { ...value }
  for (const [key, property] of Object.entries(node.properties)) {
    const known = withDefaults(property, filled[key])
    if (known !== undefined) filled[key] = known
  }
  return filled
}
