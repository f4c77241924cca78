import type { CryptoBackend, VerifyingKey } from '../crypto/backend.ts'
import { compositeVerifier } from '../crypto/composite.ts'
import { x0IdOf } from '../identity/x0-id.ts'
import type { HandshakePayload, PqAuth } from './payload.ts'
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
 * Checks every signature of a payload, all at the same time in the thread pool: identity_sig over the static key, and
 * both halves of the composite signature over the transcript.
 * @throws ChannelRefusal `bad-identity-signature`, `bad-composite-signature`, `malformed-message`
 */
export async function verifyProof(crypto: CryptoBackend, proof: ProofToCheck): Promise<ProvenIdentity> {
  const { payload, hash, signer } = proof
  const auth = payload.pqAuth
  const ed25519 = verifyingKey(() => crypto.importEd25519Public(payload.ed25519))
  const x0Id = auth === undefined ? undefined : x0IdOf(crypto, { ed25519: payload.ed25519, mldsa65: auth.mldsa65 })
  // the dear one first: it goes to the thread pool, the other runs meanwhile
  const transcript = auth === undefined || x0Id === undefined ? true : verifyTranscript(crypto, ed25519, auth, x0Id, hash, signer)
  const [identityHolds, transcriptHolds] = await Promise.all([
    ed25519.verify(staticKeyMessage(proof.staticKey), payload.identitySignature),
    transcript,
  ])
  if (!identityHolds) throw new ChannelRefusal('bad-identity-signature', 'identity_sig does not sign the static key')
  if (!transcriptHolds) {
    throw new ChannelRefusal('bad-composite-signature', 'the ML-DSA-65 + Ed25519 signature does not sign this handshake')
  }
  return { ed25519: payload.ed25519, x0Id }
}

function verifyTranscript(
  crypto: CryptoBackend,
  ed25519: VerifyingKey,
  auth: PqAuth,
  x0Id: Uint8Array,
  hash: Uint8Array,
  signer: Role,
): Promise<boolean> {
  const verifier = compositeVerifier(
    crypto,
    verifyingKey(() => crypto.importMlDsa65Public(auth.mldsa65)),
    ed25519,
  )
  return verifier.verify(authMessage(hash, x0Id, auth.networkId, auth.securityProtocols), auth.signature, CONTEXT[signer])
}

function verifyingKey<T>(make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw new ChannelRefusal('malformed-message', 'the peer sent an identity key that is none', { cause })
  }
}
