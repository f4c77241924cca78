import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { IdentityError } from '../identity/identity-error.ts'
import { decodeSuccessor, type SuccessorStatement, verifySuccessor } from '../identity/rotation.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { BatchOperation } from '../store/store.ts'
import type { Credential } from './credential.ts'
import type { DoorKeeper, ProvenApplicant } from './door-keeper.ts'
import type { Grant, Issuer, SignedRevocation } from './issuer.ts'
import { type JoinAnswer, refused } from './join-answer.ts'
import type { JoinRefusal } from './join-refusal.ts'
import type { AskRequest, ReceivedRequest, RedeemRequest, RenewRequest, SucceedRequest } from './join-request.ts'
import { RETRY_AFTER_MS } from './limits.ts'
import type { Membership } from './membership.ts'
import type { PendingList } from './pending-list.ts'
import type { SponsorEvent } from './sponsor-event.ts'
import { tokenId, verifyRedemption } from './token.ts'
import { redeemed, type TokenBook } from './token-book.ts'
import type { TokenEntry } from './token-entry.ts'
import { TrustError } from './trust-error.ts'

type Received<Request> = Request & { readonly applicantId: Uint8Array }

export interface JoinDeskOptions {
  readonly backend: CryptoBackend
  readonly membership: Membership
  readonly keeper: DoorKeeper
  readonly issuer: Issuer
  readonly tokens: TokenBook
  /** What puts an invite on disk. */
  readonly inviteWrite: (entry: TokenEntry) => BatchOperation
  readonly pending: PendingList
  readonly isIgnored: (x0Id: string) => boolean
  /** Whether somebody whose credential holds may have it renewed here. */
  readonly mayRenew: (credential: Credential) => boolean
  readonly report: (event: SponsorEvent) => void
}

/**
 * What a member decides about a request that the door keeper has let through. Only one call may run at a time: what it
 * decides it writes, and the next one must see it.
 */
export class JoinDesk {
  readonly #options: JoinDeskOptions

  constructor(options: JoinDeskOptions) {
    this.#options = options
  }

  /** @throws StoreError */
  decide(request: ReceivedRequest, applicant: ProvenApplicant | undefined, now: number): Promise<JoinAnswer> | JoinAnswer {
    switch (request.kind) {
      case 'redeem':
        return this.#redeem(request, now)
      case 'ask':
        return applicant === undefined ? refused('not-forwarded') : this.#ask(request, applicant, now)
      case 'renew':
        return this.#renew(request, now)
      case 'succeed':
        return this.#succeed(request, now)
    }
  }

