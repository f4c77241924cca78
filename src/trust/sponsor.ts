import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Clock } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import type { Store } from '../store/store.ts'
import { StoreError } from '../store/store-error.ts'
import { type Acceptance, AskerDesk } from './asker-desk.ts'
import { type Credential, decodeCredential } from './credential.ts'
import { DoorKeeper, type ProvenApplicant } from './door-keeper.ts'
import type { Door } from './doors.ts'
import { type Forward, Forwarder } from './forwarder.ts'
import type { Genesis } from './genesis.ts'
import { IgnoredAskers } from './ignored-askers.ts'
import { InviteDesk, type InviteTerms, type ListedInvite, type MadeInvite } from './invite-desk.ts'
import { IssuedBook, type ListedCredential, listedCredential, serialOf } from './issued-book.ts'
import { Issuer } from './issuer.ts'
import { encodeJoinAnswer, type JoinAnswer, refused } from './join-answer.ts'
import { JoinDesk } from './join-desk.ts'
import { decodeJoinRequest, type ReceivedRequest } from './join-request.ts'
import { MAX_WAITING_REQUESTS } from './limits.ts'
import type { Membership } from './membership.ts'
import { OneByOne } from './one-by-one.ts'
import { type PendingAsk, PendingList } from './pending-list.ts'
import type { Revocation } from './revocation.ts'
import { loadShelf, type OnDamaged } from './shelf-load.ts'
import { SHELVES } from './shelf-names.ts'
import type { SponsorEvent } from './sponsor-event.ts'
import { TokenBook, tokenKey } from './token-book.ts'
import { decodeTokenEntry } from './token-entry.ts'
import { TrustError, unlessBad } from './trust-error.ts'

export interface SponsorOptions {
  readonly backend: CryptoBackend
  readonly identity: NodeIdentity
  readonly membership: Membership
  readonly store: Pick<Store, 'namespace' | 'batch'>
  readonly clock: Pick<Clock, 'now'>
  readonly random: Pick<Random, 'bytes'>
  readonly report: (event: SponsorEvent) => void
  /** Told of each value of the home that is damaged: an invite is then unknown, an issued credential forgotten. */
  readonly onDamaged: OnDamaged
  /** Whether somebody whose credential holds may have it renewed here; by default everybody may. */
  readonly mayRenew?: (credential: Credential) => boolean
  /** False while this node may not know who was revoked: then it lets nobody in. */
  readonly isLevel?: () => boolean
  /** Brings requests to other members; without it their applicants are told whom to turn to. */
  readonly forward?: Forward
}

interface Shelves {
  readonly tokens: TokenBook
  readonly issued: IssuedBook
  readonly ignored: IgnoredAskers
}

/**
 * The door of a network at one node. Every node answers applicants; a member also makes invites, decides, and revokes. All
 * that is granted is on disk (fsync) before it is told; one thing is decided after another.
 */
export class Sponsor {
  readonly #options: SponsorOptions
  readonly #genesis: Genesis
  readonly #issuer: Issuer
  readonly #pending = new PendingList()
  readonly #keeper: DoorKeeper
  readonly #joins: JoinDesk
  readonly #invites: InviteDesk
  readonly #askers: AskerDesk
  readonly #turns = new OneByOne()
  #isClosed = false

