import { ConfigSchema } from './schema.ts'
import { type SchemaNode, schemaNode } from './schema-tree.ts'

/** The JSON Schema (draft 7, which editors know best) of the configuration file. Every section and setting may be left out. */
export function configJsonSchema(): Record<string, unknown> {
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...forEditors(schemaNode(ConfigSchema)) }
}

function forEditors(node: SchemaNode): Record<string, unknown> {
  const copy: Record<string, unknown> = { ...node }
  delete copy['x-reload']
  delete copy['x-file']
  if (node.anyOf !== undefined) copy.anyOf = node.anyOf.map(forEditors)
  if (node.items !== undefined) copy.items = forEditors(node.items)
  if (node.properties === undefined) return copy
  copy.properties = Object.fromEntries(Object.entries(node.properties).map(([key, child]) => [key, forEditors(child)]))
  // The loader fills these in.
  if (isMadeOfDefaults(node.default)) delete copy.default
  const required = (node.required ?? []).filter((key) => node.properties?.[key]?.default === undefined)
  if (required.length > 0) copy.required = required
  else delete copy.required
  return copy
}

function isMadeOfDefaults(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
