import { parseX0Id } from '../identity/x0-id.ts'
import type { Credential } from './credential.ts'
import type { IgnoredAskers } from './ignored-askers.ts'
import type { Issuer } from './issuer.ts'
import type { Membership } from './membership.ts'
import { expectNodeName, orderedGroups } from './names.ts'
import type { PendingAsk, PendingList } from './pending-list.ts'
import { isX0Id } from './policy/selector.ts'
import { TrustError } from './trust-error.ts'
import { grantableValidity } from './validity.ts'

/** What an operator gives a node that knocked. */
export interface Acceptance {
  /** Default: the name it wished. */
  readonly name?: string
  /** Default: none. */
  readonly groups?: readonly string[]
  /** Of the credential, ms; default 30 days, at most 90. */
  readonly validityMs?: number
}

export interface AskerDeskOptions {
  readonly membership: Membership
  readonly issuer: Issuer
  readonly pending: PendingList
  readonly ignored: IgnoredAskers
}

/** The operator's word on those who knocked. Only one call may run at a time. */
export class AskerDesk {
  readonly #options: AskerDeskOptions

  constructor(options: AskerDeskOptions) {
    this.#options = options
  }

  /** @throws TrustError `unknown-asker`, `ambiguous`, `name-required`, `bad-name`, `name-taken`, `revoked`, `too-many`; StoreError */
  async accept(who: string, acceptance: Acceptance, now: number): Promise<Credential> {
    const { membership, issuer, pending, ignored } = this.#options
    const { x0Id, name: wished } = this.#find(who, now)
    const subject = parseX0Id(x0Id)
    const name = acceptance.name ?? wished
    if (name === undefined) throw new TrustError('name-required', 'this node wished no name: give it one with --name')
    expectNodeName(name)
    if (membership.revocationOf(subject) !== undefined) {
      throw new TrustError('revoked', `${x0Id} was revoked, for ever: its owner has to make new keys`)
    }
    if (issuer.isTaken(name, subject, now)) {
      throw new TrustError('name-taken', `another node has the name ${name}: give this one another with --name`)
    }
    if (issuer.isFull(now)) throw new TrustError('too-many', 'this member has issued as many credentials as it keeps')
    const groups = orderedGroups(acceptance.groups ?? [])
    const validityMs = grantableValidity(acceptance.validityMs)
    const credential = await issuer.issue({ subject, name, groups, validityMs }, now)
    pending.remove(x0Id)
    await ignored.remove(x0Id)
    return credential
  }

  /** @throws TrustError `unknown-asker`, `ambiguous`; StoreError */
  async ignore(who: string, now: number): Promise<void> {
    const { x0Id } = this.#find(who, now)
    await this.#options.ignored.add(x0Id, parseX0Id(x0Id), now)
    this.#options.pending.remove(x0Id)
  }

  /** By x0 id, of those who wait or are ignored, or by the name that one of those who wait wished. */
  #find(who: string, now: number): Pick<PendingAsk, 'x0Id' | 'name'> {
    const { pending, ignored } = this.#options
    const waiting = pending.list(now).filter(({ x0Id, name }) => x0Id === who || (name === who && !isX0Id(who)))
    if (waiting.length > 1) {
      throw new TrustError('ambiguous', `${waiting.length} nodes wish the name ${who}: say which by its x0 id`)
    }
    const [only] = waiting
    if (only !== undefined) return only
    if (ignored.has(who)) return { x0Id: who, name: undefined }
    throw new TrustError('unknown-asker', `nobody called ${who} waits here: \`x0 pending\` lists who does`)
  }
}
