import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { TOKEN_MAX_LENGTH } from './limits.ts'
import type { TokenBuckets } from './token-buckets.ts'

/** read: look; operate: cause traffic; admin: change the node; metrics: only /metrics. Admin includes the others, operate includes read. */
export const SCOPES = ['read', 'operate', 'admin', 'metrics'] as const
export type Scope = (typeof SCOPES)[number]

/** Who calls, once that is known. */
export interface Principal {
  readonly name: string
  readonly scopes: readonly Scope[]
}

/** Knows tokens. It gets the SHA-256 of the token (32 bytes), never the token, and must compare in constant time. */
export interface TokenVerifier {
  verify(digest: Uint8Array): Principal | undefined | Promise<Principal | undefined>
}

export type Verdict =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly reason: 'missing' | 'unknown' }
  | { readonly ok: false; readonly reason: 'limited'; readonly retryMs: number }

const INCLUDED: Readonly<Record<Scope, readonly Scope[]>> = {
  admin: ['admin', 'operate', 'read', 'metrics'],
  operate: ['operate', 'read'],
  read: ['read'],
  metrics: ['metrics'],
}

/** Whether one of the principal's scopes includes `needed`. */
export function permits(principal: Principal, needed: Scope): boolean {
  return principal.scopes.some((scope) => INCLUDED[scope].includes(needed))
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
   * @param client what the client is counted by
   */
  async decide(token: string | undefined, client: string): Promise<Verdict> {
    if (token === undefined) return { ok: false, reason: 'missing' }
    const retryMs = this.#failures.waitMs(client)
    if (retryMs > 0) return { ok: false, reason: 'limited', retryMs }
    // An over-long token is digested cut: it takes the same way and cannot match, because no token is that long.
    const digest = sha256(token.slice(0, TOKEN_MAX_LENGTH))
    let principal: Principal | undefined
    // No early exit: the time says nothing about which verifier knew the token.
    for (const verifier of this.#verifiers) principal = (await verifier.verify(digest)) ?? principal
    if (principal !== undefined) return { ok: true, principal }
    this.#failures.take(client)
    return { ok: false, reason: 'unknown' }
  }
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text, 'utf8').digest()
}
