import type { CryptoBackend } from '../crypto/backend.ts'
import { ByteWriter } from '../platform/byte-codec.ts'
import { writeText } from './names.ts'

/*
 * The token of an invite is an ML-DSA-65 key pair made from the 32 bytes in the line. Its issuer keeps SHA-256 of the
 * public key alone. Who redeems it signs for whom, so that nobody on the way, a forwarding node included, can redeem it
 * for other keys:
 *
 *   label "x0-redeem/1\0" (12) | network id (32) | issuer (32) | applicant's x0 id (32) | wanted name (1 + n, 0 for none)
 *   FIPS 204 context "x0/redeem/1"
 */

const LABEL = new TextEncoder().encode('x0-redeem/1\0')
const CONTEXT = new TextEncoder().encode('x0/redeem/1')

/** What a redeemer signs. */
export interface Redemption {
  readonly networkId: Uint8Array
  readonly issuer: Uint8Array
  readonly applicantId: Uint8Array
  readonly name: string | undefined
}

export interface SignedRedemption {
  /** ML-DSA-65 public key of the token, 1,952 bytes. */
  readonly tokenKey: Uint8Array
  /** 3,309 bytes. */
  readonly tokenSignature: Uint8Array
}

/** By what the issuer knows a token: SHA-256 of its public key. */
export function tokenId(backend: Pick<CryptoBackend, 'sha256'>, tokenKey: Uint8Array): Uint8Array {
  return backend.sha256(tokenKey)
}

/** The same from the secret, for who makes an invite. */
export function tokenIdOfSecret(backend: CryptoBackend, secret: Uint8Array): Uint8Array {
  return tokenId(backend, backend.importMlDsa65(secret).publicKey)
}

export async function signRedemption(
  backend: CryptoBackend,
  secret: Uint8Array,
  redemption: Redemption,
): Promise<SignedRedemption> {
  const key = backend.importMlDsa65(secret)
  return { tokenKey: key.publicKey, tokenSignature: await key.sign(signedBytes(redemption), CONTEXT) }
}

export function verifyRedemption(backend: CryptoBackend, redemption: Redemption & SignedRedemption): Promise<boolean> {
  const key = backend.importMlDsa65Public(redemption.tokenKey)
  return key.verify(signedBytes(redemption), redemption.tokenSignature, CONTEXT)
}

function signedBytes({ networkId, issuer, applicantId, name }: Redemption): Uint8Array {
  const writer = new ByteWriter().bytes(LABEL).bytes(networkId).bytes(issuer).bytes(applicantId)
  writeText(writer, name ?? '')
  return writer.finish()
}
