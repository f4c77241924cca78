import type { LoadedConfig } from '../config/origin.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import type { BlockBook } from '../host/block-book.ts'
import type { HomeShelves } from '../host/home-shelves.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import type { Telemetry } from '../observe/telemetry.ts'
import type { Clock } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import type { Home } from '../store/home.ts'
import type { Access } from './access.ts'

/** What a node has from its start to its end, whichever network it is in. */
export interface NodeParts {
  readonly loaded: LoadedConfig
  readonly version: string
  readonly crypto: CryptoBackend
  readonly identity: NodeIdentity
  readonly clock: Clock
  readonly random: Random
  readonly home: Home
  readonly shelves: HomeShelves
  /** Whom the operator keeps out, whatever the network. */
  readonly blocks: BlockBook
  readonly telemetry: Telemetry
  readonly access: Access
}
