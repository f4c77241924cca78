import type { AgreementKey, CryptoBackend, DecapsulationKey } from '../crypto/backend.ts'
import type { HandshakeKeys } from './handshake-state.ts'

/**
 * The keys of coming handshakes. The static key lives as long as the process and is never stored. Ephemeral keys serve
 * once; one of each kind is made ahead of need, while the event loop is idle, because a dialler waits for it.
 */
export class KeyMaterial {
  readonly staticKey: AgreementKey
  readonly #crypto: CryptoBackend
  #ephemeral: AgreementKey | undefined
  #kem: DecapsulationKey | undefined
  #refillQueued = false

  constructor(crypto: CryptoBackend) {
    this.#crypto = crypto
    this.staticKey = crypto.generateAgreementKey()
    this.#refill()
  }

  /** Fresh keys for one handshake. */
  take(role: 'initiator' | 'responder'): HandshakeKeys {
    const crypto = this.#crypto
    const ephemeralKey = this.#ephemeral ?? crypto.generateAgreementKey()
    this.#ephemeral = undefined
    let kem: DecapsulationKey | undefined
    if (role === 'initiator') {
      kem = this.#kem
      this.#kem = undefined
    }
    this.#queueRefill()
    return {
      staticKey: this.staticKey,
      ephemeralKey,
      get kemKey(): DecapsulationKey {
        kem ??= crypto.generateDecapsulationKey()
        return kem
      },
      encapsulate: (encapsulationKey) => crypto.encapsulate(encapsulationKey),
    }
  }

  #queueRefill(): void {
    if (this.#refillQueued) return
    this.#refillQueued = true
    setImmediate(() => {
      this.#refillQueued = false
      this.#refill()
    })
  }

  #refill(): void {
    this.#ephemeral ??= this.#crypto.generateAgreementKey()
    this.#kem ??= this.#crypto.generateDecapsulationKey()
  }
}
