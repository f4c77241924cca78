import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { formatX0Id, parseX0Id } from '../identity/x0-id.ts'
import { CREDENTIAL_CONTEXT, type Credential, decodeCredential, spiffeId } from './credential.ts'
import { Electorate, type Member } from './electorate.ts'
import type { Genesis } from './genesis.ts'
import { CLOCK_SKEW_MS, MAX_CHECKED_CREDENTIALS, MAX_STANDINGS } from './limits.ts'
import { RecentMap } from './recent-map.ts'
import { decodeRevocation, REVOCATION_CONTEXT, type Revocation } from './revocation.ts'
import { RevocationSet } from './revocation-set.ts'
import { TrustError, unlessBad } from './trust-error.ts'

/** What can be wrong with a credential. */
export type CredentialRefusal =
  | 'credential-malformed'
  | 'credential-forged'
  | 'credential-expired'
  | 'credential-early'
  | 'credential-foreign'
  | 'credential-mismatch'
  | 'issuer-unknown'

/** Why somebody may not be a peer; each is a code of the channel's verdict too. */
export type AdmissionRefusal = CredentialRefusal | 'not-admitted' | 'revoked'

/** How a node belongs to the network. */
export interface Standing {
  /** Text form. */
  readonly x0Id: string
  readonly kind: 'open' | 'member' | 'credential'
  /** In the network; undefined where nobody gave it one. */
  readonly name: string | undefined
  readonly spiffeId: string | undefined
  /** Ascending. */
  readonly groups: readonly string[]
  /** x0 id, text form, of who signed the credential. */
  readonly issuer: string | undefined
  /** Wall clock ms of the credential's end; the standing ends the clock skew (2 min) later. */
  readonly expiresAt: number | undefined
  /** Hexadecimal. */
  readonly serial: string | undefined
}

/** What a handshake has proved, and what the peer shows. */
export interface Shown {
  /** 32 bytes. */
  readonly x0Id: Uint8Array | undefined
  readonly credential: Uint8Array | undefined
}

export type Judgement = { readonly standing: Standing } | { readonly refusal: AdmissionRefusal }

export type TakeVerdict =
  | { readonly verdict: 'new'; readonly revocation: Revocation }
  | { readonly verdict: 'known' | 'malformed' | 'foreign' | 'forged' | 'not-a-member' | 'protected' | 'full' }

export interface MembershipOptions {
  readonly backend: CryptoBackend
  /** Undefined: the open network, which has no members and admits everybody. */
  readonly genesis: Genesis | undefined
  /** Their signatures are taken as checked: what `take` gave back once. */
  readonly revocations?: Iterable<Revocation>
}

/** Who belongs to a network, in memory; whoever makes it keeps the revocations on disk. */
export class Membership {
  readonly genesis: Genesis | undefined
  readonly #backend: CryptoBackend
  readonly #electorate: Electorate
  readonly #revoked: RevocationSet
  /** SHA-256 of credentials whose signature holds. Not of others: whoever sends those would push out the good ones. */
  readonly #checked = new RecentMap<true>(MAX_CHECKED_CREDENTIALS)
  readonly #standings = new RecentMap<Standing>(MAX_STANDINGS)

  /** @throws TrustError `bad-revocation` where one of the revocations is not of this network, or may not be */
  constructor(options: MembershipOptions) {
    this.genesis = options.genesis
    this.#backend = options.backend
    this.#electorate = new Electorate(options.backend, options.genesis)
    this.#revoked = new RevocationSet(options.backend)
    for (const revocation of options.revocations ?? []) {
      const obstacle = this.#obstacle(revocation)
      if (obstacle === undefined) this.#revoked.put(revocation)
      else if (obstacle !== 'known') throw new TrustError('bad-revocation', `a revocation that cannot be taken: ${obstacle}`)
    }
  }

  /**
   * Whether a node may be a peer now (wall clock ms), and as what. A standing is remembered, see `standingOf`. The signature
   * of a credential is checked on this thread, last of all and once: it is the dear part (0.3 ms).
   */
  judge(shown: Shown, now: number): Judgement {
    const judgement = this.#examine(shown, now)
    // nameless ones, which an open network admits by the thousand, would push out those that say something
    if ('standing' in judgement && judgement.standing.name !== undefined)
      this.#standings.put(judgement.standing.x0Id, judgement.standing)
    return judgement
  }

  /**
   * Whether a credential is x0 id's, of this network, of a member, and valid now; whether x0 id was revoked is another
   * question. Remembers nothing of x0 id.
   */
  checkCredential(
    x0Id: Uint8Array,
    bytes: Uint8Array,
    now: number,
  ): { readonly credential: Credential } | { readonly refusal: CredentialRefusal } {
    const credential = unlessBad(() => decodeCredential(bytes))
    if (credential === undefined) return { refusal: 'credential-malformed' }
    if (this.genesis === undefined || !equalBytes(credential.networkId, this.genesis.id)) return { refusal: 'credential-foreign' }
    if (!equalBytes(credential.subject, x0Id)) return { refusal: 'credential-mismatch' }
    if (!this.isMember(credential.issuer)) return { refusal: 'issuer-unknown' }
    if (now + CLOCK_SKEW_MS < credential.notBefore) return { refusal: 'credential-early' }
    if (now - CLOCK_SKEW_MS >= credential.notAfter) return { refusal: 'credential-expired' }
    return this.#isSigned(credential) ? { credential } : { refusal: 'credential-forged' }
  }

