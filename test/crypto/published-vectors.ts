import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

/** Published vectors stand beside the checkout, or where X0_VECTORS says; they are not part of the project. */
const folder = process.env.X0_VECTORS ?? fileURLToPath(new URL('../../../shared/vectors', import.meta.url))

/** For node:test's `skip`: false where the vectors are there, else a sentence. */
export const withoutPublishedVectors: string | false = existsSync(folder)
  ? false
  : `no published vectors at ${folder}: set X0_VECTORS to run them (test/vectors has our own, which always run)`

/** A published file as text; `.gz` is unpacked. */
export function publishedText(name: string): string {
  const bytes = readFileSync(join(folder, name))
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}

/** The test groups of a Wycheproof or ACVP file. */
export function publishedGroups<Group>(name: string): Group[] {
  const file: { testGroups: Group[] } = JSON.parse(publishedText(name))
  return file.testGroups
}

/** `name = hex` lines of a CCTV file. */
export function publishedFields(name: string): Map<string, Uint8Array> {
  const fields = new Map<string, Uint8Array>()
  for (const line of publishedText(name).split('\n')) {
    const [key, value] = line.split(' = ')
    if (key !== undefined && value !== undefined) fields.set(key, hex(value))
  }
  return fields
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
