import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { CipherState } from '../../src/channel/cipher-state.ts'
import { exportSecret } from '../../src/channel/exporter.ts'
import { type HandshakeKeys, HandshakeState, XXHFS } from '../../src/channel/handshake-state.ts'
import { KnownKeys } from '../../src/channel/known-keys.ts'
import { decodeNotice, encodeNotice } from '../../src/channel/notice.ts'
import { decodePayload, encodePayload } from '../../src/channel/payload.ts'
import { authMessage, type Role, staticKeyMessage, verifyProof, verifyProofNow } from '../../src/channel/pq-auth.ts'
import { RecordOpener, RecordSealer } from '../../src/channel/records.ts'
import type { RefusalCode } from '../../src/channel/refusal.ts'
import type { SplitResult } from '../../src/channel/symmetric-state.ts'
import { encodeVerdict } from '../../src/channel/verdict.ts'
import type { CryptoBackend } from '../../src/crypto/backend.ts'
import { encapsulateWithCoins } from '../../src/crypto/portable-kem.ts'
import { nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { onBoth } from '../crypto/backends.ts'
import { hex, toHex } from '../crypto/published-vectors.ts'

interface Side {
  staticSecret: string
  ephemeralSecret: string
  ed25519Seed: string
  mldsa65Seed: string
  offers: string[]
  muxers: string[]
  credential: string | null
  h: string
  authMessage: string
  signature: string
  payload: string
}

interface Handshake {
  protocol: string
  networkId: string
  kemSeed: string
  coins: string
  initiator: Side
  responder: Side
  messageA: string
  messageB: string
  messageC: string
  handshakeHash: string
  exported: { label: string; secret: string }[]
  verdict: string
  firstRecord: string
  /** What the initiator had sent in place of message C, had it refused the responder. */
  notice: { code: RefusalCode; payload: string; messageC: string }
}

interface Records {
  key: string
  rekey: { records: number; bytes: number }
  sealed: { plaintext: string; framed: string; rekeysAfter: number }[]
}

const file: { schema: string; handshakes: Handshake[]; records: Records[] } = JSON.parse(
  readFileSync(new URL('../vectors/channel.json', import.meta.url), 'utf8'),
)

function stateOf(crypto: CryptoBackend, vector: Handshake, role: Role): HandshakeState {
  const side = vector[role]
  const keys: HandshakeKeys = {
    staticKey: crypto.importAgreementKey(hex(side.staticSecret)),
    ephemeralKey: crypto.importAgreementKey(hex(side.ephemeralSecret)),
    kemKey: crypto.importDecapsulationKey(hex(vector.kemSeed)),
    encapsulate: (ek) => encapsulateWithCoins(ek, hex(vector.coins)),
  }
  return new HandshakeState(crypto, XXHFS, role, new TextEncoder().encode(vector.protocol), keys)
}

/** Both ends up to where the initiator writes the payload of C, every message compared on the way. */
function afterB(crypto: CryptoBackend, vector: Handshake): Record<Role, HandshakeState> {
  const initiator = stateOf(crypto, vector, 'initiator')
  const responder = stateOf(crypto, vector, 'responder')
  initiator.writeTokens()
  assert.equal(toHex(initiator.writePayload(new Uint8Array(0))), vector.messageA)
  responder.readTokens(hex(vector.messageA))
  responder.readPayload()
  responder.writeTokens()
  assert.equal(toHex(responder.symmetric.hash), vector.responder.h)
  assert.equal(toHex(responder.writePayload(hex(vector.responder.payload))), vector.messageB)
  initiator.readTokens(hex(vector.messageB))
  assert.equal(toHex(initiator.readPayload()), vector.responder.payload)
  initiator.writeTokens()
  assert.equal(toHex(initiator.symmetric.hash), vector.initiator.h)
  return { initiator, responder }
}

/** Both ends with the recorded payloads. */
function rerun(crypto: CryptoBackend, vector: Handshake): { splits: SplitResult[]; statics: Record<Role, Uint8Array> } {
  const { initiator, responder } = afterB(crypto, vector)
  assert.equal(toHex(initiator.writePayload(hex(vector.initiator.payload))), vector.messageC)
  responder.readTokens(hex(vector.messageC))
  assert.equal(toHex(responder.readPayload()), vector.initiator.payload)
  const statics = { initiator: responder.remoteStatic, responder: initiator.remoteStatic }
  return { splits: [initiator.split(), responder.split()], statics }
}

onBoth('own vectors: the whole handshake of the x0 id, what each side signs, and what comes of it', async (crypto) => {
  assert.equal(file.schema, 'x0.vectors.channel/v1')
  assert.equal(file.handshakes.length, 2)
  for (const vector of file.handshakes) {
    const { splits, statics } = rerun(crypto, vector)
    for (const split of splits) {
      assert.equal(toHex(split.handshakeHash), vector.handshakeHash)
      for (const { label, secret } of vector.exported) {
        assert.equal(toHex(exportSecret(crypto, split.exporterSecret, label, 40)), secret)
      }
      assert.equal(toHex(new RecordSealer(split.responderToInitiator, undefined).seal(encodeVerdict())), vector.verdict)
      const first = new RecordSealer(split.initiatorToResponder, undefined).seal(Uint8Array.of(0, 1, 2, 3, 4))
      assert.equal(toHex(first), vector.firstRecord)
    }

    for (const role of ['initiator', 'responder'] as const) {
      const side = vector[role]
      const seeds = { ed25519: hex(side.ed25519Seed), mldsa65: hex(side.mldsa65Seed) }
      const identity = await nodeIdentityFromSeeds(crypto, seeds)
      assert.equal(toHex(authMessage(hex(side.h), identity.x0Id, hex(vector.networkId), side.offers)), side.authMessage)

      const payload = decodePayload(hex(side.payload))
      assert.deepEqual(payload.streamMuxers, side.muxers)
      assert.deepEqual(payload.pqAuth?.securityProtocols, side.offers)
      assert.equal(payload.pqAuth && toHex(payload.pqAuth.signature), side.signature)
      assert.equal(payload.pqAuth?.credential === undefined ? null : toHex(payload.pqAuth.credential), side.credential)
      assert.equal(toHex(encodePayload(payload)), side.payload)
      // Ed25519 alone is not hedged: this signature is the only one there is
      const identitySignature = await identity.signEd25519(staticKeyMessage(statics[role]))
      assert.equal(toHex(payload.identitySignature), toHex(identitySignature))
      const proof = { payload, staticKey: statics[role], hash: hex(side.h), signer: role }
      const swapped = { ...proof, signer: role === 'initiator' ? 'responder' : 'initiator' } as const
      const known = new KnownKeys()
      // the second time with the keys that the first time has proved
      for (const proven of [await verifyProof(crypto, known, proof), verifyProofNow(crypto, known, proof)]) {
        assert.equal(proven.x0Id && toHex(proven.x0Id), toHex(identity.x0Id))
      }
      await assert.rejects(verifyProof(crypto, known, swapped))
      assert.throws(() => verifyProofNow(crypto, known, swapped))
      const otherStatic = { ...proof, staticKey: statics[swapped.signer] }
      await assert.rejects(verifyProof(crypto, known, otherStatic), { code: 'bad-identity-signature' })
    }
  }
})

onBoth('own vectors: the refusal notice in place of message C', (crypto) => {
  for (const vector of file.handshakes) {
    const { code, payload, messageC } = vector.notice
    // version 1, number 1, in fields 1777 and 4
    assert.equal(payload, '22078a6f0408011001')
    assert.equal(toHex(encodeNotice(code)), payload)
    const { initiator, responder } = afterB(crypto, vector)
    assert.equal(toHex(initiator.writePayload(hex(payload))), messageC)
    responder.readTokens(hex(messageC))
    const refusal = decodeNotice(responder.readPayload())
    assert.deepEqual([refusal?.code, refusal?.by], [code, 'peer'])
  }
})

onBoth('own vectors: records and their rekeys', (crypto) => {
  assert.equal(file.records.length, 3)
  for (const { key, rekey, sealed } of file.records) {
    const opener = new RecordOpener(new CipherState(crypto, hex(key)), rekey)
    const sealer = new RecordSealer(new CipherState(crypto, hex(key)), rekey)
    const rekeys = { sealer: 0, opener: 0 }
    sealer.onRekey = () => {
      rekeys.sealer += 1
    }
    opener.onRekey = () => {
      rekeys.opener += 1
    }
    for (const { plaintext, framed, rekeysAfter } of sealed) {
      assert.equal(toHex(sealer.seal(hex(plaintext))), framed)
      assert.equal(toHex(opener.open(hex(framed).subarray(2))), plaintext)
      assert.deepEqual(rekeys, { sealer: rekeysAfter, opener: rekeysAfter })
    }
    assert(rekeys.sealer > 1)
  }
})
