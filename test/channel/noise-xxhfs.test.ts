import assert from 'node:assert/strict'
import type { CipherState } from '../../src/channel/cipher-state.ts'
import { type HandshakeKeys, HandshakeState, XXHFS } from '../../src/channel/handshake-state.ts'
import type { CryptoBackend } from '../../src/crypto/backend.ts'
import { encapsulateWithCoins } from '../../src/crypto/portable-kem.ts'
import { onBoth } from '../crypto/backends.ts'
import { hex, publishedText, toHex, withoutPublishedVectors } from '../crypto/published-vectors.ts'
import { type Step, tracing } from './noise-trace.ts'

interface Vector {
  vector_index: number
  static_i_private: string
  static_r_private: string
  ephemeral_dh_i_private: string
  ephemeral_dh_r_private: string
  ephemeral_kem_i_public: string
  encap_seed_hex: string
  msg_a: string
  msg_b: string
  msg_c: string
  handshake_hash: string
  cs1_k: string
  cs2_k: string
}

const NOTHING = new Uint8Array(0)

function published<File>(name: string): File {
  return JSON.parse(publishedText(`noise-xxhfs/${name}`))
}

/** The published file gives the expanded decapsulation key; it grew from the byte after the ephemeral keys', 64 times. */
function kemSeed(vector: Vector): Uint8Array {
  return new Uint8Array(64).fill(5 + 16 * vector.vector_index)
}

function keysOf(crypto: CryptoBackend, vector: Vector): { initiator: HandshakeKeys; responder: HandshakeKeys } {
  const kemKey = crypto.importDecapsulationKey(kemSeed(vector))
  assert.equal(toHex(kemKey.encapsulationKey), vector.ephemeral_kem_i_public)
  const encapsulate = (ek: Uint8Array) => encapsulateWithCoins(ek, hex(vector.encap_seed_hex))
  return {
    initiator: {
      staticKey: crypto.importAgreementKey(hex(vector.static_i_private)),
      ephemeralKey: crypto.importAgreementKey(hex(vector.ephemeral_dh_i_private)),
      kemKey,
      encapsulate,
    },
    responder: {
      staticKey: crypto.importAgreementKey(hex(vector.static_r_private)),
      ephemeralKey: crypto.importAgreementKey(hex(vector.ephemeral_dh_r_private)),
      kemKey,
      encapsulate,
    },
  }
}

/** A whole handshake with empty payloads. @returns the messages in hexadecimal */
function run(initiator: HandshakeState, responder: HandshakeState): string[] {
  return XXHFS.messages.map((_, index) => {
    const [writer, reader] = index % 2 === 0 ? [initiator, responder] : [responder, initiator]
    writer.writeTokens()
    const message = writer.writePayload(NOTHING)
    reader.readTokens(message)
    assert.deepEqual([...reader.readPayload()], [])
    return toHex(message)
  })
}

/** What `key` seals under the first nonce: shows which key a CipherState holds without asking it. */
function sealedBy(crypto: CryptoBackend, key: string): string {
  const out = new Uint8Array(19)
  crypto.aead(hex(key)).seal(new Uint8Array(12), NOTHING, Uint8Array.of(1, 2, 3), out, 0)
  return toHex(out)
}

function firstRecord(cipher: CipherState): string {
  const out = new Uint8Array(19)
  cipher.seal(NOTHING, Uint8Array.of(1, 2, 3), out, 0)
  return toHex(out)
}

onBoth(
  'noise-xxhfs: messages, h and both keys of the published vectors',
  (crypto) => {
    const { vectors } = published<{ vectors: Vector[] }>('xxhfs-mlkem768.json')
    assert.equal(vectors.length, 3)
    for (const vector of vectors) {
      const keys = keysOf(crypto, vector)
      const initiator = new HandshakeState(crypto, XXHFS, 'initiator', NOTHING, keys.initiator)
      const responder = new HandshakeState(crypto, XXHFS, 'responder', NOTHING, keys.responder)
      assert.deepEqual(run(initiator, responder), [vector.msg_a, vector.msg_b, vector.msg_c])
      for (const split of [initiator.split(), responder.split()]) {
        assert.equal(toHex(split.handshakeHash), vector.handshake_hash)
        assert.equal(firstRecord(split.initiatorToResponder), sealedBy(crypto, vector.cs1_k))
        assert.equal(firstRecord(split.responderToInitiator), sealedBy(crypto, vector.cs2_k))
      }
    }
  },
  withoutPublishedVectors,
)

onBoth(
  'noise-xxhfs: h, ck and k after every token, at both ends',
  (crypto) => {
    const { vectors } = published<{ vectors: Vector[] }>('xxhfs-mlkem768.json')
    const traces = published<{ vectors: { steps: (Step & { step: string })[] }[] }>('xxhfs-step-trace.json')
    for (const [index, vector] of vectors.entries()) {
      const keys = keysOf(crypto, vector)
      const [ours, theirs] = [tracing(crypto, XXHFS.name), tracing(crypto, XXHFS.name)]
      run(
        new HandshakeState(ours.backend, XXHFS, 'initiator', NOTHING, keys.initiator),
        new HandshakeState(theirs.backend, XXHFS, 'responder', NOTHING, keys.responder),
      )
      const expected = traces.vectors[index]?.steps.map(({ h, ck, k, n }) => ({ h, ck, k, n }))
      assert.equal(expected?.length, 15)
      assert.deepEqual(ours.steps, expected)
      assert.deepEqual(theirs.steps, expected)
    }
  },
  withoutPublishedVectors,
)
