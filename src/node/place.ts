import type { Door } from '../trust/doors.ts'
import type { Genesis } from '../trust/genesis.ts'
import type { Membership } from '../trust/membership.ts'
import type { NetworkName } from '../trust/open-network.ts'

/** What a home says of its network, checked, and what is kept of it while the node runs. */
export interface Place {
  readonly network: NetworkName
  /** Undefined in the open network. */
  readonly genesis: Genesis | undefined
  readonly membership: Membership
  /** Ways into the network that this node knows of, best first. */
  readonly doors: readonly Door[]
  /** A revocation on the disk could not be read: it must be told again. */
  readonly damaged: boolean
  /** This node's own credential; undefined for founders and where none is needed. */
  credential(): Uint8Array | undefined
  /** On the disk (fsync) when it resolves, and shown in handshakes from then on. @throws StoreError */
  keepCredential(bytes: Uint8Array): Promise<void>
  /** Puts what the membership has taken about a subject (x0 id, 32 bytes) on the disk (fsync). @throws StoreError */
  keepRevocation(subject: Uint8Array): Promise<void>
  /** All that others know of revocations is here now. @throws StoreError */
  markSynced(): Promise<void>
}
