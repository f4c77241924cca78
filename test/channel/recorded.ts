import assert from 'node:assert/strict'
import type { HandshakeKeys } from '../../src/channel/handshake-state.ts'
import { KeyMaterial } from '../../src/channel/key-material.ts'
import type { CryptoBackend } from '../../src/crypto/backend.ts'
import { encapsulateWithCoins } from '../../src/crypto/portable-kem.ts'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { generateNodeIdentity } from '../../src/identity/node-identity.ts'
import { type Clock, systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { meet, outcomes, reported } from './meeting.ts'
import { type Letter, listening, tampered } from './middle.ts'
import { type End, makeEnd } from './two-ends.ts'

/**
 * Keys that repeat: the same ephemeral keys and the same encapsulation in every handshake. With them a recorded message
 * meets the very state that it was made for, again and again.
 */
class RepeatingKeys extends KeyMaterial {
  readonly #keys: HandshakeKeys

  constructor(crypto: CryptoBackend, seed: number) {
    super(crypto, systemClock)
    const encapsulation = new Map<string, ReturnType<HandshakeKeys['encapsulate']>>()
    this.#keys = {
      staticKey: this.staticKey,
      ephemeralKey: crypto.importAgreementKey(new Uint8Array(32).fill(seed)),
      kemKey: crypto.importDecapsulationKey(new Uint8Array(64).fill(seed)),
      encapsulate(ek) {
        const key = Buffer.from(ek).toString('base64')
        const { ciphertext, sharedSecret } = encapsulation.get(key) ?? encapsulateWithCoins(ek, new Uint8Array(32).fill(seed))
        if (encapsulation.size === 0) encapsulation.set(key, { ciphertext, sharedSecret })
        // MixKey overwrites the secret that it is given
        return { ciphertext, sharedSecret: sharedSecret.slice() }
      },
    }
  }

  override take(): HandshakeKeys {
    return this.#keys
  }
}

/** An identity that signs each of its first messages once and then repeats itself: hedged signatures differ from run to run. */
function repeating(identity: NodeIdentity): NodeIdentity {
  const made = new Map<string, Uint8Array>()
  const signNow = (message: Uint8Array, context: Uint8Array): Uint8Array => {
    const key = Buffer.concat([context, message]).toString('base64')
    const signature = made.get(key) ?? identity.signNow(message, context)
    if (made.size < 8) made.set(key, signature)
    return signature
  }
  return { ...identity, signNow, sign: async (...args) => signNow(...args) }
}

/** Two ends whose handshakes come out byte for byte alike, and the frames of one. */
export interface Recording {
  readonly initiator: End
  readonly responder: End
  readonly frames: Readonly<Record<Letter, Uint8Array>>
}

export async function record(backend: CryptoBackend, clock: Clock = systemClock): Promise<Recording> {
  const end = async (seed: number): Promise<End> => {
    const identity = repeating(await generateNodeIdentity(backend, systemRandom))
    return makeEnd({ backend, identity, keys: new RepeatingKeys(backend, seed), clock })
  }
  const [initiator, responder] = [await end(1), await end(2)]
  const [first, second] = [listening(), listening()]
  for (const { tamper } of [first, second]) {
    assert.deepEqual(outcomes(await meet(initiator, responder, tampered(tamper))), ['session', 'session'])
  }
  assert.equal(first.heard.length, 4)
  assert.deepEqual(first.heard, second.heard, 'the recorded handshake does not repeat')
  reported(initiator)
  reported(responder)
  const frames = Object.fromEntries(first.heard.map(({ letter, framed }) => [letter, framed]))
  const frame = (letter: Letter): Uint8Array => frames[letter] ?? new Uint8Array(0)
  return {
    initiator,
    responder,
    frames: { A: frame('A'), B: frame('B'), C: frame('C'), verdict: frame('verdict'), record: new Uint8Array(0) },
  }
}
