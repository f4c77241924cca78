import { equalBytes } from '../crypto/constant-time.ts'
import { decodeCredential } from './credential.ts'
import { decodeJoinAnswer, type JoinAnswer, refused } from './join-answer.ts'
import type { ReceivedRequest } from './join-request.ts'
import { MAX_FORWARD_TRIES, MAX_FORWARDS } from './limits.ts'
import type { Membership } from './membership.ts'
import { unlessBad } from './trust-error.ts'

/** Brings a request to a member (x0 id, 32 bytes) and its answer back; undefined where it cannot be reached. */
export type Forward = (member: Uint8Array, request: Uint8Array) => Promise<Uint8Array | undefined>

/**
 * Brings requests of applicants to the members that can grant them. What is brought is safe in anybody's hands: a redemption
 * is signed by the token for these keys, a succession by both pairs of keys, and a renewal is of use to its subject alone. A
 * node on the way can drop a request or lie about the answer's reason, and nothing more: what is granted is signed.
 */
export class Forwarder {
  readonly #membership: Membership
  readonly #forward: Forward | undefined
  #underWay = 0

  constructor(membership: Membership, forward: Forward | undefined) {
    this.#membership = membership
    this.#forward = forward
  }

  /** The answer of a member, or why there is none. */
  async bring(request: ReceivedRequest, bytes: Uint8Array): Promise<JoinAnswer> {
    const members = this.#membership.members().map(({ id }) => id)
    if (this.#forward === undefined || request.kind === 'ask') return refused('not-a-sponsor', members)
    if (this.#underWay >= MAX_FORWARDS) return refused('busy')
    this.#underWay += 1
    try {
      return await this.#try(this.#forward, this.#targets(request, members), bytes)
    } finally {
      this.#underWay -= 1
    }
  }

  async #try(forward: Forward, targets: readonly Uint8Array[], bytes: Uint8Array): Promise<JoinAnswer> {
    for (const target of targets) {
      const answer = await forward(target, bytes)
      const read = answer === undefined ? undefined : unlessBad(() => decodeJoinAnswer(answer))
      if (read !== undefined) return read
    }
    return refused('issuer-away')
  }

  /** A token is known to its issuer alone; what a credential says any member can say again, its issuer first. */
  #targets(request: ReceivedRequest, members: readonly Uint8Array[]): readonly Uint8Array[] {
    if (request.kind === 'redeem') return members.filter((member) => equalBytes(member, request.issuer))
    const first = request.kind === 'ask' ? undefined : unlessBad(() => decodeCredential(request.credential).issuer)
    const rank = (member: Uint8Array): number => (first !== undefined && equalBytes(member, first) ? 0 : 1)
    return [...members].sort((one, other) => rank(one) - rank(other)).slice(0, MAX_FORWARD_TRIES)
  }
}
