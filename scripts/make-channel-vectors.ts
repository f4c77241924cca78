/*
 * Writes the secure channel's own vectors: node bin/node scripts/make-channel-vectors.ts [FOLDER]. See test/vectors/README.md.
 * The native backend makes everything from counting seeds, but for the ML-KEM ciphertext (chosen coins, hence portable).
 * Hedged signatures differ from run to run; the old vectors stay valid.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CipherState } from '../src/channel/cipher-state.ts'
import { exportSecret } from '../src/channel/exporter.ts'
import { type HandshakeKeys, HandshakeState, XXHFS } from '../src/channel/handshake-state.ts'
import { encodeNotice } from '../src/channel/notice.ts'
import { encodePayload } from '../src/channel/payload.ts'
import { authContext, authMessage, type Role, staticKeyMessage } from '../src/channel/pq-auth.ts'
import { X0_PROFILE, X0_PROTOCOL } from '../src/channel/profile.ts'
import { RecordSealer } from '../src/channel/records.ts'
import { encodeVerdict } from '../src/channel/verdict.ts'
import type { CryptoBackend } from '../src/crypto/backend.ts'
import { nativeBackend } from '../src/crypto/native.ts'
import { encapsulateWithCoins } from '../src/crypto/portable-kem.ts'
import { nodeIdentityFromSeeds } from '../src/identity/node-identity.ts'

type Json = string | number | null | readonly Json[] | { readonly [name: string]: Json }

/** `length` bytes that count up from `start`. */
function counting(length: number, start: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (start + index) & 0xff)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

interface Side {
  readonly role: Role
  readonly seed: number
  readonly offers: readonly string[]
  readonly muxers: readonly string[]
  readonly credential: Uint8Array | undefined
}

const NETWORK = counting(32, 200)
const COINS = counting(32, 150)
const KEM_SEED = counting(64, 160)

function keysOf(crypto: CryptoBackend, seed: number): HandshakeKeys {
  return {
    staticKey: crypto.importAgreementKey(counting(32, seed)),
    ephemeralKey: crypto.importAgreementKey(counting(32, seed + 1)),
    kemKey: crypto.importDecapsulationKey(KEM_SEED),
    encapsulate: (encapsulationKey) => encapsulateWithCoins(encapsulationKey, COINS),
  }
}

async function payloadOf(crypto: CryptoBackend, side: Side, h: Uint8Array): Promise<{ payload: Uint8Array; told: Json }> {
  const seeds = { ed25519: counting(32, side.seed + 2), mldsa65: counting(32, side.seed + 3) }
  const identity = await nodeIdentityFromSeeds(crypto, seeds)
  const message = authMessage(h, identity.x0Id, NETWORK, side.offers)
  const signature = await identity.sign(message, authContext(side.role))
  const { publicKey } = keysOf(crypto, side.seed).staticKey
  const payload = encodePayload({
    ed25519: identity.ed25519,
    identitySignature: await identity.signEd25519(staticKeyMessage(publicKey)),
    streamMuxers: side.muxers,
    pqAuth: {
      mldsa65: identity.mldsa65,
      signature,
      securityProtocols: side.offers,
      networkId: NETWORK,
      credential: side.credential,
    },
  })
  const told = {
    staticSecret: hex(counting(32, side.seed)),
    ephemeralSecret: hex(counting(32, side.seed + 1)),
    ed25519Seed: hex(seeds.ed25519),
    mldsa65Seed: hex(seeds.mldsa65),
    offers: side.offers,
    muxers: side.muxers,
    credential: side.credential === undefined ? null : hex(side.credential),
    h: hex(h),
    authMessage: hex(message),
    signature: hex(signature),
    payload: hex(payload),
  }
  return { payload, told }
}

