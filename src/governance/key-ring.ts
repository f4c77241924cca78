import { type CryptoBackend, CryptoError } from '../crypto/backend.ts'
import { type CompositeVerifier, importCompositePublic } from '../crypto/composite.ts'
import type { SignatureCheck } from './ballot-state.ts'
import { hexOf } from './form.ts'
import { MAX_VOTERS } from './limits.ts'

/**
 * Checks members' signatures. An import costs as much as a check, so imported keys are kept, some 30 kB each: those used last,
 * as many as there can be voters.
 */
export class KeyRing {
  readonly #backend: CryptoBackend
  readonly #limit: number
  readonly #verifiers = new Map<string, CompositeVerifier>()

  constructor(backend: CryptoBackend, limit: number = MAX_VOTERS) {
    this.#backend = backend
    this.#limit = limit
  }

  /** How many keys are kept. */
  get size(): number {
    return this.#verifiers.size
  }

  /** Whether each of `checks` holds under one of its keys. A key that is none holds nothing. */
  async holds(checks: readonly SignatureCheck[]): Promise<boolean> {
    const answers = await Promise.all(checks.map((check) => this.#holdsOne(check)))
    return answers.every(Boolean)
  }

  async #holdsOne({ keys, message, signature, context }: SignatureCheck): Promise<boolean> {
    for (const key of keys) {
      if ((await this.#verifier(key)?.verify(message, signature, context)) === true) return true
    }
    return false
  }

  #verifier(key: Uint8Array): CompositeVerifier | undefined {
    const name = hexOf(key)
    const verifier = this.#verifiers.get(name) ?? this.#imported(key)
    if (verifier === undefined) return undefined
    // put at the end: a map keeps the order of insertion, which makes it a queue by last use
    this.#verifiers.delete(name)
    this.#verifiers.set(name, verifier)
    for (const idlest of this.#verifiers.keys()) {
      if (this.#verifiers.size <= this.#limit) break
      this.#verifiers.delete(idlest)
    }
    return verifier
  }

  #imported(key: Uint8Array): CompositeVerifier | undefined {
    try {
      return importCompositePublic(this.#backend, key)
    } catch (error) {
      if (error instanceof CryptoError && error.code === 'bad-key') return undefined
      throw error
    }
  }
}
