import type { CryptoBackend } from '../crypto/backend.ts'
import { SIGNING_SEED_BYTES } from '../crypto/lengths.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Random } from '../platform/random.ts'
import type { BatchOperation, Namespace, Store } from '../store/store.ts'
import type { Door } from './doors.ts'
import type { Genesis } from './genesis.ts'
import { formatInvite } from './invite.ts'
import { DEFAULT_INVITE_TTL_MS, MAX_INVITE_TTL_MS, MAX_TOKEN_USES } from './limits.ts'
import { expectNodeName, orderedGroups } from './names.ts'
import { tokenIdOfSecret } from './token.ts'
import { shortTokenId, type TokenBook, tokenKey } from './token-book.ts'
import { encodeTokenEntry, type TokenEntry } from './token-entry.ts'
import { TrustError } from './trust-error.ts'
import { grantableValidity } from './validity.ts'

/** What an invite promises. */
export interface InviteTerms {
  /** Of the one node that it lets in; default: the name that the node wishes. */
  readonly name?: string
  /** Default: none. */
  readonly groups?: readonly string[]
  /** How long it can be used, ms; default 1 h, at most 30 days. */
  readonly ttlMs?: number
  /** How many nodes it lets in; default 1, at most 256. */
  readonly uses?: number
  /** Of the credentials, ms; default 30 days, at most 90. */
  readonly validityMs?: number
}

export interface MadeInvite {
  /** One line that lets somebody in: a secret. */
  readonly line: string
  readonly id: string
  /** Wall clock ms. */
  readonly expiresAt: number
  readonly uses: number
}

export interface ListedInvite extends Omit<TokenEntry, 'id' | 'redeemers' | 'withdrawn'> {
  readonly id: string
  readonly state: 'live' | 'used' | 'expired' | 'withdrawn'
  /** x0 ids, text form, in the order they came. */
  readonly redeemers: readonly string[]
}

export interface InviteDeskOptions {
  readonly backend: CryptoBackend
  readonly genesis: Genesis
  /** x0 id of this node, 32 bytes. */
  readonly issuer: Uint8Array
  readonly tokens: TokenBook
  readonly invites: Namespace
  readonly store: Pick<Store, 'batch'>
  readonly random: Pick<Random, 'bytes'>
}

/** Makes and withdraws invites, and has each change on disk before it counts. Only one call may run at a time. */
export class InviteDesk {
  readonly #options: InviteDeskOptions

  constructor(options: InviteDeskOptions) {
    this.#options = options
  }

  /** @throws TrustError `bad-name`, `bad-invite`, `bad-credential` (its validity), `open-network`, `too-many`; StoreError */
  async make(terms: InviteTerms, doors: readonly Door[], now: number): Promise<MadeInvite> {
    const { backend, genesis, issuer, random } = this.#options
    const secret = random.bytes(SIGNING_SEED_BYTES)
    const entry = entryOf(terms, tokenIdOfSecret(backend, secret), now)
    const { expiresAt, uses } = entry
    const line = formatInvite({ networkId: genesis.id, networkName: genesis.name, issuer, secret, expiresAt, doors })
    if (genesis.admission !== 'open') await this.#keep(entry, now)
    else if (entry.name !== undefined || entry.groups.length > 0) {
      throw new TrustError('open-network', 'anybody may be in this network, so an invite gives neither a name nor groups')
    }
    return { line, id: shortTokenId(entry.id), expiresAt, uses }
  }

  /** Oldest first, dead ones for a week. */
  list(now: number): readonly ListedInvite[] {
    return this.#options.tokens.list().map(({ id, redeemers, withdrawn, ...shown }) => ({
      ...shown,
      id: shortTokenId(id),
      state: stateOf({ ...shown, id, redeemers, withdrawn }, now),
      redeemers: redeemers.map(formatX0Id),
    }))
  }

  /** @throws TrustError `unknown-invite`; StoreError */
  async withdraw(shortId: string): Promise<void> {
    const { tokens, store } = this.#options
    const entry = { ...tokens.find(shortId), withdrawn: true }
    await store.batch([this.writeOf(entry)], { sync: true })
    tokens.put(entry)
  }

  /** What puts an entry on disk. */
  writeOf(entry: TokenEntry): BatchOperation {
    return { type: 'put', namespace: this.#options.invites, key: tokenKey(entry.id), value: encodeTokenEntry(entry) }
  }

  async #keep(entry: TokenEntry, now: number): Promise<void> {
    const { tokens, invites, store } = this.#options
    const dead = tokens.forgettable(now)
    if (dead.length === 0) tokens.expectRoom()
    const deletions = dead.map(({ id }): BatchOperation => ({ type: 'delete', namespace: invites, key: tokenKey(id) }))
    await store.batch([this.writeOf(entry), ...deletions], { sync: true })
    for (const { id } of dead) tokens.delete(id)
    tokens.put(entry)
  }
}

function entryOf(terms: InviteTerms, id: Uint8Array, now: number): TokenEntry {
  const { name, ttlMs = DEFAULT_INVITE_TTL_MS, uses = 1 } = terms
  if (name !== undefined) expectNodeName(name)
  if (!Number.isInteger(uses) || uses < 1 || uses > MAX_TOKEN_USES) {
    throw new TrustError('bad-invite', `an invite can be used 1 to ${MAX_TOKEN_USES} times`)
  }
  if (name !== undefined && uses > 1) {
    throw new TrustError('bad-invite', 'an invite for a name is used once: leave the name out, or make one for each node')
  }
  if (!Number.isInteger(ttlMs) || ttlMs < 1 || ttlMs > MAX_INVITE_TTL_MS) {
    throw new TrustError('bad-invite', `an invite lives for 30 days at most`)
  }
  return {
    id,
    name,
    groups: orderedGroups(terms.groups ?? []),
    createdAt: now,
    // the line has whole seconds
    expiresAt: Math.ceil((now + ttlMs) / 1000) * 1000,
    uses,
    validityMs: grantableValidity(terms.validityMs),
    withdrawn: false,
    redeemers: [],
  }
}

function stateOf(entry: TokenEntry, now: number): ListedInvite['state'] {
  if (entry.withdrawn) return 'withdrawn'
  if (entry.redeemers.length >= entry.uses) return 'used'
  return now >= entry.expiresAt ? 'expired' : 'live'
}
