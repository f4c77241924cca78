import { type Document, isMap, isScalar, isSeq, parseDocument, YAMLMap, YAMLSeq } from 'yaml'
import { ConfigError } from './config-error.ts'

/** The settings that commands may write: lists of lines that name peers. */
export type EditableList = 'bootstrap' | 'peers.persistent'

export interface ListEdit {
  readonly list: EditableList
  /** Items to take out. */
  readonly drop: (item: string) => boolean
  /** Items to put at the end, but for those that are there. */
  readonly add: readonly string[]
}

/**
 * A configuration text with changed lists. Everything else keeps its place, its comments and its value; how flow
 * collections are spaced may change. @throws ConfigError where the text cannot be edited without guessing
 */
export function editLists(text: string, file: string, edits: readonly ListEdit[]): string {
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: false })
  const refuse = (message: string, path = ''): never => {
    throw new ConfigError({ code: 'conflict', path, where: file, message })
  }
  if (document.errors[0] !== undefined) refuse(`it is no YAML: ${document.errors[0].message}`)
  let changed = false
  for (const edit of edits) {
    const found = listAt(document, edit.list)
    if (found === 'other') refuse('is written in a way that a command cannot change; edit it by hand', edit.list)
    const list = found instanceof YAMLSeq ? found : undefined
    const items = list === undefined ? [] : textsOf(list)
    if (items === undefined) return refuse('holds something else than texts; edit it by hand', edit.list)
    const kept = items.filter((item) => !edit.drop(item))
    const added = [...new Set(edit.add)].filter((item) => !kept.includes(item))
    if (kept.length === items.length && added.length === 0) continue
    changed = true
    if (list === undefined) create(document, edit.list, added)
    else {
      list.items = list.items.filter((item) => isScalar(item) && !edit.drop(String(item.value)))
      // an empty list is most often written as [], where another line would be hard to read
      if (list.items.length === 0 && added.length > 0) list.flow = false
      for (const item of added) list.add(document.createNode(item))
    }
  }
  return changed ? document.toString({ lineWidth: 0, ...styleOf(text) }) : text
}

/** The list; undefined where there is none yet, `other` for what is there and no plain list. */
function listAt(document: Document, list: EditableList): YAMLSeq | 'other' | undefined {
  let node: unknown = document.contents
  for (const key of list.split('.')) {
    if (isNothing(node)) return undefined
    if (!isMap(node)) return 'other'
    node = node.get(key, true)
  }
  if (isNothing(node)) return undefined
  // an alias stands for a list elsewhere, an anchor lends this one to others
  return isSeq(node) && node.anchor === undefined ? node : 'other'
}

function textsOf(list: YAMLSeq): string[] | undefined {
  const items = list.items.map((item) => (isScalar(item) && item.anchor === undefined ? item.value : undefined))
  return items.every((item) => typeof item === 'string') ? items : undefined
}

function create(document: Document, list: EditableList, items: readonly string[]): void {
  const keys = list.split('.')
  const sections = keys.slice(0, -1)
  if (isNothing(document.contents)) document.contents = null
  sections.forEach((_, index) => {
    const path = sections.slice(0, index + 1)
    const old = document.getIn(path, true)
    if (isNothing(old)) document.setIn(path, withComments(new YAMLMap(), old))
  })
  document.setIn(keys, withComments(document.createNode([...items]), document.getIn(keys, true)))
}

/** What stood under a key whose lines are all commented out stays there. */
function withComments<T extends { commentBefore?: string | null }>(node: T, old: unknown): T {
  if (!isScalar(old)) return node
  const comments = [old.commentBefore, old.comment].filter((comment) => typeof comment === 'string')
  if (comments.length > 0) node.commentBefore = comments.join('\n')
  return node
}

function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null)
}

/** How the text is indented: a file that was written with four spaces keeps them. */
function styleOf(text: string): { indent: number; indentSeq: boolean } {
  const indent = /^( {2,8})[^\s#-]/m.exec(text)?.[1]?.length ?? 2
  return { indent, indentSeq: !/^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n\1- /m.test(text) }
}
