import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { checkValue } from '../../config/check-value.ts'
import { schemaNode } from '../../config/schema-tree.ts'
import { type DocumentPart, DocumentSchema } from './document-schema.ts'
import { MAX_ALIASES, MAX_POLICY_BYTES, MAX_PROBLEMS } from './limits.ts'
import { type Complain, PolicyError, type PolicyErrorCode, type PolicyProblem } from './policy-error.ts'
import { readRules } from './read-rules.ts'
import { readTests } from './read-tests.ts'
import type { PolicyDocument } from './rule.ts'

/**
 * Reads a policy document: YAML 1.2, of which JSON is a part.
 * @param file how messages call it
 * @throws PolicyError with all problems found, each with its line
 */
export function readPolicy(text: string, file: string): PolicyDocument {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_POLICY_BYTES) {
    const message = `it has ${bytes} bytes, at most ${MAX_POLICY_BYTES} are allowed`
    throw new PolicyError({ code: 'unreadable', path: '', where: file, message })
  }
  const problems: PolicyProblem[] = []
  const lines = new LineCounter()
  const report = (code: PolicyErrorCode, path: string, line: number, message: string): void => {
    problems.push({ code, path, where: `${file} line ${line}`, message })
  }
  const yaml = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    // tags would make dates, sets and bytes; warnings would go to stderr
    resolveKnownTags: false,
    logLevel: 'error',
  })
  for (const error of yaml.errors) report('syntax', '', lines.linePos(error.pos[0]).line, plainSyntax(error.message))
  refuse(problems)

  const lineOf = (below: string): number => lines.linePos(offsetOf(yaml.contents, below)).line
  const complain: Complain = (code, below, message) => report(code, below.replace(/^\./, ''), lineOf(below), message)
  const value = plainValue(yaml, complain)
  refuse(problems)
  for (const { code, below, message } of checkValue(schemaNode(DocumentSchema), value))
    complain(problemCode(code), below, message)
  refuse(problems)
  if (!isChecked(value)) throw new TypeError('the check and the schema disagree')
  const rules = readRules(value.rules, complain)
  const tests = readTests(value.tests ?? [], rules, lineOf, complain)
  refuse(problems)
  return { rules, tests }
}

function plainValue(yaml: Document.Parsed, complain: Complain): unknown {
  try {
    return yaml.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    // yaml's only error here: more aliases than allowed, or one without an anchor.
    if (!(error instanceof ReferenceError)) throw error
    complain('syntax', '', error.message)
    return undefined
  }
}

function isChecked(value: unknown): value is DocumentPart {
  return checkValue(schemaNode(DocumentSchema), value).length === 0
}

/** The loader of the configuration has more codes than can come from a value. */
function problemCode(code: string): PolicyErrorCode {
  switch (code) {
    case 'unknown-key':
    case 'missing':
    case 'out-of-bounds':
      return code
    default:
      return 'wrong-type'
  }
}

/** `*` is YAML's sign for an alias: who writes it without quotes wants to know that. */
function plainSyntax(message: string): string {
  return /alias/i.test(message) ? `${message}; a text that begins with * must stand in quotes` : message
}

/** Where the part at `below` begins in the text; of a part that is not there, its nearest parent. */
function offsetOf(contents: unknown, below: string): number {
  let node: unknown = contents
  let offset = 0
  for (const [, key, index] of below.matchAll(/\.("(?:[^"\\]|\\.)*"|[^.[]+)|\[(\d+)\]/g)) {
    const item: unknown = index !== undefined && isSeq(node) ? node.items[Number(index)] : undefined
    const pair =
      key !== undefined && isMap(node) ? node.items.find((one) => isScalar(one.key) && String(one.key.value) === key) : undefined
    if (item === undefined && pair === undefined) break
    node = item ?? pair?.value
    offset = startOf(item) ?? startOf(pair?.key) ?? offset
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value
}

function refuse(problems: readonly PolicyProblem[]): void {
  const [first, ...others] = problems
  if (first !== undefined) throw new PolicyError(first, others.slice(0, MAX_PROBLEMS - 1))
}
