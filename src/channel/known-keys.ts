import type { VerifyingKey } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { MAX_KNOWN_KEYS } from './limits.ts'

/** The imported keys of a peer that proved them, and the static key that its identity key has signed. */
export interface ProvenKeys {
  readonly ed25519: VerifyingKey
  readonly mldsa65: VerifyingKey
  readonly staticKey: Uint8Array
  readonly identitySignature: Uint8Array
}

/**
 * Keys of peers met before, by x0 id, which is a hash over both: importing them takes as long as half of all checks of a
 * handshake. Only what was proved is kept, so strangers cannot push anybody out by claiming keys. The oldest goes first.
 */
export class KnownKeys {
  readonly #keys = new Map<string, ProvenKeys>()

  get(x0Id: Uint8Array): ProvenKeys | undefined {
    return this.#keys.get(hex(x0Id))
  }

  remember(x0Id: Uint8Array, keys: ProvenKeys): void {
    const name = hex(x0Id)
    this.#keys.delete(name)
    this.#keys.set(name, keys)
    if (this.#keys.size <= MAX_KNOWN_KEYS) return
    for (const oldest of this.#keys.keys()) {
      this.#keys.delete(oldest)
      return
    }
  }
}

/** True where the very signature over the very static key has been checked before: the static key lives as long as a process. */
export function isSignedBefore(known: ProvenKeys | undefined, staticKey: Uint8Array, identitySignature: Uint8Array): boolean {
  return known !== undefined && equalBytes(known.staticKey, staticKey) && equalBytes(known.identitySignature, identitySignature)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
