import { compositePublicKey } from '../../src/crypto/composite.ts'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { type Credential, type CredentialBody, issueCredential } from '../../src/trust/credential.ts'
import { type AdmissionMode, type Founder, type Genesis, makeGenesis } from '../../src/trust/genesis.ts'
import { type Revocation, signRevocation } from '../../src/trust/revocation.ts'
import { NATIVE } from '../crypto/backends.ts'

/** A moment in 2026; nothing in these tests looks at a clock. */
export const NOW = 1_780_000_000_000
export const MINUTE = 60_000
export const DAY = 24 * 60 * MINUTE

export function someone(): Promise<NodeIdentity> {
  return generateNodeIdentity(NATIVE, systemRandom)
}

export function founderOf(identity: NodeIdentity, name: string, content: Partial<Founder> = {}): Founder {
  return { name, ed25519: identity.ed25519, mldsa65: identity.mldsa65, weight: 1, groups: [], ...content }
}

export function networkOf(
  founders: readonly Founder[],
  content: { readonly name?: string; readonly admission?: AdmissionMode; readonly nonce?: Uint8Array } = {},
): Genesis {
  const { name = 'fleet.example', admission = 'sponsor', nonce = new Uint8Array(32).fill(7) } = content
  return makeGenesis(NATIVE, { name, createdAt: NOW - DAY, nonce, admission, founders })
}

export function credentialFor(
  issuer: NodeIdentity,
  genesis: Genesis,
  subject: Uint8Array,
  content: Partial<CredentialBody> = {},
): Promise<Credential> {
  return issueCredential(issuer, {
    networkId: genesis.id,
    serial: systemRandom.bytes(16),
    subject,
    notBefore: NOW,
    notAfter: NOW + 30 * DAY,
    name: 'laptop',
    groups: ['edge', 'lab'],
    ...content,
  })
}

export function revocationFor(
  issuer: NodeIdentity,
  genesis: Genesis,
  subject: Uint8Array,
  reason = 'stolen',
): Promise<Revocation> {
  return signRevocation(issuer, { networkId: genesis.id, subject, at: NOW, reason })
}

export function keyOf(identity: NodeIdentity): Uint8Array {
  return compositePublicKey(identity)
}

/** `bytes` with one bit changed at `at`. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}
