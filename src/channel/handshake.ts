import type { CryptoBackend } from '../crypto/backend.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { frame } from './frames.ts'
import type { HandshakeCarrier } from './handshake-carrier.ts'
import { type HandshakeKeys, HandshakeState, XXHFS } from './handshake-state.ts'
import type { KnownKeys } from './known-keys.ts'
import { MAX_HANDSHAKE_PAYLOAD_BYTES, TAG_BYTES } from './limits.ts'
import { decodeNotice, encodeNotice } from './notice.ts'
import { decodePayload, encodePayload, type HandshakePayload } from './payload.ts'
import {
  authContext,
  authMessage,
  type ProofToCheck,
  type ProvenIdentity,
  type Role,
  staticKeyMessage,
  verifyProof,
  verifyProofNow,
} from './pq-auth.ts'
import type { ChannelProfile } from './profile.ts'
import { RecordSealer } from './records.ts'
import { asRefusal, ChannelRefusal } from './refusal.ts'
import type { Slots } from './slots.ts'
import type { SplitResult } from './symmetric-state.ts'
import { encodeVerdict } from './verdict.ts'

/** Message A: e (32) and the encapsulation key (1,184). */
const MESSAGE_A_BYTES = 32 + 1_184
/** Message B without its payload: e, the sealed ciphertext, the sealed static key. */
const MESSAGE_B_BYTES = 32 + 1_088 + TAG_BYTES + 32 + TAG_BYTES
/** Message C without its payload. */
const MESSAGE_C_BYTES = 32 + TAG_BYTES
const SEALED_PAYLOAD_BYTES = MAX_HANDSHAKE_PAYLOAD_BYTES + TAG_BYTES

export interface HandshakeInput {
  readonly crypto: CryptoBackend
  readonly profile: ChannelProfile
  readonly identity: NodeIdentity
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly credential: Uint8Array | undefined
  /** The encrypters that this node offers, in order of preference. */
  readonly securityProtocols: readonly string[]
  readonly streamMuxers: readonly string[]
  readonly keys: HandshakeKeys
  /** libp2p's signature over keys.staticKey, made once a process. */
  readonly identitySignature: Uint8Array
  readonly known: KnownKeys
  readonly carrier: HandshakeCarrier
  readonly signal: AbortSignal
  /** No other handshake is under way that a signature on this thread would hold up. */
  readonly isAlone: () => boolean
  /** Where signing and verifying wait for a place in the thread pool. */
  readonly slots: Slots
  /** Judges a peer whose signatures hold. @throws ChannelRefusal to turn it away */
  readonly judge: (remote: ProvenIdentity, payload: HandshakePayload) => void
}

export interface ProvenPeer {
  readonly remote: ProvenIdentity
  readonly payload: HandshakePayload
}

export interface Responded extends ProvenPeer {
  readonly split: SplitResult
}

export interface Initiated extends ProvenPeer {
  /** Resolves when message C is on the wire: signing it goes on while libp2p sets up the connection. */
  readonly finished: Promise<SplitResult>
}

/**
 * The initiator's side up to the point where the responder is proved. Message B is judged wholly before C is sent; C is
 * signed at the same time in the pool, because its hash is fixed once B has been read. Where the proof holds and the
 * judgement refuses the responder, C carries a refusal notice and nothing else.
 * @throws ChannelRefusal
 */
export async function initiate(input: HandshakeInput): Promise<Initiated> {
  const { carrier, signal } = input
  const state = new HandshakeState(input.crypto, XXHFS, 'initiator', input.profile.prologue, input.keys)
  state.writeTokens()
  carrier.send('A', state.writePayload(new Uint8Array(0)))

  const messageB = await carrier.receive('B', MESSAGE_B_BYTES + SEALED_PAYLOAD_BYTES, signal)
  state.readTokens(messageB)
  const hash = state.symmetric.hash
  const payload = decodePayload(state.readPayload())
  const proof: ProofToCheck = { payload, staticKey: state.remoteStatic, hash, signer: 'responder' }
  expectAuthentication(input, payload)
  state.writeTokens()
  // signed in the pool while B is judged here; a refused B leaves the promise to nobody
  const ours = ownPayload(input, 'initiator', state.symmetric.hash)
  ours.catch(() => undefined)
  const remote = verifyProofNow(input.crypto, input.known, proof)
  try {
    input.judge(remote, payload)
  } catch (error) {
    // the peer is who it says, so it may know why; by a notice in place of our identity
    if (input.profile.verdict && error instanceof ChannelRefusal) {
      carrier.sendWhy('C', frame(state.writePayload(encodeNotice(error.code))))
    }
    throw error
  }

  const finish = async (): Promise<SplitResult> => {
    const body = state.writePayload(await ours)
    carrier.expectPeer(signal)
    carrier.send('C', body)
    return state.split()
  }
  return { remote, payload, finished: finish() }
}

