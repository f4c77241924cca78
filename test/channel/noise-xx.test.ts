import assert from 'node:assert/strict'
import { type HandshakeKeys, HandshakeState, XX } from '../../src/channel/handshake-state.ts'
import type { CryptoBackend } from '../../src/crypto/backend.ts'
import { onBoth } from '../crypto/backends.ts'
import { hex, publishedText, toHex, withoutPublishedVectors } from '../crypto/published-vectors.ts'

interface Vector {
  init_prologue: string
  init_static: string
  init_ephemeral: string
  resp_static: string
  resp_ephemeral: string
  handshake_hash?: string
  messages: { payload: string; ciphertext: string }[]
}

function classicalKeys(crypto: CryptoBackend, staticKey: string, ephemeral: string): HandshakeKeys {
  const none = (): never => {
    throw new Error('Noise_XX has no KEM')
  }
  return {
    staticKey: crypto.importAgreementKey(hex(staticKey)),
    ephemeralKey: crypto.importAgreementKey(hex(ephemeral)),
    get kemKey() {
      return none()
    },
    encapsulate: none,
  }
}

for (const [source, count] of [
  ['cacophony', 6],
  ['snow', 5],
] as const) {
  onBoth(
    `noise-xx: the ${source} vector, handshake and transport`,
    (crypto) => {
      const name = `noise-xx/${source}-Noise_XX_25519_ChaChaPoly_SHA256.json`
      const file: { vectors: Vector[] } = JSON.parse(publishedText(name))
      const [vector] = file.vectors
      assert(vector !== undefined)
      assert.equal(vector.messages.length, count)
      const prologue = hex(vector.init_prologue)
      const initiator = new HandshakeState(
        crypto,
        XX,
        'initiator',
        prologue,
        classicalKeys(crypto, vector.init_static, vector.init_ephemeral),
      )
      const responder = new HandshakeState(
        crypto,
        XX,
        'responder',
        prologue,
        classicalKeys(crypto, vector.resp_static, vector.resp_ephemeral),
      )
      for (const [index, { payload, ciphertext }] of vector.messages.slice(0, 3).entries()) {
        const [writer, reader] = index % 2 === 0 ? [initiator, responder] : [responder, initiator]
        writer.writeTokens()
        assert.equal(toHex(writer.writePayload(hex(payload))), ciphertext)
        reader.readTokens(hex(ciphertext))
        assert.equal(toHex(reader.readPayload()), payload)
      }
      const [ours, theirs] = [initiator.split(), responder.split()]
      if (vector.handshake_hash !== undefined) assert.equal(toHex(ours.handshakeHash), vector.handshake_hash)
      assert.deepEqual(ours.handshakeHash, theirs.handshakeHash)
      for (const [index, { payload, ciphertext }] of vector.messages.slice(3).entries()) {
        const [from, to] = index % 2 === 0 ? [theirs, ours] : [ours, theirs]
        const direction = index % 2 === 0 ? 'responderToInitiator' : 'initiatorToResponder'
        const sealed = new Uint8Array(ciphertext.length / 2)
        from[direction].seal(new Uint8Array(0), hex(payload), sealed, 0)
        assert.equal(toHex(sealed), ciphertext)
        assert.equal(toHex(to[direction].open(new Uint8Array(0), sealed)), payload)
      }
    },
    withoutPublishedVectors,
  )
}
