import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { CryptoBackend } from '../crypto/backend.ts'
import { compositeSign, compositeSignNow } from '../crypto/composite.ts'
import { SIGNING_SEED_BYTES } from '../crypto/lengths.ts'
import type { Random } from '../platform/random.ts'
import { x0IdOf } from './x0-id.ts'

/** The two public keys of a node and the names that follow from them. */
export interface PublicIdentity {
  /** 32 bytes. */
  readonly ed25519: Uint8Array
  /** 1,952 bytes. */
  readonly mldsa65: Uint8Array
  /** 32 bytes, see x0-id.ts. */
  readonly x0Id: Uint8Array
}

/** This node's own keys, unlocked. */
export interface NodeIdentity extends PublicIdentity {
  /** base58btc peer id (12D3Koo...). */
  readonly peerId: string
  /** The same Ed25519 key in libp2p's form. */
  readonly libp2pKey: Ed25519PrivateKey
  /** Ed25519 alone, 64 bytes (libp2p's identity_sig). */
  signEd25519(message: Uint8Array): Promise<Uint8Array>
  /**
   * Composite ML-DSA-65 + Ed25519 over SHA-512, 3,373 bytes. `context` at most 255 bytes.
   * @throws CryptoError `bad-context`
   */
  sign(message: Uint8Array, context: Uint8Array): Promise<Uint8Array>
  /** The same on this thread, see SigningKey. */
  signNow(message: Uint8Array, context: Uint8Array): Uint8Array
}

/** All that is secret of a node; everything else follows from it. For the key store. */
export interface NodeSeeds {
  /** 32 bytes. */
  readonly ed25519: Uint8Array
  /** 32 bytes. */
  readonly mldsa65: Uint8Array
}

export function generateNodeSeeds(random: Random): NodeSeeds {
  return { ed25519: random.bytes(SIGNING_SEED_BYTES), mldsa65: random.bytes(SIGNING_SEED_BYTES) }
}

/** A new node with keys of its own, which are gone with the process: for tests and labs; a daemon uses the key store. */
export function generateNodeIdentity(backend: CryptoBackend, random: Random): Promise<NodeIdentity> {
  return nodeIdentityFromSeeds(backend, generateNodeSeeds(random))
}

/** @throws CryptoError `bad-key` unless both seeds are 32 bytes */
export async function nodeIdentityFromSeeds(backend: CryptoBackend, seeds: NodeSeeds): Promise<NodeIdentity> {
  const ed25519 = backend.importEd25519(seeds.ed25519)
  const mldsa = backend.importMlDsa65(seeds.mldsa65)
  const libp2pKey = await generateKeyPairFromSeed('Ed25519', seeds.ed25519)
  const publicKeys = { ed25519: ed25519.publicKey, mldsa65: mldsa.publicKey }
  return {
    ...publicKeys,
    x0Id: x0IdOf(backend, publicKeys),
    peerId: peerIdFromPrivateKey(libp2pKey).toString(),
    libp2pKey,
    signEd25519: (message) => ed25519.sign(message),
    sign: (message, context) => compositeSign(backend, { mldsa, ed25519 }, message, context),
    signNow: (message, context) => compositeSignNow(backend, { mldsa, ed25519 }, message, context),
  }
}
