import { lstat, open } from 'node:fs/promises'
import { ConfigError } from '../config/config-error.ts'
import { type EditableList, editLists, type ListEdit } from '../config/edit-list.ts'
import { MAX_FILE_BYTES } from '../config/limits.ts'
import { describeOrigin, type LoadedConfig } from '../config/origin.ts'
import { planReload } from '../config/reload.ts'
import { writeFileAtomic } from '../store/atomic-file.ts'
import { StoreError } from '../store/store-error.ts'
import { NodeFault } from './node-view.ts'

/** Mode of a file that did not exist: its lines say with whom this node has to do. */
const NEW_FILE_MODE = 0o600

/**
 * Writes what a command changes into the configuration file of the home, where a restart finds it. What cannot be
 * written without harm is refused before anything happens.
 */
export class ConfigSaver {
  /** The file of the home, absolute. */
  readonly #path: string
  #loaded: LoadedConfig
  #work: Promise<void> = Promise.resolve()

  constructor(path: string, loaded: LoadedConfig) {
    this.#path = path
    this.#loaded = loaded
  }

  /** The configuration was read anew. */
  reloaded(loaded: LoadedConfig): void {
    this.#loaded = loaded
  }

  /** What gives this list its value: `--bootstrap`, `X0_PEERS_PERSISTENT`, `.../config.yaml line 3` or `default`. */
  originOf(list: EditableList): string {
    return describeOrigin(this.#loaded.origins.get(list) ?? { kind: 'default' })
  }

  /** True where a change of the file changes the list: no flag or variable hides it. */
  isWritable(list: EditableList): boolean {
    const kind = this.#loaded.origins.get(list)?.kind ?? 'default'
    return kind === 'file' || kind === 'default'
  }

  /**
   * Changes lists in the file, one call after another. @returns whether the file was changed
   * @throws NodeFault `not-saved`, and the file is as it was
   */
  edit(edits: readonly ListEdit[]): Promise<boolean> {
    const editing = this.#work.then(() => this.#edit(edits))
    this.#work = editing.then(
      () => undefined,
      () => undefined,
    )
    return editing
  }

  async #edit(edits: readonly ListEdit[]): Promise<boolean> {
    const { file } = this.#loaded
    if (file !== undefined && file !== this.#path) {
      throw notSaved(`this node reads ${file}, which is not in its home; change it there`)
    }
    try {
      const before = await readOwn(this.#path)
      const text = editLists(before?.text ?? '', this.#path, edits)
      if (text === (before?.text ?? '')) return false
      this.#check(before?.text, text, edits)
      // somebody may have it open in an editor
      if ((await readOwn(this.#path))?.text !== before?.text) throw notSaved('the file was changed at the same moment; try again')
      const loaded = this.#loaded.withFile(this.#path, text)
      await writeFileAtomic(this.#path, text, before?.mode ?? NEW_FILE_MODE)
      this.#loaded = loaded
      return true
    } catch (error) {
      if (error instanceof ConfigError || error instanceof StoreError) throw notSaved(error.message, error)
      throw error
    }
  }

  /** The new text must load, and say of everything else what the old one said. @throws ConfigError, NodeFault */
  #check(before: string | undefined, after: string, edits: readonly ListEdit[]): void {
    const old = this.#loaded.withFile(this.#path, before ?? '').config
    const { live, restart } = planReload(old, old, this.#loaded.withFile(this.#path, after).config)
    const other = [...live, ...restart].find((path) => !edits.some(({ list }) => list === path))
    if (other !== undefined) throw notSaved(`the change would touch ${other} as well; edit the file by hand`)
  }
}

/**
 * The file, where it is one that this node may replace: a plain one of its own user. A link leads to somebody else's file,
 * or to one that a tool manages; a rename would cut it off. @throws NodeFault `not-saved`
 */
async function readOwn(path: string): Promise<{ readonly text: string; readonly mode: number } | undefined> {
  try {
    const entry = await lstat(path)
    if (!entry.isFile()) throw notSaved(`${path} is no plain file; change what it stands for`)
    if (process.getuid !== undefined && entry.uid !== process.getuid()) {
      throw notSaved(`${path} belongs to another user (${entry.uid}); change it as that user`)
    }
    if ((entry.mode & 0o200) === 0) throw notSaved(`${path} is write-protected`)
    if (entry.size > MAX_FILE_BYTES) throw notSaved(`${path} has more than ${MAX_FILE_BYTES} bytes`)
    await using file = await open(path, 'r')
    return { text: await file.readFile('utf8'), mode: entry.mode & 0o777 }
  } catch (cause) {
    if (cause instanceof NodeFault) throw cause
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw notSaved(`${path} cannot be read (${cause instanceof Error ? cause.message : String(cause)})`, cause)
  }
}

function notSaved(why: string, cause?: unknown): NodeFault {
  return new NodeFault('not-saved', `nothing was changed: ${why}`, cause === undefined ? {} : { cause })
}
