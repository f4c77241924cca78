import { chmod, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { isTemporaryName, removeTemporaryFiles, writeFileAtomic } from './atomic-file.ts'
import { type HomePaths, homePaths } from './home-paths.ts'
import { liveProcessIn, markOfThisProcess } from './process-mark.ts'
import { Store, type StoreOptions } from './store.ts'
import { StoreError, storeErrorFrom } from './store-error.ts'

/** The layout that this version reads and writes; see `homePaths`. Goes up when an older x0 could not cope with it. */
export const HOME_FORMAT = 1

/** A home folder that this process holds alone until `close`. */
export interface Home {
  readonly paths: HomePaths
  readonly store: Store
  /** True where the home had no version file: it is new. */
  readonly created: boolean
  /** Removes api.json, closes the store and gives the home free. Calling it again is harmless. */
  close(): Promise<void>
}

/**
 * Opens the home folder, making it (0700) where it is missing, and holds it for this process.
 *
 * The lock is LevelDB's own on `store/`: fcntl(2), which the kernel frees when the process ends in whatever way. Nothing
 * is written before it is held, so two processes cannot both think that a left-behind file is stale.
 * @throws StoreError `locked`, `newer`, `foreign`, `permissions`, `corrupt`, `full` or `io`
 */
export async function openHome(folder: string, options: StoreOptions = {}): Promise<Home> {
  const paths = homePaths(folder)
  await makePrivateFolder(paths)
  // Before LevelDB touches anything: a newer version may keep its data in another form.
  await readFormat(paths)
  const store = await lockStore(paths, options)
  try {
    const created = await occupy(paths)
    let closing: Promise<void> | undefined
    return {
      paths,
      store,
      created,
      close() {
        closing ??= leave(paths, store)
        return closing
      },
    }
  } catch (error) {
    await store.close()
    throw storeErrorFrom(error, `open the home ${paths.home}`)
  }
}

async function lockStore(paths: HomePaths, options: StoreOptions): Promise<Store> {
  try {
    return await Store.open(paths.store, options)
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'locked') throw error
    const pid = await liveProcessIn(paths.process)
    // The holder writes its mark right after it got the lock, so for a moment there may be none.
    const who = pid === undefined ? 'a process that is just starting or stopping' : `process ${pid}`
    throw new StoreError(
      'locked',
      `the home ${paths.home} is in use by ${who}; stop it first, or name another home with --home`,
      { cause: error },
    )
  }
}

/** The lock is held: marks the home as ours and removes what a killed process left. */
async function occupy(paths: HomePaths): Promise<boolean> {
  const format = await readFormat(paths)
  await writeFileAtomic(paths.process, await markOfThisProcess(), 0o600)
  await removeTemporaryFiles(paths.home)
  await removeTraces(paths)
  if (format === undefined) await writeFileAtomic(paths.version, `${HOME_FORMAT}\n`, 0o600)
  return format === undefined
}

async function leave(paths: HomePaths, store: Store): Promise<void> {
  try {
    await removeTraces(paths)
    await rm(paths.process, { force: true })
  } finally {
    await store.close()
  }
}

/** api.json and the socket speak of a running node: they go before another may start. */
async function removeTraces(paths: HomePaths): Promise<void> {
  await rm(paths.api, { force: true })
  if (paths.socket !== undefined) await rm(paths.socket, { force: true })
}

async function makePrivateFolder(paths: HomePaths): Promise<void> {
  try {
    await mkdir(paths.home, { recursive: true, mode: 0o700 })
    const info = await stat(paths.home)
    if (!info.isDirectory()) throw new StoreError('foreign', `${paths.home} is not a folder; name another home with --home`)
    await refuseForeign(paths)
    if (process.platform !== 'win32' && (info.mode & 0o077) !== 0) await chmod(paths.home, 0o700)
  } catch (error) {
    const wrapped = storeErrorFrom(error, `make the home ${paths.home} private`)
    if (wrapped.code !== 'permissions') throw wrapped
    throw new StoreError(
      'permissions',
      `${wrapped.message}; use a folder that belongs to the user who runs the node, e.g. one inside it`,
      { cause: error },
    )
  }
}

/**
 * A mistyped --home must not turn somebody's documents folder into a node. An empty folder may become a home, one that
 * holds a version or a config.yaml is one, and so is what a start that was killed half-way leaves.
 */
async function refuseForeign(paths: HomePaths): Promise<void> {
  const names = await readdir(paths.home)
  if (names.includes(basename(paths.version)) || names.includes(basename(paths.config))) return
  const leftovers = [basename(paths.store), basename(paths.process), basename(paths.keys), 'lost+found']
  const stranger = names.find((name) => !leftovers.includes(name) && !isTemporaryName(name))
  if (stranger !== undefined) {
    throw new StoreError(
      'foreign',
      `${paths.home} is no home of a node and not empty (it holds ${stranger}); name an empty or new folder with --home`,
    )
  }
}

/** The format of the home, undefined for a new one. */
async function readFormat(paths: HomePaths): Promise<number | undefined> {
  let text: string
  try {
    text = await readFile(paths.version, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw storeErrorFrom(error, `read ${paths.version}`)
  }
  if (!/^[1-9][0-9]{0,5}\n?$/.test(text)) {
    throw new StoreError('corrupt', `${paths.version} does not hold a version number; restore the home from a backup`)
  }
  const format = Number(text)
  if (format > HOME_FORMAT) {
    throw new StoreError(
      'newer',
      `the home ${paths.home} was written by a newer x0 (format ${format}, this one knows ${HOME_FORMAT}); install that version again, or name another home with --home`,
    )
  }
  return format
}
