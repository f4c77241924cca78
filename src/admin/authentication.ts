import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { covers, type Scope } from '../trust/accounts/scope.ts'
import { TOKEN_MAX_LENGTH } from './limits.ts'
import type { TokenBuckets } from './token-buckets.ts'

/** Who calls, once that is known. */
export interface Principal {
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Id of the account whose token it is; absent: the operator, by the home's own token, the unix socket, or a token made so. */
  readonly account?: string
  /** Id of the token, where it is one that can be revoked. */
  readonly tokenId?: string
}

/**
 * Knows tokens. It gets the SHA-256 of the token (32 bytes), never the token, and must compare in constant time or look
 * up by the whole hash, whose time tells nothing of the token. `expired`: it was good once.
 */
export interface TokenVerifier {
  verify(digest: Uint8Array): Known | Promise<Known>
}

type Known = Principal | 'expired' | undefined

export type Verdict =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly reason: 'missing' | 'unknown' | 'expired' }
  | { readonly ok: false; readonly reason: 'limited'; readonly retryMs: number }

/** Whether one of the principal's scopes includes `needed`. */
export function permits(principal: Principal, needed: Scope): boolean {
  return covers(principal.scopes, needed)
}

/** A verifier of one token, which it holds only as a digest. */
export function oneToken(token: string, principal: Principal): TokenVerifier {
  const expected = sha256(token)
  return { verify: (digest) => (timingSafeEqual(expected, digest) ? principal : undefined) }
}

/** The token of a request: `Authorization: Bearer TOKEN`, else `X-API-Key: TOKEN`. */
export function presentedToken(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers
  if (authorization !== undefined) return /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? ''
  const key = headers['x-api-key']
  return Array.isArray(key) ? key[0] : key
}

/** Decides who calls, and slows down whoever guesses. */
export class Authenticator {
  readonly #verifiers: readonly TokenVerifier[]
  readonly #failures: TokenBuckets

  /** @param failures one bucket a client; its burst is how many wrong tokens a client may try in a row */
  constructor(verifiers: readonly TokenVerifier[], failures: TokenBuckets) {
    this.#verifiers = verifiers
    this.#failures = failures
  }

  /**
   * A client past its limit gets the same answer for a right and a wrong token, since neither is looked at. A missing
   * token is no guess and is not counted: else any web page could lock the operator out by loading an image from here.
   * Nor is one that has expired: else a forgotten tab would lock its own user out.
   * @param client what the client is counted by
   */
  async decide(token: string | undefined, client: string): Promise<Verdict> {
    if (token === undefined) return { ok: false, reason: 'missing' }
    const retryMs = this.#failures.waitMs(client)
    if (retryMs > 0) return { ok: false, reason: 'limited', retryMs }
    // An over-long token is digested cut: it takes the same way and cannot match, because no token is that long.
    const digest = sha256(token.slice(0, TOKEN_MAX_LENGTH))
    let known: Known
    // No early exit: the time says nothing about which verifier knew the token.
    for (const verifier of this.#verifiers) known = (await verifier.verify(digest)) ?? known
    if (known === 'expired') return { ok: false, reason: 'expired' }
    if (known !== undefined) return { ok: true, principal: known }
    this.#failures.take(client)
    return { ok: false, reason: 'unknown' }
  }
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text, 'utf8').digest()
}
