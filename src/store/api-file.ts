import { open } from 'node:fs/promises'
import { writeFileAtomic } from './atomic-file.ts'
import type { HomePaths } from './home-paths.ts'
import { MAX_API_FILE_BYTES } from './limits.ts'
import { StoreError, storeErrorFrom } from './store-error.ts'

/** `api.json` in the home: how commands, scripts and other nodes find the running node. Removed when the home closes. */
export interface ApiFile {
  readonly schema: 'x0.api/v1'
  readonly pid: number
  /** Base URL of the HTTP port. */
  readonly admin: string | null
  /** Path of the unix socket. */
  readonly socket: string | null
  /** Path of the token. */
  readonly tokenFile: string | null
  readonly peerId: string
  readonly x0Id: string
  /** Multiaddrs it listens on. */
  readonly addresses: readonly string[]
  /** Lines ready for another node's --bootstrap. */
  readonly bootstrap: readonly string[]
}

/**
 * Writes api.json whole or not at all, readable by the owner only.
 * @throws StoreError `full`, `permissions` or `io`
 */
export async function writeApiFile(paths: HomePaths, content: ApiFile): Promise<void> {
  await writeFileAtomic(paths.api, `${JSON.stringify(content, undefined, 2)}\n`, 0o600)
}

/**
 * What api.json says, undefined where there is none. After a kill -9 it may speak of a node that is gone.
 * @throws StoreError `corrupt` where it is not what this version writes, `permissions` or `io`
 */
export async function readApiFile(paths: HomePaths): Promise<ApiFile | undefined> {
  const text = await readBounded(paths.api)
  if (text === undefined) return undefined
  const content = parse(text)
  if (content === undefined) {
    throw new StoreError(
      'corrupt',
      `${paths.api} is not what this version of x0 writes; use the x0 that runs the node, or stop the node and remove the file`,
    )
  }
  return content
}

/** By hand: a schema library takes longer to load than all the rest of a command. */
function parse(text: string): ApiFile | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (typeof value !== 'object' || value === null || !('schema' in value) || value.schema !== 'x0.api/v1') return undefined
  const field = (name: keyof ApiFile): unknown => Reflect.get(value, name)
  const [pid, admin, socket, tokenFile] = [field('pid'), field('admin'), field('socket'), field('tokenFile')]
  const [peerId, x0Id, addresses, bootstrap] = [field('peerId'), field('x0Id'), field('addresses'), field('bootstrap')]
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined
  if (!isTextOrNull(admin) || (admin !== null && !URL.canParse(admin))) return undefined
  if (!isTextOrNull(socket) || !isTextOrNull(tokenFile)) return undefined
  if (typeof peerId !== 'string' || typeof x0Id !== 'string' || !isTexts(addresses) || !isTexts(bootstrap)) return undefined
  return { schema: 'x0.api/v1', pid, admin, socket, tokenFile, peerId, x0Id, addresses, bootstrap }
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && value !== '')
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

async function readBounded(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    if (size > MAX_API_FILE_BYTES)
      throw new StoreError('corrupt', `${path} has ${size} bytes, at most ${MAX_API_FILE_BYTES} are expected`)
    return await file.readFile('utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined
    throw storeErrorFrom(error, `read ${path}`)
  }
}
