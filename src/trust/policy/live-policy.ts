import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { Clock, Timer } from '../../platform/clock.ts'
import { CompiledPolicy } from './compile.ts'
import { MAX_POLICY_BYTES, POLICY_POLL_MS } from './limits.ts'
import { PolicyError } from './policy-error.ts'
import { readPolicy } from './read-document.ts'
import { NO_POLICY, type PolicyDocument } from './rule.ts'

/** The document in force. */
export interface PolicyInForce {
  readonly document: PolicyDocument
  readonly compiled: CompiledPolicy
  /** SHA-256 of the file's bytes, hex; undefined where there is no file. */
  readonly hash: string | undefined
  /** Since when it is in force, ms since the Unix epoch. */
  readonly since: number
}

/** `loaded`: another document is in force. `removed`: the file is gone, and everything is denied. `refused`: the old one stays. */
export type PolicyChange =
  | { readonly result: 'loaded'; readonly policy: PolicyInForce }
  | { readonly result: 'removed'; readonly policy: PolicyInForce }
  | { readonly result: 'refused'; readonly error: PolicyError }

export interface LivePolicyOptions {
  /** The file; it may be missing. */
  readonly file: string
  /** The operator wrote its path: that it is missing is then told as a refusal. */
  readonly isNamed: boolean
  readonly clock: Clock
  /** Told of every change, the first document included, and of each reading that is refused. */
  readonly onChange: (change: PolicyChange) => void
}

/**
 * The policy document of a home, as it is now: read at the start, when somebody asks for it (SIGHUP), and when the file
 * changes. A document that cannot be used changes nothing: the one before stays in force, or at the start none, which
 * denies everything. A file that goes away takes its rules with it.
 */
export class LivePolicy {
  readonly #options: LivePolicyOptions
  #current: PolicyInForce
  /** What the file looked like when it was read last; undefined where it was not there. */
  #seen: string | undefined
  #timer: Timer | undefined
  #turn: Promise<void> = Promise.resolve()
  #isClosed = false

  private constructor(options: LivePolicyOptions) {
    this.#options = options
    this.#current = inForce(NO_POLICY, undefined, options.clock.now())
  }

  /** Reads the file and keeps looking at it until `close`. Never fails for what is in the file. */
  static async open(options: LivePolicyOptions): Promise<LivePolicy> {
    const policy = new LivePolicy(options)
    await policy.reload()
    policy.#watch()
    return policy
  }

  get current(): PolicyInForce {
    return this.#current
  }

  get file(): string {
    return this.#options.file
  }

  /** Reads the file again, changed or not. Resolves when what it says is in force or refused. */
  reload(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#read())
    return this.#turn
  }

  /** Ends the looking; what is in force stays. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#turn
  }

  #watch(): void {
    if (this.#isClosed) return
    this.#timer = this.#options.clock.after(POLICY_POLL_MS, () => {
      this.#turn = this.#turn.then(async () => {
        if ((await looksOf(this.#options.file)) !== this.#seen) await this.#read()
        this.#watch()
      })
    })
  }

  async #read(): Promise<void> {
    const { file, clock, onChange } = this.#options
    try {
      // before it is opened: also of a file that cannot be read, which is told once and not at every look
      this.#seen = await looksOf(file)
      const found = await readBounded(file)
      this.#seen = found?.looks
      const hash = found === undefined ? undefined : createHash('sha256').update(found.bytes).digest('hex')
      if (hash === this.#current.hash) {
        if (found === undefined && this.#options.isNamed) throw unreadable(file, 'there is no such file, so everything is denied')
        return
      }
      const document = found === undefined ? NO_POLICY : readPolicy(textOf(found.bytes, file), file)
      this.#current = inForce(document, hash, clock.now())
      onChange({ result: found === undefined ? 'removed' : 'loaded', policy: this.#current })
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      onChange({ result: 'refused', error })
    }
  }
}

function inForce(document: PolicyDocument, hash: string | undefined, since: number): PolicyInForce {
  return { document, compiled: new CompiledPolicy(document), hash, since }
}

function textOf(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw unreadable(file, 'it is not UTF-8', cause)
  }
}

/**
 * Reads the document in `file`, once.
 * @throws PolicyError
 */
export async function readPolicyFile(file: string): Promise<PolicyDocument> {
  const found = await readBounded(file)
  if (found === undefined) throw unreadable(file, 'there is no such file')
  return readPolicy(textOf(found.bytes, file), file)
}

/** What tells one version of a file from another without reading it. */
function looks({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
}

async function looksOf(file: string): Promise<string | undefined> {
  try {
    return looks(await stat(file, { bigint: true }))
  } catch {
    // whatever it is, reading meets it again and says so
    return undefined
  }
}

/** @throws PolicyError unreadable */
async function readBounded(file: string): Promise<{ readonly bytes: Uint8Array; readonly looks: string } | undefined> {
  try {
    await using handle = await open(file, 'r')
    // of what was opened, so that a change after this is one that the next look finds
    const stats = await handle.stat({ bigint: true })
    if (stats.size > MAX_POLICY_BYTES)
      throw unreadable(file, `it has ${stats.size} bytes, at most ${MAX_POLICY_BYTES} are allowed`)
    return { bytes: await handle.readFile(), looks: looks(stats) }
  } catch (error) {
    if (error instanceof PolicyError) throw error
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw unreadable(file, `it cannot be read (${error instanceof Error ? error.message : String(error)})`, error)
  }
}

function unreadable(file: string, message: string, cause?: unknown): PolicyError {
  return new PolicyError({ code: 'unreadable', path: '', where: file, message }, [], { cause })
}
