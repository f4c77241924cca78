import { open, rename, rm, writeFile } from 'node:fs/promises'
import { type AuditPage, type AuditVerification, verificationDocument } from '../admin/audit-documents.ts'
import { cryptoBackend } from '../crypto/select.ts'
import { IdentityError } from '../identity/identity-error.ts'
import { parseX0Id } from '../identity/x0-id.ts'
import { AuditError } from '../trust/audit/audit-error.ts'
import { entryLine, headerLine, verifyExport } from '../trust/audit/export-file.ts'
import { MAX_PAGE } from '../trust/audit/limits.ts'
import { CommandFailure } from './failure.ts'
import { table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'
import { withTrail } from './trail-source.ts'

/** `x0 audit show` */
export async function auditShow(call: Call, options: { readonly since?: number; readonly limit: number }): Promise<void> {
  const document = await withTrail(call, (trail) => trail.page(options.since, options.limit))
  if (call.json) printJson(call, document)
  else call.terminal.out(entriesText(call, document))
}

/** `x0 audit export FILE` */
export async function auditExport(call: Call, file: string): Promise<void> {
  const { lines, count } = await withTrail(call, async (trail) => {
    const begin = await trail.page(0, 1)
    const { head } = begin
    const lines = [headerLine(head)]
    let after = head.first - 1
    while (after < head.count) {
      const { entries } = await trail.page(after, Math.min(MAX_PAGE, head.count - after))
      const last = entries.at(-1)
      // what is not there stays away: whoever verifies the file is told
      if (last === undefined) break
      lines.push(...entries.filter(({ n }) => n <= head.count).map(entryLine))
      after = last.n
    }
    return { lines, count: lines.length - 1 }
  })
  if (file === '-') {
    call.terminal.out(lines.join(''))
    return
  }
  await writeWhole(file, lines.join(''))
  if (call.json) printJson(call, { schema: 'x0.audit-exported/v1', file, entries: count })
  else if (!call.quiet) call.terminal.err(`${count} entries are in ${file}. Verify it anywhere with: x0 audit verify ${file}\n`)
}

/** `x0 audit verify [FILE]`: exit 8 with the first entry that is wrong. */
export async function auditVerify(call: Call, file: string | undefined, options: { readonly x0Id?: string }): Promise<void> {
  const expected = options.x0Id === undefined ? undefined : readX0Id(options.x0Id)
  const document = file === undefined ? await withTrail(call, (trail) => trail.verify()) : await verifyFile(file, expected)
  const isForeign = document.ok && options.x0Id !== undefined && document.x0Id !== options.x0Id
  if (call.json) printJson(call, document)
  else if (document.ok && !isForeign) call.terminal.out(verifiedText(document))
  if (document.problem !== null) {
    const { n, fault, message } = document.problem
    throw new CommandFailure(
      'verificationFailed',
      `The trail is not what the node has signed. Entry ${n} (${fault}): ${message}.`,
      {
        hint: 'docs/audit.md says what each fault means. Keep the home folder as it is until you know.',
      },
    )
  }
  if (isForeign) {
    throw new CommandFailure('verificationFailed', `The trail is of ${document.x0Id ?? 'nobody'}, not of ${options.x0Id}.`)
  }
}

async function verifyFile(file: string, x0Id: Uint8Array | undefined): Promise<AuditVerification> {
  const backend = await cryptoBackend('native')
  try {
    await using handle = await open(file, 'r')
    return verificationDocument(await verifyExport(backend, handle.readLines(), x0Id === undefined ? undefined : [x0Id]))
  } catch (cause) {
    if (cause instanceof AuditError) throw new CommandFailure('usage', `${file}: ${cause.message}.`, { cause })
    if (!(cause instanceof Error) || !('code' in cause)) throw cause
    throw new CommandFailure('failure', `${file} cannot be read (${cause.message}).`, { cause })
  }
}

function readX0Id(text: string): Uint8Array {
  try {
    return parseX0Id(text)
  } catch (cause) {
    if (cause instanceof IdentityError) throw new CommandFailure('usage', `--x0-id: ${cause.message}.`, { cause })
    throw cause
  }
}

/** All of it or nothing: half an export would not verify. */
async function writeWhole(file: string, text: string): Promise<void> {
  const partial = `${file}.partial`
  try {
    await writeFile(partial, text, { mode: 0o600 })
    await rename(partial, file)
  } catch (cause) {
    await rm(partial, { force: true })
    throw new CommandFailure(
      'failure',
      `${file} cannot be written (${cause instanceof Error ? cause.message : String(cause)}).`,
      { cause },
    )
  }
}

/** One entry a line for people. */
export function entriesText(call: Pick<Call, 'color'>, document: AuditPage): string {
  const rows = document.entries.map(({ n, at, kind, data }) => {
    const told = Object.entries(data).map(
      ([name, value]) => `${name}=${typeof value === 'string' ? JSON.stringify(value) : value}`,
    )
    return [String(n), at, printable(kind), printable(told.join(' ')) || '-']
  })
  return table(['N', 'AT', 'KIND', 'DATA'], rows, (text) => paint(call, 'bold', text))
}

function verifiedText({ entries, first, last, unsigned, x0Id, signedAt }: AuditVerification): string {
  if (x0Id === null) return 'There is no trail yet.\n'
  const tail = unsigned === 0 ? '' : `; the last ${unsigned} are not signed for yet`
  return `${entries} entries, ${first} to ${last}, are what ${x0Id} signed for at ${signedAt ?? '-'}${tail}.\n`
}
