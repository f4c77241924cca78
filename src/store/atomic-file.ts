import { randomBytes } from 'node:crypto'
import { open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { storeErrorFrom } from './store-error.ts'

/** The names of files under construction; `x0` in it so that nothing of the operator's is taken for one. */
const TEMPORARY = /^\.x0-.+\.[0-9a-f]{12}\.tmp$/

/**
 * Replaces `path` so that a reader or a crash sees the old content or the new, never a part: writes a temporary file
 * beside it, flushes it to the disk, renames it and flushes the folder. `mode` is set before any byte is written.
 * @throws StoreError `full`, `permissions` or `io`
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `.x0-${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      // The umask may have taken bits away; it must not decide.
      await file.chmod(mode)
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(folder)
  } catch (error) {
    await rm(temporary, { force: true })
    throw storeErrorFrom(error, `write ${path}`)
  }
}

/** True for the name of a file that `writeFileAtomic` has under construction. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name)
}

/** Removes what a killed process left half written in `folder`. Only for whoever holds the lock of the home. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  const names = await readdir(folder)
  await Promise.all(names.filter(isTemporaryName).map((name) => rm(join(folder, name), { force: true })))
}

/** Without this a rename may be lost with the power, although the file itself is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; its rename is written through by the journal.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
