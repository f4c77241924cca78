import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { Store } from '../../src/store/store.ts'
import { redeemRequest } from '../../src/trust/applicant.ts'
import { type Credential, decodeCredential } from '../../src/trust/credential.ts'
import type { Forward } from '../../src/trust/forwarder.ts'
import type { Genesis } from '../../src/trust/genesis.ts'
import { parseInvite } from '../../src/trust/invite.ts'
import type { InviteTerms, MadeInvite } from '../../src/trust/invite-desk.ts'
import { decodeJoinAnswer, type JoinAnswer } from '../../src/trust/join-answer.ts'
import { Membership } from '../../src/trust/membership.ts'
import { Sponsor } from '../../src/trust/sponsor.ts'
import type { SponsorEvent } from '../../src/trust/sponsor-event.ts'
import { NATIVE } from '../crypto/backends.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'
import { NOW } from './people.ts'

/** The door of a network at one node, on a store of its own, with a clock that the test moves. */
export class TestDoor {
  readonly identity: NodeIdentity
  readonly genesis: Genesis
  readonly store: Store
  readonly events: SponsorEvent[] = []
  readonly damaged: string[] = []
  readonly clock = { time: NOW, now: (): number => this.clock.time }
  readonly forward: Forward | undefined
  /** Whether it has heard of every revocation. */
  isLevel = true
  membership: Membership
  #sponsor: Sponsor | undefined

  private constructor(store: Store, identity: NodeIdentity, genesis: Genesis, forward: Forward | undefined) {
    this.store = store
    this.identity = identity
    this.genesis = genesis
    this.forward = forward
    this.membership = new Membership({ backend: NATIVE, genesis })
  }

  static async open(t: TestContext, identity: NodeIdentity, genesis: Genesis, forward?: Forward): Promise<TestDoor> {
    const store = await Store.open(await temporaryFolder(t))
    t.after(() => store.close())
    const door = new TestDoor(store, identity, genesis, forward)
    await door.restart()
    return door
  }

  get sponsor(): Sponsor {
    assert.ok(this.#sponsor !== undefined)
    return this.#sponsor
  }

  /** Forgets all that is in memory but the revocations, which the node loads apart. */
  async restart(): Promise<void> {
    this.membership = new Membership({ backend: NATIVE, genesis: this.genesis, revocations: this.membership.revocations() })
    this.#sponsor = await Sponsor.open({
      backend: NATIVE,
      identity: this.identity,
      membership: this.membership,
      store: this.store,
      clock: this.clock,
      random: systemRandom,
      isLevel: () => this.isLevel,
      report: (event) => this.events.push(event),
      onDamaged: (namespace, key) => this.damaged.push(`${namespace}/${key}`),
      ...(this.forward === undefined ? {} : { forward: this.forward }),
    })
  }

  invite(terms: InviteTerms = {}): Promise<MadeInvite> {
    return this.sponsor.invite(terms, [{ address: '/ip4/192.0.2.1/tcp/4001', x0Id: this.identity.x0Id }])
  }

  /** What a node that proved these keys is answered. */
  async bring(request: Uint8Array, applicant: Pick<NodeIdentity, 'x0Id'> | undefined, address?: string): Promise<JoinAnswer> {
    const proven = applicant === undefined ? undefined : { x0Id: applicant.x0Id, address }
    return decodeJoinAnswer(await this.sponsor.answer(request, proven))
  }

  async redeem(line: string, applicant: NodeIdentity, name?: string): Promise<JoinAnswer> {
    return this.bring(await redeemRequest(NATIVE, applicant, parseInvite(line), name), applicant)
  }
}

/** `admitted`, `pending` or the code of the refusal. */
export function outcome(answer: JoinAnswer): string {
  return answer.kind === 'refused' ? answer.code : answer.kind
}

/** The credential of an answer that has one. */
export function granted(answer: JoinAnswer): Credential {
  assert.ok(answer.kind === 'admitted' && answer.credential !== undefined, `not admitted: ${outcome(answer)}`)
  return decodeCredential(answer.credential)
}
