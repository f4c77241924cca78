import { equalBytes } from '../crypto/constant-time.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import type { Forwarder } from './forwarder.ts'
import type { Genesis } from './genesis.ts'
import { type JoinAnswer, refused } from './join-answer.ts'
import type { ReceivedRequest } from './join-request.ts'
import type { Membership } from './membership.ts'

/** Who brings a request. */
export interface ProvenApplicant {
  /** Proven by the handshake, 32 bytes. */
  readonly x0Id: Uint8Array
  /** IP address, where known: for people, and so that one address does not fill the list of who waits. */
  readonly address?: string | undefined
}

export interface DoorKeeperOptions {
  readonly identity: Pick<NodeIdentity, 'x0Id'>
  readonly genesis: Genesis
  readonly membership: Membership
  readonly forwarder: Forwarder
}

/** What every node of a network says to who wants to come in, a member or not. */
export class DoorKeeper {
  readonly #options: DoorKeeperOptions

  constructor(options: DoorKeeperOptions) {
    this.#options = options
  }

  /** What needs no member's signature: the answer, or undefined where a member has to decide. */
  greet(request: ReceivedRequest, applicant: ProvenApplicant | undefined): JoinAnswer | undefined {
    const { genesis, membership } = this.#options
    if (request.networkId !== undefined && !equalBytes(request.networkId, genesis.id)) return refused('wrong-network')
    if (applicant !== undefined && !equalBytes(applicant.x0Id, request.applicantId)) return refused('key-mismatch')
    if (membership.revocationOf(request.applicantId) !== undefined) return refused('revoked')
    if (genesis.admission === 'open' || membership.isMember(request.applicantId)) return this.admit(undefined)
    return genesis.admission === 'vote' ? refused('admission-by-vote') : undefined
  }

  /** For a node that cannot decide itself: a request that was brought by another node goes no further. */
  pass(request: ReceivedRequest, bytes: Uint8Array, applicant: ProvenApplicant | undefined): Promise<JoinAnswer> | JoinAnswer {
    return applicant === undefined ? refused('not-a-sponsor') : this.#options.forwarder.bring(request, bytes)
  }

  admit(credential: Uint8Array | undefined): JoinAnswer {
    const { identity, genesis } = this.#options
    return { kind: 'admitted', issuer: identity.x0Id, genesis: genesis.bytes, credential }
  }
}
