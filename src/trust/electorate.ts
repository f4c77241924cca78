import type { CryptoBackend } from '../crypto/backend.ts'
import { type CompositeVerifier, compositePublicKey, importCompositePublic } from '../crypto/composite.ts'
import { formatX0Id, x0IdOf } from '../identity/x0-id.ts'
import { spiffeId } from './credential.ts'
import type { Founder, Genesis } from './genesis.ts'

/** A node in the electorate: it may let others in, revoke, and vote. */
export interface Member extends Founder {
  /** Text form. */
  readonly x0Id: string
  /** The same, 32 bytes. */
  readonly id: Uint8Array
  readonly spiffeId: string
}

/** Who the members are. Today they are the founders. */
export class Electorate {
  readonly #backend: CryptoBackend
  readonly #members: ReadonlyMap<string, Member>
  readonly #verifiers = new Map<string, CompositeVerifier>()

  constructor(backend: CryptoBackend, genesis: Genesis | undefined) {
    this.#backend = backend
    const members = (genesis?.founders ?? []).map((founder): Member => {
      const id = x0IdOf(backend, founder)
      return { ...founder, id, x0Id: formatX0Id(id), spiffeId: spiffeId(genesis?.name ?? '', founder.name) }
    })
    this.#members = new Map(members.map((member) => [member.x0Id, member]))
  }

  /** Ascending by name. */
  list(): readonly Member[] {
    return [...this.#members.values()]
  }

  member(x0Id: Uint8Array): Member | undefined {
    return this.#members.get(formatX0Id(x0Id))
  }

  /** What checks a member's signatures; the import costs as much as a check and is kept. Undefined for who is no member. */
  verifier(x0Id: Uint8Array): CompositeVerifier | undefined {
    const member = this.member(x0Id)
    if (member === undefined) return undefined
    const known = this.#verifiers.get(member.x0Id)
    if (known !== undefined) return known
    const verifier = importCompositePublic(this.#backend, compositePublicKey(member))
    this.#verifiers.set(member.x0Id, verifier)
    return verifier
  }
}