/**
 * The responder's side. Where the peer is refused after its static key is known, the refusal is sent as the verdict;
 * before that there is no common key to say it under, and the connection just ends. A refusal notice in C ends it too, before
 * any signature is checked: that is the initiator's refusal (`by: 'peer'`).
 * @throws ChannelRefusal
 */
export async function respond(input: HandshakeInput): Promise<Responded> {
  const { carrier, signal } = input
  const state = new HandshakeState(input.crypto, XXHFS, 'responder', input.profile.prologue, input.keys)
  const messageA = await carrier.receive('A', MESSAGE_A_BYTES, signal)
  if (messageA.length !== MESSAGE_A_BYTES) {
    throw new ChannelRefusal('malformed-message', `message A has ${messageA.length} bytes instead of ${MESSAGE_A_BYTES}`)
  }
  state.readTokens(messageA)
  state.readPayload()
  state.writeTokens()
  const ours = await ownPayload(input, 'responder', state.symmetric.hash)
  carrier.expectPeer(signal)
  carrier.send('B', state.writePayload(ours))

  const messageC = await carrier.receive('C', MESSAGE_C_BYTES + SEALED_PAYLOAD_BYTES, signal)
  state.readTokens(messageC)
  try {
    const hash = state.symmetric.hash
    const plain = state.readPayload()
    const notice = input.profile.verdict ? decodeNotice(plain) : undefined
    if (notice !== undefined) throw notice
    const payload = decodePayload(plain)
    expectAuthentication(input, payload)
    const proof: ProofToCheck = { payload, staticKey: state.remoteStatic, hash, signer: 'initiator' }
    const remote = input.isAlone()
      ? verifyProofNow(input.crypto, input.known, proof)
      : await atWork(input, () => verifyProof(input.crypto, input.known, proof))
    input.judge(remote, payload)
    carrier.expectPeer(signal)
    return { remote, payload, split: state.split() }
  } catch (error) {
    const refusal = asRefusal(error, 'malformed-message')
    // a peer that has refused us wants no verdict
    if (input.profile.verdict && refusal.by === 'self') {
      const sealer = new RecordSealer(state.symmetric.split().responderToInitiator, undefined)
      carrier.sendWhy('verdict', sealer.seal(encodeVerdict(refusal.code)))
    }
    throw refusal
  }
}

function expectAuthentication(input: HandshakeInput, payload: HandshakePayload): void {
  if (payload.pqAuth !== undefined || input.profile.authentication !== 'required') return
  throw new ChannelRefusal('missing-authentication', 'the peer sent no ML-DSA-65 authentication, which this protocol requires')
}

/** Runs a dear operation in its place, unless the peer has gone or the time has run out while it waited for one. */
function atWork<T>({ slots, signal, carrier }: HandshakeInput, work: () => Promise<T>): Promise<T> {
  return slots.run(async () => {
    carrier.expectPeer(signal)
    return await work()
  })
}

/** Our payload, signed over `hash`. */
async function ownPayload(input: HandshakeInput, role: Role, hash: Uint8Array): Promise<Uint8Array> {
  const { identity, networkId, securityProtocols } = input
  const message = authMessage(hash, identity.x0Id, networkId, securityProtocols)
  const context = authContext(role)
  // the way to the pool and back takes a third of a signature: a responder with nobody else to serve signs here
  const signature = input.isAlone()
    ? identity.signNow(message, context)
    : await atWork(input, () => identity.sign(message, context))
  return encodePayload({
    ed25519: identity.ed25519,
    identitySignature: input.identitySignature,
    streamMuxers: input.streamMuxers,
    pqAuth: { mldsa65: identity.mldsa65, signature, securityProtocols, networkId, credential: input.credential },
  })
}

/** libp2p's identity_sig for a static key. */
export function signStaticKey(identity: NodeIdentity, staticKey: Uint8Array): Promise<Uint8Array> {
  return identity.signEd25519(staticKeyMessage(staticKey))
}