  async #redeem(request: Received<RedeemRequest>, now: number): Promise<JoinAnswer> {
    const { backend, tokens, issuer, inviteWrite } = this.#options
    const judgement = tokens.judge(tokenId(backend, request.tokenKey), request.applicantId, now)
    if (judgement.kind === 'refused') return refused(judgement.code)
    if (!(await verifyRedemption(backend, request))) return refused('invite-forged')
    if (judgement.kind === 'again') return this.#again(request.applicantId, now) ?? refused('invite-used')
    const { entry } = judgement
    if (entry.name !== undefined && request.name !== undefined && entry.name !== request.name) return refused('bad-name')
    const name = entry.name ?? request.name
    if (name === undefined) return refused('name-required')
    if (issuer.isTaken(name, request.applicantId, now)) return refused('name-taken')
    if (issuer.isFull(now)) return refused('issued-full')
    const spent = redeemed(entry, request.applicantId)
    const { groups, validityMs } = entry
    const credential = await issuer.issue({ subject: request.applicantId, name, groups, validityMs }, now, [inviteWrite(spent)])
    tokens.put(spent)
    return this.#admitted(credential, 'invite')
  }

  #ask(request: Received<AskRequest>, applicant: ProvenApplicant, now: number): JoinAnswer {
    const { pending, isIgnored, report } = this.#options
    const x0Id = formatX0Id(request.applicantId)
    const granted = this.#again(request.applicantId, now)
    if (granted !== undefined) return granted
    if (isIgnored(x0Id)) return refused('ask-ignored')
    const { name, note } = request
    const known = pending.has(x0Id, now)
    if (!pending.knock({ x0Id, name, note, address: applicant.address }, now)) return refused('too-many-asks')
    if (!known) report({ type: 'asked', x0Id, name, note })
    return { kind: 'pending', retryAfterMs: RETRY_AFTER_MS }
  }

  async #renew(request: Received<RenewRequest>, now: number): Promise<JoinAnswer> {
    const { membership, issuer } = this.#options
    const old = membership.checkCredential(request.applicantId, request.credential, now)
    if ('refusal' in old) return refused(old.refusal)
    if (!this.#options.mayRenew(old.credential)) return refused('policy-denied')
    const fresh = issuer.book.freshLike(old.credential, now)
    if (fresh !== undefined) return this.#options.keeper.admit(fresh.bytes)
    if (issuer.isFull(now)) return refused('issued-full')
    return this.#admitted(await issuer.issue(grantOf(old.credential, request.applicantId), now), 'renewal')
  }

  /**
   * The old key is revoked with the successor's name as the reason. So a second successor of the same key, a thief's, comes
   * too late; and where the answer was lost, any member can give it again.
   */
  async #succeed(request: Received<SucceedRequest>, now: number): Promise<JoinAnswer> {
    const { backend, membership, issuer, report } = this.#options
    const statement = readStatement(backend, request.statement)
    if (statement === undefined) return refused('statement-bad')
    const { oldId, newId } = statement
    if (!equalBytes(newId, request.applicantId)) return refused('key-mismatch')
    if (membership.isMember(oldId)) return refused('founder-key')
    const reason = `rotated to ${formatX0Id(newId)}`
    const earlier = membership.revocationOf(oldId)
    if (earlier !== undefined && earlier.reason !== reason) return refused('revoked')
    const old = membership.checkCredential(oldId, request.credential, now)
    if ('refusal' in old) return refused(old.refusal)
    if (!(await verifySuccessor(backend, statement))) return refused('statement-bad')
    const again = earlier === undefined ? undefined : this.#again(newId, now)
    if (again !== undefined) return again
    if (issuer.isFull(now)) return refused('issued-full')
    const signed = earlier === undefined ? await this.#revokeOld(oldId, reason, now) : undefined
    if (typeof signed === 'string') return refused(signed)
    const credential = await issuer.issue(grantOf(old.credential, newId), now, signed === undefined ? [] : [signed.write])
    if (signed !== undefined) report({ type: 'revoked', revocation: signed.revocation })
    return this.#admitted(credential, 'succession')
  }

  async #revokeOld(oldId: Uint8Array, reason: string, now: number): Promise<SignedRevocation | JoinRefusal> {
    try {
      return await this.#options.issuer.signRevocation(oldId, reason, now)
    } catch (error) {
      if (!(error instanceof TrustError)) throw error
      // this member's share of revocations is used up, or somebody else's came in this very moment
      return error.code === 'too-many' ? 'issued-full' : 'busy'
    }
  }

  /** What the node was given before, where it still holds. */
  #again(subject: Uint8Array, now: number): JoinAnswer | undefined {
    const { issuer, keeper } = this.#options
    const credential = issuer.book.latestOf(subject, now)
    return credential === undefined ? undefined : keeper.admit(credential.bytes)
  }

  #admitted(credential: Credential, by: 'invite' | 'renewal' | 'succession'): JoinAnswer {
    const { subject, name, notAfter } = credential
    this.#options.report({ type: 'admitted', by, x0Id: formatX0Id(subject), name, expiresAt: notAfter })
    return this.#options.keeper.admit(credential.bytes)
  }
}

/** The same name, groups and length of validity, from now on. */
function grantOf(old: Credential, subject: Uint8Array): Grant {
  return { subject, name: old.name, groups: old.groups, validityMs: old.notAfter - old.notBefore }
}

function readStatement(backend: CryptoBackend, bytes: Uint8Array): SuccessorStatement | undefined {
  try {
    return decodeSuccessor(backend, bytes)
  } catch (error) {
    if (error instanceof IdentityError) return undefined
    throw error
  }
}
