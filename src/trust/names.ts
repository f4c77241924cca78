import type { ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import { MAX_GROUPS, MAX_NETWORK_NAME_BYTES } from './limits.ts'
import { TrustError, type TrustErrorCode } from './trust-error.ts'

/** Not in the form of an x0 id: whoever may be named by either would be mistaken for somebody else. */
const LABEL = /^(?!x0[a-z2-7]{52}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const NETWORK = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/
/** Completes "... is no name: ". */
export const NAME_FORM = 'small letters, digits and hyphens, none of these at an end, 63 characters at most, and no x0 id'

/** Whether it is the name of a node; groups, services and rules have the same form. */
export function isNodeName(name: string): boolean {
  return LABEL.test(name)
}

export function isNetworkName(name: string): boolean {
  return name.length <= MAX_NETWORK_NAME_BYTES && NETWORK.test(name)
}

/** @throws TrustError `bad-name` */
export function expectNodeName(name: string): void {
  if (!LABEL.test(name)) throw new TrustError('bad-name', `${JSON.stringify(name)} is no name of a node: ${NAME_FORM}`)
}

/** @throws TrustError `bad-name` */
export function expectNetworkName(name: string): void {
  if (!isNetworkName(name)) {
    throw new TrustError(
      'bad-name',
      `${JSON.stringify(name)} is no name of a network: labels with dots between, each ${NAME_FORM}`,
    )
  }
}

/** The groups in ascending order, each once. @throws TrustError `bad-name` */
export function orderedGroups(groups: readonly string[]): readonly string[] {
  const ordered = [...new Set(groups)].sort()
  for (const group of ordered) {
    if (!LABEL.test(group)) throw new TrustError('bad-name', `${JSON.stringify(group)} is no name of a group: ${NAME_FORM}`)
  }
  if (ordered.length > MAX_GROUPS) throw new TrustError('bad-name', `${ordered.length} groups, ${MAX_GROUPS} are allowed`)
  return ordered
}

export function writeText(writer: ByteWriter, text: string): void {
  const bytes = Buffer.from(text, 'utf8')
  writer.u8(bytes.length).bytes(bytes)
}

export function writeGroups(writer: ByteWriter, groups: readonly string[]): void {
  writer.u8(groups.length)
  for (const group of groups) writeText(writer, group)
}

export function readNodeName(reader: ByteReader): string {
  return reader.text(reader.u8(), LABEL)
}

export function readNetworkName(reader: ByteReader): string {
  return reader.text(reader.u8(), NETWORK)
}

/** @throws TrustError with `code` unless they are in ascending order, each once */
export function readGroups(reader: ByteReader, code: TrustErrorCode): readonly string[] {
  const groups = reader.list(MAX_GROUPS, () => readNodeName(reader))
  if (!isAscending(groups)) throw new TrustError(code, 'the groups are out of order')
  return groups
}

/** Whether each item is above the one before it. */
export function isAscending(items: readonly string[]): boolean {
  return items.every((item, index) => index === 0 || (items[index - 1] ?? '') < item)
}
