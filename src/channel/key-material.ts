import type { AgreementKey, CryptoBackend, DecapsulationKey } from '../crypto/backend.ts'
import type { Clock } from '../platform/clock.ts'
import type { HandshakeKeys } from './handshake-state.ts'
import { REFILL_AFTER_MS } from './limits.ts'

/**
 * The keys of coming handshakes. The static key lives as long as the process and is never stored. Ephemeral keys serve
 * once; one of each kind is made ahead of need, because a dialler waits for it.
 */
export class KeyMaterial {
  readonly staticKey: AgreementKey
  readonly #crypto: CryptoBackend
  readonly #clock: Pick<Clock, 'after'>
  #ephemeral: AgreementKey | undefined
  #kem: DecapsulationKey | undefined
  #refillQueued = false

  constructor(crypto: CryptoBackend, clock: Pick<Clock, 'after'>) {
    this.#crypto = crypto
    this.#clock = clock
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
    this.#queueRefill(role)
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

  /** A dialler makes them while it waits for message B; who was dialled, when this handshake is over. */
  #queueRefill(role: 'initiator' | 'responder'): void {
    if (this.#refillQueued) return
    this.#refillQueued = true
    const refill = (): void => {
      this.#refillQueued = false
      this.#refill()
    }
    if (role === 'initiator') setImmediate(refill)
    else this.#clock.after(REFILL_AFTER_MS, refill)
  }

  #refill(): void {
    this.#ephemeral ??= this.#crypto.generateAgreementKey()
    this.#kem ??= this.#crypto.generateDecapsulationKey()
  }
}
