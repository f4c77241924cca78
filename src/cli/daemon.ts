import { readFile } from 'node:fs/promises'
import { type ApiFile, readApiFile } from '../store/api-file.ts'
import { homePaths } from '../store/home-paths.ts'
import { StoreError } from '../store/store-error.ts'
import { CommandFailure } from './failure.ts'
import { sentence } from './sentence.ts'
import type { Call } from './terminal.ts'

/** How to reach the admin API of a node. */
export interface Endpoint {
  /** Path of the unix socket, tried first. */
  readonly socket: string | undefined
  readonly url: URL | undefined
  readonly token: string | undefined
}

/**
 * Finds the node that this call is about: the one at `--api`, else the one that runs in the home folder.
 * @throws CommandFailure noDaemon, denied
 */
export async function findDaemon(call: Call): Promise<Endpoint> {
  const token = call.terminal.env.X0_TOKEN
  if (call.api !== undefined) {
    return { socket: undefined, url: call.api, token: token ?? (await tokenForUrl(call, call.api)) }
  }
  const api = await apiOf(call.home)
  if (api === undefined) throw noDaemon(call)
  if (!alive(api.pid)) throw noDaemon(call, `The node that ran there (process ${api.pid}) is gone without a goodbye.`)
  return {
    socket: process.platform === 'win32' ? undefined : (api.socket ?? undefined),
    url: api.admin === null ? undefined : new URL(api.admin),
    token: token ?? (api.tokenFile === null ? undefined : await readToken(api.tokenFile)),
  }
}

/** The failure of a call for which no node answers. */
export function noDaemon(call: Call, detail = '', options: ErrorOptions = {}): CommandFailure {
  const where = call.api === undefined ? `runs in ${call.home}` : `answers at ${call.api.origin}`
  const start = call.api === undefined ? `Start it with \`x0 run --home ${call.home}\`, or name` : 'Start it, or name'
  return new CommandFailure('noDaemon', [`No node ${where}.`, detail].filter(Boolean).join(' '), {
    ...options,
    hint: `${start} another one with --home or --api.`,
  })
}

async function apiOf(home: string): Promise<ApiFile | undefined> {
  try {
    return await readApiFile(homePaths(home))
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause
    if (cause.code === 'permissions') throw denied(homePaths(home).api, cause)
    throw new CommandFailure('failure', sentence(cause.message), { cause })
  }
}

/** The home's own token goes only to the very port that its api.json names: --api may name anybody. */
async function tokenForUrl(call: Call, url: URL): Promise<string | undefined> {
  const api = await apiOf(call.home)
  if (api === undefined || api.tokenFile === null || api.admin === null) return undefined
  return new URL(api.admin).origin === url.origin ? readToken(api.tokenFile) : undefined
}

async function readToken(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim() || undefined
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined
    if (isErrno(cause, 'EACCES')) throw denied(path, cause)
    throw new CommandFailure('failure', `The token ${path} cannot be read.`, { cause })
  }
}

function denied(path: string, cause: unknown): CommandFailure {
  return new CommandFailure('denied', `${path} may not be read by this user.`, {
    cause,
    hint: 'Run the command as the user who runs the node, or give a token in X0_TOKEN and the URL in --api.',
  })
}

/** True where a process with this id exists, whoever owns it. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isErrno(error, 'EPERM')
  }
}

/** True where `error` is the operating system's error `code`. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