  private constructor(options: SponsorOptions, genesis: Genesis, { tokens, issued, ignored }: Shelves) {
    const { backend, identity, membership, store, random, report } = options
    const [pending, invites] = [this.#pending, store.namespace(SHELVES.invites)]
    this.#options = options
    this.#genesis = genesis
    this.#issuer = new Issuer({
      identity,
      genesis,
      membership,
      random,
      store,
      issued: store.namespace(SHELVES.issued),
      revocations: store.namespace(SHELVES.revocations),
      book: issued,
    })
    const issuer = this.#issuer
    this.#keeper = new DoorKeeper({ identity, genesis, membership, forwarder: new Forwarder(membership, options.forward) })
    this.#invites = new InviteDesk({ backend, genesis, issuer: identity.x0Id, tokens, invites, store, random })
    this.#askers = new AskerDesk({ membership, issuer, pending, ignored })
    this.#joins = new JoinDesk({
      backend,
      membership,
      keeper: this.#keeper,
      issuer,
      tokens,
      inviteWrite: (entry) => this.#invites.writeOf(entry),
      pending,
      isIgnored: (x0Id) => ignored.has(x0Id),
      mayRenew: options.mayRenew ?? (() => true),
      report,
    })
  }

  /** Reads what earlier runs left. @throws TrustError `open-network` where there is no genesis; StoreError */
  static async open(options: SponsorOptions): Promise<Sponsor> {
    const { membership, store, onDamaged } = options
    const { genesis } = membership
    if (genesis === undefined) {
      throw new TrustError('open-network', 'this node is in the open network, which everybody is in: create or join one first')
    }
    const ownCredential = (bytes: Uint8Array): ReturnType<typeof decodeCredential> => {
      const credential = decodeCredential(bytes)
      if (equalBytes(credential.networkId, genesis.id) && equalBytes(credential.issuer, options.identity.x0Id)) return credential
      throw new TrustError('damaged', 'a credential of another issuer or network among those that this node has issued')
    }
    const { invites, issued, ignored } = SHELVES
    const [tokens, credentials] = await Promise.all([
      loadShelf(store.namespace(invites), decodeTokenEntry, ({ id }) => tokenKey(id), onDamaged),
      loadShelf(store.namespace(issued), ownCredential, serialOf, onDamaged),
    ])
    return new Sponsor(options, genesis, {
      tokens: new TokenBook(tokens),
      issued: new IssuedBook(credentials),
      ignored: await IgnoredAskers.load(store, store.namespace(ignored), onDamaged),
    })
  }

  /** Whether this node lets others in by its signature. */
  get isSponsor(): boolean {
    return this.#genesis.admission === 'sponsor' && this.#isMember
  }

  /**
   * The answer to a request, which `applicant`, proven by the handshake, has brought; undefined where another node brings it.
   * Never throws for what others send; a disk that fails is reported and makes the answer `busy`.
   */
  async answer(bytes: Uint8Array, applicant: ProvenApplicant | undefined): Promise<Uint8Array> {
    const request = unlessBad(() => decodeJoinRequest(this.#options.backend, bytes))
    const answer = request === undefined ? refused('malformed') : await this.#answer(request, bytes, applicant)
    if (answer.kind === 'refused') this.#options.report({ type: 'refused', kind: request?.kind, code: answer.code })
    return encodeJoinAnswer(answer)
  }

  /**
   * Makes an invite that leads to these doors, this node's own among them.
   * @throws TrustError `not-a-sponsor`, `admission-by-vote`, `bad-name`, `bad-invite`, `bad-credential` (its validity),
   * `name-taken`, `too-many`, `open-network` for a name or groups where anybody may come in; StoreError
   */
  invite(terms: InviteTerms, doors: readonly Door[]): Promise<MadeInvite> {
    return this.#turn(async (now) => {
      if (this.#genesis.admission !== 'open') this.#expectSponsor()
      const { name } = terms
      // the node to come is not known yet: nobody's name may be promised
      if (name !== undefined && this.#issuer.isTaken(name, undefined, now)) {
        throw new TrustError('name-taken', `a node of the network has the name ${name} already`)
      }
      return this.#invites.make(terms, doors, now)
    })
  }

  /** Oldest first, dead ones for a week. */
  invites(): readonly ListedInvite[] {
    return this.#invites.list(this.#options.clock.now())
  }

  /** Makes an invite worthless for whoever has not used it. @throws TrustError `unknown-invite`; StoreError */
  withdraw(id: string): Promise<void> {
    return this.#turn(() => this.#invites.withdraw(id))
  }

  /** Who waits for an operator, oldest first. */
  pending(): readonly PendingAsk[] {
    return this.#pending.list(this.#options.clock.now())
  }

  /**
   * Lets in who knocked, by its x0 id or the name it wished; it gets its credential when it asks again.
   * @throws TrustError `not-a-sponsor`, `admission-by-vote`, `open-network`, `unknown-asker`, `ambiguous`, `name-required`,
   * `bad-name`, `name-taken`, `revoked`, `too-many`, `bad-credential` (its validity); StoreError
   */
  accept(who: string, acceptance: Acceptance = {}): Promise<ListedCredential> {
    return this.#turn(async (now) => {
      this.#expectSponsor()
      const credential = await this.#askers.accept(who, acceptance, now)
      const { name, notAfter } = credential
      this.#options.report({
        type: 'admitted',
        by: 'operator',
        x0Id: formatX0Id(credential.subject),
        name,
        expiresAt: notAfter,
      })
      return listedCredential(credential, this.#options.membership)
    })
  }

  /** Answers who knocked no more, also after a restart. @throws TrustError `unknown-asker`, `ambiguous`; StoreError */
  ignore(who: string): Promise<void> {
    return this.#turn((now) => this.#askers.ignore(who, now))
  }

  /** The credentials of this member that still hold, oldest first. */
  issued(): readonly ListedCredential[] {
    const { clock, membership } = this.#options
    return this.#issuer.book.list(clock.now()).map((credential) => listedCredential(credential, membership))
  }

  /**
   * Revokes a key (x0 id, 32 bytes) for ever; the statement is on disk and reported when this resolves.
   * @throws TrustError `not-a-sponsor`, `protected`, `revoked` where it was already, `too-many`, `bad-revocation`; StoreError
   */
  revoke(x0Id: Uint8Array, reason: string): Promise<Revocation> {
    return this.#turn(async (now) => {
      const revocation = await this.#issuer.revoke(x0Id, reason, now)
      this.#pending.remove(formatX0Id(x0Id))
      this.#options.report({ type: 'revoked', revocation })
      return revocation
    })
  }

  get #isMember(): boolean {
    return this.#options.membership.isMember(this.#options.identity.x0Id)
  }

  #expectSponsor(): void {
    const { admission } = this.#genesis
    if (admission === 'open') throw new TrustError('open-network', 'anybody may be in this network: nobody is let in')
    if (admission === 'vote') {
      throw new TrustError('admission-by-vote', 'members decide by vote, and this version of x0 has no votes yet')
    }
    if (this.#isMember) return
    const names = this.#options.membership.members().map(({ name }) => name)
    throw new TrustError('not-a-sponsor', `this node is no member and lets nobody in; members are: ${names.join(', ')}`)
  }

  async #answer(request: ReceivedRequest, bytes: Uint8Array, applicant: ProvenApplicant | undefined): Promise<JoinAnswer> {
    const greeting = this.#keeper.greet(request, applicant)
    if (greeting !== undefined) return greeting
    const isMine = request.kind !== 'redeem' || equalBytes(request.issuer, this.#options.identity.x0Id)
    if (!this.isSponsor || !isMine) return this.#keeper.pass(request, bytes, applicant)
    if (this.#options.isLevel?.() === false) return refused('catching-up')
    if (this.#turns.waiting >= MAX_WAITING_REQUESTS || this.#isClosed) return refused('busy')
    try {
      // once more: a revocation may have come while it waited for its turn
      return await this.#turn((now) => this.#keeper.greet(request, applicant) ?? this.#joins.decide(request, applicant, now))
    } catch (error) {
      if (error instanceof TrustError && error.code === 'left') return refused('busy')
      if (!(error instanceof StoreError)) throw error
      this.#options.report({ type: 'store-failed', error })
      return refused('busy')
    }
  }

  /** Decides nothing more, and waits for what is being decided: nothing is written for this network after that. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#turns.run(() => Promise.resolve())
  }

  #turn<T>(task: (now: number) => Promise<T> | T): Promise<T> {
    return this.#turns.run(async () => {
      if (this.#isClosed) throw new TrustError('left', 'this node is leaving the network')
      return await task(this.#options.clock.now())
    })
  }
}
