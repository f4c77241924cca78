import { join, resolve } from 'node:path'
import { MAX_SOCKET_PATH_BYTES } from './limits.ts'

/** Where everything of a node lies. All absolute. */
export interface HomePaths {
  readonly home: string
  /** Format of the home, one number. */
  readonly version: string
  /** The settings, written by the operator. */
  readonly config: string
  /** Who may do what here, written by the operator. */
  readonly policy: string
  /** Our own LevelDB, with checked values; its lock is the lock of the home. */
  readonly store: string
  /**
   * libp2p's LevelDBs (peer store, DHT), one a network. Apart from ours: datastore-level opens its own database with values as they
   * are, and all in them can be learned anew, so they may be deleted without loss.
   */
  readonly datastores: string
  /** The key store's folder. */
  readonly keys: string
  /** The token of the admin port, 0600. */
  readonly token: string
  /** How commands find the running node. */
  readonly api: string
  /** The unix socket of the admin port; undefined where its path would be too long for the operating system. */
  readonly socket: string | undefined
  /** Which process uses the home, for messages. */
  readonly process: string
}

export function homePaths(folder: string): HomePaths {
  const home = resolve(folder)
  const socket = join(home, 'x0.sock')
  return {
    home,
    version: join(home, 'version'),
    config: join(home, 'config.yaml'),
    policy: join(home, 'policy.yaml'),
    store: join(home, 'store'),
    datastores: join(home, 'datastores'),
    keys: join(home, 'keys'),
    token: join(home, 'token'),
    api: join(home, 'api.json'),
    socket: Buffer.byteLength(socket) <= MAX_SOCKET_PATH_BYTES ? socket : undefined,
    process: join(home, 'process.json'),
  }
}

/** libp2p's LevelDB for a network, by the first 12 hex digits of its id: peers of one network mean nothing in another. */
export function datastorePath(paths: HomePaths, network: string): string {
  return join(paths.datastores, network)
}
