import { join } from 'node:path'
import type { CryptoBackend } from '../crypto/backend.ts'
import type { Random } from '../platform/random.ts'
import { IdentityError } from './identity-error.ts'
import { hasCode, type KeyDisk, systemKeyDisk } from './key-disk.ts'
import { decodeKeyFile, encodeKeyFile, type KeySeal } from './key-file.ts'
import { MAX_KEY_FILE_BYTES } from './limits.ts'
import type { NodeIdentity, NodeSeeds } from './node-identity.ts'
import { generateNodeSeeds, nodeIdentityFromSeeds } from './node-identity.ts'
import { formatX0Id, x0IdOf } from './x0-id.ts'

const FOLDER = 'keys'
const CURRENT = 'node.keys'
/** A file that is being written: behind its name stand 16 random hex digits. Whatever is left of one after a crash is no key. */
const UNFINISHED = /^\.unfinished-[0-9a-f]{16}$/

/** What the store needs of its surroundings. */
export interface KeyStoreParts {
  readonly backend: CryptoBackend
  readonly random: Random
  /** The home folder; the keys live in `keys/` below it. */
  readonly home: string
  readonly disk?: KeyDisk
}

/**
 * The node's own keys in `HOME/keys/node.keys`, mode 0600 in a folder of mode 0700.
 *
 * Every change is written to a file of another name, made durable, and then given its name in one step, so that at every
 * moment `node.keys` is missing (before the first), the old keys, or the new ones. One process at a time: the home's lock
 * is the caller's business.
 */
export interface KeyStore {
  /** Whether there are keys, readable or not. */
  exists(): Promise<boolean>
  /**
   * Makes new keys and keeps them. With `seal` they are sealed with a passphrase.
   * @throws IdentityError `key-file-exists`, `key-file-exposed`, `key-file-unreadable`, `passphrase-unfit`
   */
  create(seal?: KeySeal): Promise<NodeIdentity>
  /**
   * Opens the keys.
   * @throws IdentityError `key-file-missing`, `key-file-exposed`, `key-file-damaged`, `key-file-version`,
   * `key-file-unreadable`, `passphrase-needed`, `passphrase-wrong`
   */
  load(passphrase?: string): Promise<NodeIdentity>
  /** Seals the same keys anew, or (without `seal`) takes the seal away. @throws as `load` and `create` */
  reseal(passphrase: string | undefined, seal: KeySeal | undefined): Promise<void>
  /**
   * Puts `successor` in the place of the keys. The old ones stay, as they are sealed, in `retired-X0ID.keys`: old pins may
   * still ask for a statement under the old name.
   * @throws as `load` and `create`
   */
  rotate(passphrase: string | undefined, successor: NodeSeeds, seal: KeySeal | undefined): Promise<NodeIdentity>
}

export function openKeyStore(parts: KeyStoreParts): KeyStore {
  const { backend, random, disk = systemKeyDisk } = parts
  const folder = join(parts.home, FOLDER)
  const current = join(folder, CURRENT)

  async function readSeeds(passphrase: string | undefined): Promise<NodeSeeds> {
    const file = await guarded(current, () => disk.read(current, MAX_KEY_FILE_BYTES))
    if (file === undefined) {
      throw new IdentityError('key-file-missing', `there are no node keys at ${current}: run x0 init, or restore a backup`)
    }
    expectPrivate(current, file.mode, '600')
    expectPrivate(folder, await guarded(folder, () => disk.openFolder(folder)), '700')
    if (file.text.length > MAX_KEY_FILE_BYTES) {
      throw new IdentityError('key-file-damaged', `${current} has more than ${MAX_KEY_FILE_BYTES} bytes: it is no key file`)
    }
    return await decodeKeyFile(backend, file.text, passphrase)
  }

  /** A durable file with these seeds under a name that means nothing yet. */
  async function writeUnfinished(seeds: NodeSeeds, seal: KeySeal | undefined): Promise<string> {
    const text = await encodeKeyFile(backend, random, seeds, seal)
    const path = join(folder, `.unfinished-${Buffer.from(random.bytes(8)).toString('hex')}`)
    expectPrivate(folder, await disk.openFolder(folder), '700')
    for (const name of await disk.list(folder)) if (UNFINISHED.test(name)) await disk.remove(join(folder, name))
    await disk.writeNew(path, text)
    return path
  }

  async function replace(seeds: NodeSeeds, seal: KeySeal | undefined): Promise<void> {
    const unfinished = await writeUnfinished(seeds, seal)
    await disk.rename(unfinished, current)
    await disk.syncFolder(folder)
  }

  /** Keeps today's file under the name of its node. */
  async function retire(seeds: NodeSeeds): Promise<void> {
    const publicKeys = {
      ed25519: backend.importEd25519(seeds.ed25519).publicKey,
      mldsa65: backend.importMlDsa65(seeds.mldsa65).publicKey,
    }
    try {
      await disk.link(current, join(folder, `retired-${formatX0Id(x0IdOf(backend, publicKeys))}.keys`))
    } catch (error) {
      // a rotation that a crash cut short has kept them already
      if (!hasCode(error, 'EEXIST')) throw error
    }
    await disk.syncFolder(folder)
  }

  return {
    async exists() {
      return (await guarded(folder, () => disk.list(folder))).includes(CURRENT)
    },

    async create(seal) {
      const seeds = generateNodeSeeds(random)
      await guarded(current, async () => {
        if ((await disk.list(folder)).includes(CURRENT)) throw alreadyThere(current)
        const unfinished = await writeUnfinished(seeds, seal)
        // link, not rename: it fails where keys exist, so that two processes at once cannot lose one's keys
        await disk.link(unfinished, current)
        await disk.syncFolder(folder)
        await disk.remove(unfinished)
      })
      return await nodeIdentityFromSeeds(backend, seeds)
    },

    async load(passphrase) {
      return await nodeIdentityFromSeeds(backend, await readSeeds(passphrase))
    },

    async reseal(passphrase, seal) {
      const seeds = await readSeeds(passphrase)
      await guarded(current, () => replace(seeds, seal))
    },

    async rotate(passphrase, successor, seal) {
      const old = await readSeeds(passphrase)
      await guarded(current, async () => {
        await retire(old)
        await replace(successor, seal)
      })
      return await nodeIdentityFromSeeds(backend, successor)
    },
  }
}

/** @throws IdentityError `key-file-exposed` where others than the owner have any right to it */
function expectPrivate(path: string, mode: number, wanted: '600' | '700'): void {
  // Windows has no such bits: what it shows there is made up
  if (process.platform === 'win32' || (mode & 0o077) === 0) return
  throw new IdentityError(
    'key-file-exposed',
    `${path} is open to other users (mode ${mode.toString(8)}): run chmod ${wanted} ${path}, and rotate the keys if others may have read them`,
  )
}

/** Gives faults of the disk a name that an operator can act on. */
async function guarded<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof IdentityError) throw error
    if (hasCode(error, 'EEXIST')) throw alreadyThere(path, error)
    throw new IdentityError(
      'key-file-unreadable',
      `cannot use ${path}: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    )
  }
}

function alreadyThere(path: string, cause?: unknown): IdentityError {
  return new IdentityError('key-file-exists', `there are node keys at ${path} already: they are never overwritten`, { cause })
}