async function handshakeVector(crypto: CryptoBackend, initiator: Side, responder: Side): Promise<Json> {
  const ours = new HandshakeState(crypto, XXHFS, 'initiator', X0_PROFILE.prologue, keysOf(crypto, initiator.seed))
  const theirs = new HandshakeState(crypto, XXHFS, 'responder', X0_PROFILE.prologue, keysOf(crypto, responder.seed))
  ours.writeTokens()
  const messageA = ours.writePayload(new Uint8Array(0))
  theirs.readTokens(messageA)
  theirs.readPayload()
  theirs.writeTokens()
  const b = await payloadOf(crypto, responder, theirs.symmetric.hash)
  const messageB = theirs.writePayload(b.payload)
  ours.readTokens(messageB)
  ours.readPayload()
  ours.writeTokens()
  const c = await payloadOf(crypto, initiator, ours.symmetric.hash)
  const messageC = ours.writePayload(c.payload)
  const split = ours.split()
  const notice = encodeNotice('wrong-network')
  const refuses = new HandshakeState(crypto, XXHFS, 'initiator', X0_PROFILE.prologue, keysOf(crypto, initiator.seed))
  refuses.writeTokens()
  refuses.writePayload(new Uint8Array(0))
  refuses.readTokens(messageB)
  refuses.readPayload()
  refuses.writeTokens()
  return {
    protocol: X0_PROTOCOL,
    networkId: hex(NETWORK),
    kemSeed: hex(KEM_SEED),
    coins: hex(COINS),
    initiator: c.told,
    responder: b.told,
    messageA: hex(messageA),
    messageB: hex(messageB),
    messageC: hex(messageC),
    handshakeHash: hex(split.handshakeHash),
    exported: ['session-resumption', ''].map((label) => ({
      label,
      secret: hex(exportSecret(crypto, split.exporterSecret, label, 40)),
    })),
    verdict: hex(new RecordSealer(split.responderToInitiator, undefined).seal(encodeVerdict())),
    firstRecord: hex(new RecordSealer(split.initiatorToResponder, undefined).seal(counting(5, 0))),
    // the same initiator, had it refused this B
    notice: { code: 'wrong-network', payload: hex(notice), messageC: hex(refuses.writePayload(notice)) },
  }
}

/** Records of growing length under a key that is replaced after `records` of them or `bytes` of plaintext. */
function recordVector(crypto: CryptoBackend, records: number, bytes: number): Json {
  const sealer = new RecordSealer(new CipherState(crypto, counting(32, 99)), { records, bytes })
  let rekeys = 0
  sealer.onRekey = () => {
    rekeys += 1
  }
  const sealed = [0, 1, 5, 30, 3, 64, 0, 2, 17, 40].map((length) => ({
    plaintext: hex(counting(length, length)),
    framed: hex(sealer.seal(counting(length, length))),
    rekeysAfter: rekeys,
  }))
  return { key: hex(counting(32, 99)), rekey: { records, bytes }, sealed }
}

const folder = process.argv[2] ?? fileURLToPath(new URL('../test/vectors', import.meta.url))
const crypto = nativeBackend()
const plain = { offers: [X0_PROTOCOL], muxers: ['/yamux/1.0.0'], credential: undefined }
const initiator: Side = { ...plain, role: 'initiator', seed: 1 }
const responder: Side = { ...plain, role: 'responder', seed: 41 }
const handshakes = [
  await handshakeVector(crypto, initiator, responder),
  await handshakeVector(
    crypto,
    { ...initiator, offers: [X0_PROTOCOL, '/noise-mlkem768-hfs/0.2.0'], credential: counting(300, 3) },
    { ...responder, muxers: [], credential: counting(20, 4) },
  ),
]
const records = [recordVector(crypto, 3, 1_000), recordVector(crypto, 100, 32), recordVector(crypto, 1, 1)]
await mkdir(folder, { recursive: true })
const file = { schema: 'x0.vectors.channel/v1', handshakes, records }
await writeFile(join(folder, 'channel.json'), `${JSON.stringify(file, null, 2)}\n`)
