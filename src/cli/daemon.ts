import { readFile } from 'node:fs/promises'
import { homePaths } from '../store/home-paths.ts'
import { CommandFailure } from './failure.ts'
import type { Call } from './terminal.ts'

/** How to reach the admin API of a node. */
export interface Endpoint {
  /** Path of the unix socket, tried first. */
  readonly socket: string | undefined
  readonly url: URL | undefined
  readonly token: string | undefined
}

/**
 * What a command reads in `DIR/api.json`. Not through store/api-file.ts: its checker takes longer to load than all the
 * rest of a command.
 */
interface ApiFile {
  readonly pid: number
  readonly admin: string | null
  readonly socket: string | null
  readonly tokenFile: string | null
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
  const api = await readApiFile(call.home)
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

async function readApiFile(home: string): Promise<ApiFile | undefined> {
  const { api: path } = homePaths(home)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (isErrno(cause, 'ENOENT') || isErrno(cause, 'ENOTDIR')) return undefined
    if (isErrno(cause, 'EACCES')) throw denied(path, cause)
    throw new CommandFailure('failure', `${path} cannot be read.`, { cause })
  }
  const document = parse(text)
  if (document === undefined) {
    throw new CommandFailure('failure', `${path} is not what this version of x0 writes.`, {
      hint: 'Use the x0 that runs the node, or stop the node and remove that file.',
    })
  }
  return document
}

function parse(text: string): ApiFile | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('schema' in value) || value.schema !== 'x0.api/v1') return undefined
    const part = (name: string): string | null => {
      const found: unknown = Reflect.get(value, name)
      return typeof found === 'string' && found !== '' ? found : null
    }
    const pid = 'pid' in value && Number.isInteger(value.pid) ? Number(value.pid) : 0
    const admin = part('admin')
    if (pid <= 0 || (admin !== null && !URL.canParse(admin))) return undefined
    return { pid, admin, socket: part('socket'), tokenFile: part('tokenFile') }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The home's own token goes only to the very port that its api.json names: --api may name anybody. */
async function tokenForUrl(call: Call, url: URL): Promise<string | undefined> {
  const api = await readApiFile(call.home)
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
