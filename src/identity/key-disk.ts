import { constants } from 'node:fs'
import { link, mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A file as the key store needs it. */
interface KeyFileContent {
  readonly text: string
  /** Permission bits, e.g. 0o600. */
  readonly mode: number
}

/**
 * The steps on a disk that the key store is made of. Each is one that a power cut can come before or after; tests put a
 * disk in its place that stops at every one of them.
 */
export interface KeyDisk {
  /** Makes the folder, mode 0700, where it is missing, and says what mode it has. */
  openFolder(path: string): Promise<number>
  /** The names in the folder; none where it is missing. */
  list(folder: string): Promise<string[]>
  /** At most `limit + 1` bytes of a file, or undefined where there is none. */
  read(path: string, limit: number): Promise<KeyFileContent | undefined>
  /** Writes a file that must not exist, mode 0600, through to the disk. */
  writeNew(path: string, text: string): Promise<void>
  /** Gives a file a second name; throws `EEXIST` where the name is taken. */
  link(from: string, to: string): Promise<void>
  /** Puts a file in the place of another, in one step. */
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes names that were added or removed outlive a power cut. */
  syncFolder(folder: string): Promise<void>
}

const MODE_BITS = 0o777

export const systemKeyDisk: KeyDisk = {
  async openFolder(path) {
    const made = await mkdir(path, { recursive: true, mode: 0o700 })
    if (made !== undefined) await this.syncFolder(dirname(made))
    await using folder = await open(path, constants.O_RDONLY)
    return (await folder.stat()).mode & MODE_BITS
  },

  async list(folder) {
    try {
      return await readdir(folder)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return []
      throw error
    }
  },

  async read(path, limit) {
    try {
      await using file = await open(path, constants.O_RDONLY)
      // mode and bytes of the same open file: nothing can be put in its place between the two
      const { mode } = await file.stat()
      const buffer = Buffer.alloc(limit + 1)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
      return { text: buffer.toString('latin1', 0, bytesRead), mode: mode & MODE_BITS }
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    }
  },

  async writeNew(path, text) {
    await using file = await open(path, 'wx', 0o600)
    await file.writeFile(text, 'latin1')
    await file.sync()
  },

  link: (from, to) => link(from, to),
  rename: (from, to) => rename(from, to),
  remove: (path) => unlink(path),

  async syncFolder(folder) {
    // Windows opens no folders; its rename is journalled by NTFS
    if (process.platform === 'win32') return
    await using handle = await open(join(folder, '.'), constants.O_RDONLY)
    await handle.sync()
  },
}

/** Whether `error` is a system error with this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
