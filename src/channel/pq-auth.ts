import type { CryptoBackend, VerifyingKey } from '../crypto/backend.ts'
import { type CompositeVerifier, compositeVerifier } from '../crypto/composite.ts'
import { x0IdOf } from '../identity/x0-id.ts'
import { isSignedBefore, type KnownKeys } from './known-keys.ts'
import type { HandshakePayload } from './payload.ts'
import { ChannelRefusal } from './refusal.ts'

export type Role = 'initiator' | 'responder'

const utf8 = new TextEncoder()
const CONTEXT: Record<Role, Uint8Array> = {
  initiator: utf8.encode('x0/noise-auth/1/initiator'),
  responder: utf8.encode('x0/noise-auth/1/responder'),
}
const STATIC_KEY_PREFIX = utf8.encode('noise-libp2p-static-key:')

/** The signature context of the side that signs. */
export function authContext(signer: Role): Uint8Array {
  return CONTEXT[signer]
}

/** What libp2p's identity_sig covers. */
export function staticKeyMessage(staticKey: Uint8Array): Uint8Array {
  return Buffer.concat([STATIC_KEY_PREFIX, staticKey])
}

/**
 * M = h before this payload || own x0 id || network id || canonical(security protocols). The canonical list is, per
 * item in order of preference, its length as u16be and its UTF-8 bytes.
 */
export function authMessage(
  h: Uint8Array,
  x0Id: Uint8Array,
  networkId: Uint8Array,
  securityProtocols: readonly string[],
): Uint8Array {
  const parts: Uint8Array[] = [h, x0Id, networkId]
  for (const protocol of securityProtocols) {
    const bytes = utf8.encode(protocol)
    parts.push(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes)
  }
  return Buffer.concat(parts)
}

/** Who the peer has proved to be. */
export interface ProvenIdentity {
  /** 32 bytes. */
  readonly ed25519: Uint8Array
  /** 32 bytes; undefined without the extension: such a peer is not authenticated against a quantum computer. */
  readonly x0Id: Uint8Array | undefined
}

export interface ProofToCheck {
  readonly payload: HandshakePayload
  /** The peer's X25519 static key, 32 bytes. */
  readonly staticKey: Uint8Array
  /** h before the peer's payload, 32 bytes. */
  readonly hash: Uint8Array
  readonly signer: Role
}

/**
 * Checks every signature of a payload: identity_sig over the static key, and both halves of the composite signature over
 * the transcript. The dear half runs in the thread pool, the others meanwhile.
 * @throws ChannelRefusal `bad-identity-signature`, `bad-composite-signature`, `malformed-message`
 */
export async function verifyProof(crypto: CryptoBackend, known: KnownKeys, proof: ProofToCheck): Promise<ProvenIdentity> {
  const opened = openProof(crypto, known, proof)
  const { ed25519, transcript, identity } = opened
  const transcriptHolds = transcript === undefined ? true : transcript.verifier.verify(...transcript.signed)
  const identityHolds = identity === undefined || (await ed25519.verify(...identity))
  return proven(opened, known, proof, identityHolds, await transcriptHolds)
}

/** The same on this thread, for an initiator: it chose the peer, waits for nothing else, and signs in the pool meanwhile. */
export function verifyProofNow(crypto: CryptoBackend, known: KnownKeys, proof: ProofToCheck): ProvenIdentity {
  const opened = openProof(crypto, known, proof)
  const { ed25519, transcript, identity } = opened
  const identityHolds = identity === undefined || ed25519.verifyNow(...identity)
  const transcriptHolds = transcript === undefined || transcript.verifier.verifyNow(...transcript.signed)
  return proven(opened, known, proof, identityHolds, transcriptHolds)
}

interface OpenedProof {
  readonly ed25519: VerifyingKey
  /** Message and signature of identity_sig; undefined where the same has been checked before. */
  readonly identity: [Uint8Array, Uint8Array] | undefined
  /** The composite signature; undefined without the extension. */
  readonly transcript: Transcript | undefined
}

interface Transcript {
  readonly x0Id: Uint8Array
  readonly mldsa65: VerifyingKey
  readonly verifier: CompositeVerifier
  /** Message, signature, context. */
  readonly signed: [Uint8Array, Uint8Array, Uint8Array]
}

function openProof(crypto: CryptoBackend, known: KnownKeys, { payload, staticKey, hash, signer }: ProofToCheck): OpenedProof {
  const identity: [Uint8Array, Uint8Array] = [staticKeyMessage(staticKey), payload.identitySignature]
  const auth = payload.pqAuth
  if (auth === undefined) {
    return { ed25519: verifyingKey(() => crypto.importEd25519Public(payload.ed25519)), identity, transcript: undefined }
  }
  const x0Id = x0IdOf(crypto, { ed25519: payload.ed25519, mldsa65: auth.mldsa65 })
  const met = known.get(x0Id)
  const ed25519 = met?.ed25519 ?? verifyingKey(() => crypto.importEd25519Public(payload.ed25519))
  const mldsa65 = met?.mldsa65 ?? verifyingKey(() => crypto.importMlDsa65Public(auth.mldsa65))
  const message = authMessage(hash, x0Id, auth.networkId, auth.securityProtocols)
  return {
    ed25519,
    identity: isSignedBefore(met, staticKey, payload.identitySignature) ? undefined : identity,
    transcript: {
      x0Id,
      mldsa65,
      verifier: compositeVerifier(crypto, mldsa65, ed25519),
      signed: [message, auth.signature, CONTEXT[signer]],
    },
  }
}

function proven(
  { ed25519, transcript }: OpenedProof,
  known: KnownKeys,
  { payload, staticKey }: ProofToCheck,
  identityHolds: boolean,
  transcriptHolds: boolean,
): ProvenIdentity {
  if (!identityHolds) throw new ChannelRefusal('bad-identity-signature', 'identity_sig does not sign the static key')
  if (!transcriptHolds) {
    throw new ChannelRefusal('bad-composite-signature', 'the ML-DSA-65 + Ed25519 signature does not sign this handshake')
  }
  if (transcript === undefined) return { ed25519: payload.ed25519, x0Id: undefined }
  const { x0Id, mldsa65 } = transcript
  known.remember(x0Id, { ed25519, mldsa65, staticKey, identitySignature: payload.identitySignature.slice() })
  return { ed25519: payload.ed25519, x0Id }
}

function verifyingKey<T>(make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw new ChannelRefusal('malformed-message', 'the peer sent an identity key that is none', { cause })
  }
}
