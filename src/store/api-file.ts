import { open } from 'node:fs/promises'
import Type, { type Static } from 'typebox'
import { typeboxValue } from '../platform/typebox-value.ts'
import { writeFileAtomic } from './atomic-file.ts'
import type { HomePaths } from './home-paths.ts'
import { MAX_API_FILE_BYTES } from './limits.ts'
import { StoreError, storeErrorFrom } from './store-error.ts'

/** `api.json` in the home: how commands, scripts and other nodes find the running node. Removed when the home closes. */
export const ApiFile = Type.Object({
  schema: Type.Literal('x0.api/v1'),
  pid: Type.Integer({ minimum: 1 }),
  admin: Type.Union([Type.String(), Type.Null()], { description: 'base URL of the HTTP port' }),
  socket: Type.Union([Type.String(), Type.Null()], { description: 'path of the unix socket' }),
  tokenFile: Type.Union([Type.String(), Type.Null()], { description: 'path of the token' }),
  peerId: Type.String(),
  x0Id: Type.String(),
  addresses: Type.Array(Type.String(), { description: 'multiaddrs it listens on' }),
  bootstrap: Type.Array(Type.String(), { description: "lines ready for another node's --bootstrap" }),
})
export type ApiFile = Static<typeof ApiFile>

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
  const value = parse(text)
  if (!typeboxValue().Check(ApiFile, value)) {
    throw new StoreError(
      'corrupt',
      `${paths.api} is not what this version of x0 writes; use the x0 that runs the node, or stop the node and remove the file`,
    )
  }
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

async function readBounded(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    if (size > MAX_API_FILE_BYTES)
      throw new StoreError('corrupt', `${path} has ${size} bytes, at most ${MAX_API_FILE_BYTES} are expected`)
    return await file.readFile('utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw storeErrorFrom(error, `read ${path}`)
  }
}