  /** The standing that `x0Id` (text form) was last admitted with, if it still holds now. */
  standingOf(x0Id: string, now: number): Standing | undefined {
    const standing = this.#standings.get(x0Id)
    return standing === undefined ? undefined : this.#asOf(standing, now)
  }

  /** Every node that was admitted and still would be: the last 4,096, longest ago first. */
  standings(now: number): readonly Standing[] {
    return [...this.#standings.values()].flatMap((standing) => this.#asOf(standing, now) ?? [])
  }

  /** Ascending by name. */
  members(): readonly Member[] {
    return this.#electorate.list()
  }

  isMember(x0Id: Uint8Array): boolean {
    return this.#electorate.member(x0Id) !== undefined
  }

  /**
   * Takes a revocation from whoever brings it. `new` is to be put on disk, told on, and acted on. `protected`: members
   * cannot be revoked by a signature. `full`: its issuer has revoked 1,024 already.
   */
  async take(bytes: Uint8Array): Promise<TakeVerdict> {
    const revocation = unlessBad(() => decodeRevocation(this.#backend, bytes))
    if (revocation === undefined) return { verdict: 'malformed' }
    const obstacle = this.#obstacle(revocation)
    if (obstacle !== undefined) return { verdict: obstacle }
    const verifier = this.#electorate.verifier(revocation.issuer)
    const holds = await verifier?.verify(revocation.body, revocation.signature, REVOCATION_CONTEXT)
    if (holds !== true) return { verdict: 'forged' }
    // the world may have changed while the signature was checked
    const late = this.#obstacle(revocation)
    if (late !== undefined) return { verdict: late }
    this.#revoked.put(revocation)
    return { verdict: 'new', revocation }
  }

  revocationOf(x0Id: Uint8Array): Revocation | undefined {
    return this.#revoked.of(x0Id)
  }

  /** Ascending by subject; one for each, the lowest id where several were heard. */
  revocations(): readonly Revocation[] {
    return this.#revoked.list()
  }

  /** SHA-256 over the revoked x0 ids in ascending order, 32 bytes: two nodes with the same one need not sync. */
  digest(): Uint8Array {
    return this.#revoked.digest()
  }

  #obstacle(revocation: Revocation): 'foreign' | 'protected' | 'not-a-member' | 'known' | 'full' | undefined {
    if (this.genesis === undefined || !equalBytes(revocation.networkId, this.genesis.id)) return 'foreign'
    if (this.isMember(revocation.subject)) return 'protected'
    if (!this.isMember(revocation.issuer)) return 'not-a-member'
    if (this.#revoked.holds(revocation)) return 'known'
    return this.#revoked.isFullFor(revocation.issuer) ? 'full' : undefined
  }

  #examine({ x0Id, credential }: Shown, now: number): Judgement {
    if (x0Id === undefined) return { refusal: 'not-admitted' }
    if (this.#revoked.of(x0Id) !== undefined) return { refusal: 'revoked' }
    const member = this.#electorate.member(x0Id)
    if (member !== undefined) return { standing: standingOfMember(member) }
    const isOpen = this.genesis === undefined || this.genesis.admission === 'open'
    if (credential === undefined) return isOpen ? { standing: nameless(x0Id) } : { refusal: 'not-admitted' }
    const checked = this.checkCredential(x0Id, credential, now)
    if ('credential' in checked) return { standing: standingOfCredential(this.genesis?.name ?? '', checked.credential, isOpen) }
    return isOpen ? { standing: nameless(x0Id) } : checked
  }

  #isSigned(credential: Credential): boolean {
    const hash = Buffer.from(this.#backend.sha256(credential.bytes)).toString('hex')
    const verifier = this.#electorate.verifier(credential.issuer)
    const holds =
      this.#checked.has(hash) || verifier?.verifyNow(credential.body, credential.signature, CREDENTIAL_CONTEXT) === true
    if (holds) this.#checked.put(hash, true)
    return holds
  }

  /** What a standing has become: undefined once revoked or expired, nameless where the network is open to all. */
  #asOf(standing: Standing, now: number): Standing | undefined {
    const x0Id = parseX0Id(standing.x0Id)
    if (this.#revoked.of(x0Id) !== undefined) return undefined
    if (standing.expiresAt === undefined || now - CLOCK_SKEW_MS < standing.expiresAt) return standing
    return standing.kind === 'open' ? nameless(x0Id) : undefined
  }
}

function standingOfMember({ x0Id, name, spiffeId: id, groups }: Member): Standing {
  return { x0Id, kind: 'member', name, spiffeId: id, groups, issuer: undefined, expiresAt: undefined, serial: undefined }
}

function standingOfCredential(network: string, credential: Credential, isOpen: boolean): Standing {
  return {
    x0Id: formatX0Id(credential.subject),
    kind: isOpen ? 'open' : 'credential',
    name: credential.name,
    spiffeId: spiffeId(network, credential.name),
    groups: credential.groups,
    issuer: formatX0Id(credential.issuer),
    expiresAt: credential.notAfter,
    serial: Buffer.from(credential.serial).toString('hex'),
  }
}

function nameless(x0Id: Uint8Array): Standing {
  return {
    x0Id: formatX0Id(x0Id),
    kind: 'open',
    name: undefined,
    spiffeId: undefined,
    groups: [],
    issuer: undefined,
    expiresAt: undefined,
    serial: undefined,
  }
}
