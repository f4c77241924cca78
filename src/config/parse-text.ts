import type { SchemaNode } from './schema-tree.ts'

/**
 * Turns the text of a variable or a flag into the kind of value that the setting takes; what cannot be turned stays text,
 * and the check says what is wrong with it. Lists of texts are separated by commas, lists of sections are JSON.
 */
export function parseText(node: SchemaNode, text: string): unknown {
  const trimmed = text.trim()
  switch (node.type) {
    case 'integer':
      // At most 15 digits: exact as a number.
      return /^-?[0-9]{1,15}$/.test(trimmed) ? Number(trimmed) : text
    case 'boolean':
      if (trimmed === 'true' || trimmed === '1') return true
      return trimmed === 'false' || trimmed === '0' ? false : text
    case 'array':
      if (node.items?.type === 'object') return parseJson(text)
      return trimmed === '' ? [] : trimmed.split(',').map((item) => item.trim())
    default:
      return trimmed
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}
