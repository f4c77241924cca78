import type { CreateNetworkRequest } from '../admin/network-documents.ts'
import { NodeFault } from '../admin/node-view.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Clock } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import type { Store } from '../store/store.ts'
import type { Admission } from '../trust/applicant.ts'
import type { Door } from '../trust/doors.ts'
import { makeGenesis } from '../trust/genesis.ts'
import { parseInvite } from '../trust/invite.ts'
import { NONCE_BYTES } from '../trust/limits.ts'
import { Membership } from '../trust/membership.ts'
import { NetworkShelf } from '../trust/network-shelf.ts'
import { openNetwork } from '../trust/open-network.ts'
import { TrustError } from '../trust/trust-error.ts'
import { defaultNodeName } from './node-name.ts'
import type { Place } from './place.ts'

export interface NetworkHomeOptions {
  readonly crypto: CryptoBackend
  readonly identity: NodeIdentity
  readonly clock: Pick<Clock, 'now'>
  readonly random: Pick<Random, 'bytes'>
  readonly store: Store
  readonly onDamaged: (namespace: string, key: string) => void
}

/** What the home says of its network, and how that changes; the node's seat is somebody else's business. */
export class NetworkHome {
  readonly #options: NetworkHomeOptions
  readonly #shelf: NetworkShelf

  private constructor(options: NetworkHomeOptions, shelf: NetworkShelf) {
    this.#options = options
    this.#shelf = shelf
  }

  /** @throws TrustError `damaged`, StoreError */
  static async open(options: NetworkHomeOptions): Promise<NetworkHome> {
    const { crypto: backend, store, onDamaged } = options
    return new NetworkHome(options, await NetworkShelf.open({ backend, store, onDamaged }))
  }

  /** Where the node belongs: the network of the home, or the open one. */
  place(): Place {
    const shelf = this.#shelf
    const { kept, membership } = shelf
    if (kept === undefined) return this.openPlace()
    const { genesis, doors } = kept
    return {
      network: { name: genesis.name, id: genesis.id },
      genesis,
      membership,
      doors,
      damaged: shelf.isDamaged,
      credential: () => {
        const current = shelf.kept
        return current !== undefined && equalBytes(current.genesis.id, genesis.id) ? current.credential : undefined
      },
      keepCredential: (bytes) => shelf.keepCredential(genesis.id, bytes),
      keepRevocation: (subject) => shelf.keepRevocation(genesis.id, subject),
      markSynced: () => shelf.markSynced(genesis.id, this.#options.clock.now()),
    }
  }

  /** The network of everybody, which nothing is kept of. */
  openPlace(): Place {
    const { crypto } = this.#options
    return {
      network: openNetwork(crypto),
      genesis: undefined,
      membership: new Membership({ backend: crypto, genesis: undefined }),
      doors: [],
      damaged: false,
      credential: () => undefined,
      keepCredential: () => Promise.resolve(),
      keepRevocation: () => Promise.resolve(),
      markSynced: () => Promise.resolve(),
    }
  }

  /** Founds a network with this node as its only member. @throws TrustError `bad-name`, `other-network`; StoreError */
  async found({ name, admission = 'sponsor', nodeName, groups = [] }: CreateNetworkRequest): Promise<Place> {
    this.expectNone()
    const { crypto, identity, clock, random } = this.#options
    const { ed25519, mldsa65 } = identity
    const founder = { name: nodeName ?? defaultNodeName(formatX0Id(identity.x0Id)), ed25519, mldsa65, weight: 1, groups }
    const content = { name, createdAt: clock.now(), nonce: random.bytes(NONCE_BYTES), admission, founders: [founder] }
    await this.#shelf.enter({ genesis: makeGenesis(crypto, content), credential: undefined, doors: [] })
    return this.place()
  }

  /** @throws TrustError `other-network`, StoreError */
  async enter({ genesis, credential }: Admission, doors: readonly Door[]): Promise<Place> {
    await this.#shelf.enter({ genesis, credential, doors })
    return this.place()
  }

  /** Nothing of the network stays. @throws StoreError */
  async forget(): Promise<void> {
    await this.#shelf.forget()
  }

  /** Whether the line is an invite into the network that this node is in. */
  isInvitedHome(line: string): boolean {
    const { kept } = this.#shelf
    if (kept === undefined || line.trim().startsWith('/')) return false
    try {
      return equalBytes(parseInvite(line).networkId, kept.genesis.id)
    } catch (error) {
      // what is wrong with it is told by who tries to use it
      if (error instanceof TrustError) return false
      throw error
    }
  }

  /** @throws NodeFault `in-network` */
  expectNone(): void {
    const { kept } = this.#shelf
    if (kept !== undefined) throw new NodeFault('in-network', `this node is in the network ${kept.genesis.name} already`)
  }

  /** @throws NodeFault `no-network`, `last-member` */
  expectMayLeave(force: boolean): void {
    const { kept, membership } = this.#shelf
    if (kept === undefined) throw new NodeFault('no-network', 'this node is in the open network, which nobody can leave')
    const isLast = membership.members().length === 1 && membership.isMember(this.#options.identity.x0Id)
    if (isLast && !force) {
      throw new NodeFault('last-member', `this node is the only member of ${kept.genesis.name}, and its keys cannot come back`)
    }
  }
}
