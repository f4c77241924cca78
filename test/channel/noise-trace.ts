import type { CryptoBackend } from '../../src/crypto/backend.ts'
import { toHex } from '../crypto/published-vectors.ts'

/** h, ck and k as they stand after a step; k is null before the first MixKey. n: records under k. */
export interface Step {
  readonly h: string
  readonly ck: string
  readonly k: string | null
  readonly n: number
}

/**
 * A backend that notes what Noise computes with it: every SHA-256 is a MixHash and every third HMAC ends a MixKey, so the
 * steps can be read from outside and the code under test needs no window into its keys.
 */
export function tracing(backend: CryptoBackend, protocolName: string): { backend: CryptoBackend; steps: Step[] } {
  const steps: Step[] = []
  let now: Step = { h: '', ck: '', k: null, n: 0 }
  const macs: Uint8Array[] = []
  const become = (step: Step): void => {
    now = step
    steps.push(now)
  }
  const traced: CryptoBackend = {
    ...backend,
    sha256(...parts) {
      const hash = backend.sha256(...parts)
      if (now.h === '') {
        if (Buffer.concat(parts).toString() !== protocolName) throw new Error('Noise begins with the name of its protocol')
        become({ h: toHex(hash), ck: toHex(hash), k: null, n: 0 })
      } else become({ ...now, h: toHex(hash) })
      return hash
    },
    hmacSha256(key, ...parts) {
      const mac = backend.hmacSha256(key, ...parts)
      macs.push(mac.slice())
      const [, ck, k] = macs
      if (ck !== undefined && k !== undefined) {
        macs.length = 0
        become({ ...now, ck: toHex(ck), k: toHex(k), n: 0 })
      }
      return mac
    },
    aead(key) {
      const aead = backend.aead(key)
      return {
        seal(...call) {
          aead.seal(...call)
          now = { ...now, n: now.n + 1 }
        },
        open(...call) {
          const plaintext = aead.open(...call)
          if (plaintext !== undefined) now = { ...now, n: now.n + 1 }
          return plaintext
        },
      }
    },
  }
  return { backend: traced, steps }
}
