import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml'
import { unknownKey } from './check-value.ts'
import type { ConfigErrorCode, ConfigProblem } from './config-error.ts'
import { nearest } from './did-you-mean.ts'
import { MAX_ALIASES } from './limits.ts'
import { configLeaves, nodeAt } from './schema-tree.ts'

export interface FileValue {
  readonly value: unknown
  readonly line: number
}

/**
 * The settings in a YAML 1.2 text, by path. Unknown keys and sections of the wrong kind are problems; the values
 * themselves are checked later, with those of the environment and the flags.
 */
export function readConfigText(text: string, file: string, problems: ConfigProblem[]): ReadonlyMap<string, FileValue> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  const report = (code: ConfigErrorCode, path: string, line: number, message: string) =>
    problems.push({ code, path, where: `${file} line ${line}`, message })
  for (const error of document.errors) report('syntax', '', lines.linePos(error.pos[0]).line, error.message)
  const found = new Map<string, FileValue>()
  if (document.errors.length > 0) return found

  const lineOf = (node: Node | null | undefined) => lines.linePos(node?.range?.[0] ?? 0).line
  const walk = (node: unknown, keys: readonly string[]): void => {
    const path = keys.join('.')
    if (!isMap<Node, Node | null>(node)) {
      report('wrong-type', path, lineOf(document.contents), 'expected a section of keys and values')
      return
    }
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : String(key)
      const below = [...keys, name]
      const known = nodeAt(below)
      if (known === undefined) report('unknown-key', below.join('.'), lineOf(key), unknownKey(suggestion(keys, name)))
      else if (known.properties === undefined)
        found.set(below.join('.'), { value: value?.toJS(document, { maxAliasCount: MAX_ALIASES }) ?? null, line: lineOf(key) })
      else if (isEmpty(value)) continue
      else if (isMap(value)) walk(value, below)
      else
        report('wrong-type', below.join('.'), lineOf(key), `expected a section with ${Object.keys(known.properties).join(', ')}`)
    }
  }
  try {
    if (!isEmpty(document.contents)) walk(document.contents, [])
  } catch (error) {
    // yaml's only error here: more aliases than allowed, or one without an anchor.
    if (!(error instanceof ReferenceError)) throw error
    report('syntax', '', 1, error.message)
  }
  return found
}

/** A section whose keys are all commented out. */
function isEmpty(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null)
}

/** The nearest key beside it, else a setting of that very name somewhere else (`level` for `log.level`). */
function suggestion(keys: readonly string[], name: string): string | undefined {
  const section = nodeAt(keys)
  const beside = nearest(name, Object.keys(section?.properties ?? {}))
  if (beside !== undefined) return [...keys, beside].join('.')
  const elsewhere = configLeaves().filter((leaf) => leaf.keys.at(-1) === name)
  return elsewhere.length === 1 ? elsewhere[0]?.path : undefined
}
