import type { CryptoBackend } from './backend.ts'
import { CryptoError } from './backend.ts'
import { equalBytes } from './constant-time.ts'
import {
  ED25519_KEY,
  KEM_KEY_SHA256,
  KEM_REJECTION_SECRET,
  MLDSA65_CONTEXT,
  MLDSA65_KEY_SHA256,
  MLDSA65_MESSAGE,
  MLDSA65_SIGNATURE,
} from './self-test-answers.ts'

/** One property of a backend; it answers false or throws where the backend is not fit. */
type Check = readonly [what: string, holds: (backend: CryptoBackend) => boolean | Promise<boolean>]

/**
 * Known answers and refusals for every operation that the program uses. It exists because runtimes have shipped wrong:
 * Node 24.7.0 ignores the ML-DSA context without a word, so a signature for one purpose passes for another.
 * @throws CryptoError `self-test`, naming the first check that failed
 */
export async function selfTest(backend: CryptoBackend): Promise<void> {
  for (const [what, holds] of CHECKS) {
    const passed = await attempt(backend, what, holds)
    if (!passed) throw new CryptoError('self-test', `the ${backend.name} cryptography fails its self-test: ${what}`)
  }
}

async function attempt(backend: CryptoBackend, what: string, holds: Check[1]): Promise<boolean> {
  try {
    return await holds(backend)
  } catch (error) {
    throw new CryptoError('self-test', `the ${backend.name} cryptography fails its self-test: ${what}`, { cause: error })
  }
}

const CHECKS: readonly Check[] = [
  ['SHA-256 of "abc"', (b) => is(b.sha256(utf8('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')],
  [
    'SHA-512 of "abc"',
    (b) =>
      is(
        b.sha512(utf8('abc')),
        'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
      ),
  ],
  [
    'HMAC-SHA-256, case 2 of RFC 4231',
    (b) =>
      is(
        b.hmacSha256(utf8('Jefe'), utf8('what do ya want '), utf8('for nothing?')),
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      ),
  ],
  ['ChaCha20-Poly1305 of RFC 8439 section 2.8.2', aeadSeals],
  ['ChaCha20-Poly1305 refuses a changed byte', aeadRefuses],
  ['X25519 of RFC 7748 section 5.2', agreementAgrees],
  ['X25519 refuses the all-zero secret', (b) => refuses(() => b.importAgreementKey(counting(32)).agree(new Uint8Array(32)))],
  ['ML-KEM-768 key from a seed', (b) => is(b.sha256(b.importDecapsulationKey(counting(64)).encapsulationKey), KEM_KEY_SHA256)],
  ['ML-KEM-768 implicit rejection', kemRejects],
  ['ML-KEM-768 encapsulation', kemAgrees],
  ['ML-KEM-768 refuses a coefficient above the modulus', (b) => refuses(() => b.encapsulate(new Uint8Array(1184).fill(0xff)))],
  ['ML-DSA-65 key from a seed', (b) => is(b.sha256(b.importMlDsa65(counting(32)).publicKey), MLDSA65_KEY_SHA256)],
  ['ML-DSA-65 accepts a known signature', (b) => verifiesKnown(b, MLDSA65_MESSAGE, MLDSA65_CONTEXT)],
  ['ML-DSA-65 refuses another context', async (b) => !(await verifiesKnown(b, MLDSA65_MESSAGE, 'x0/self-test/2'))],
  ['ML-DSA-65 refuses an absent context', async (b) => !(await verifiesKnown(b, MLDSA65_MESSAGE, ''))],
  ['ML-DSA-65 refuses another message', async (b) => !(await verifiesKnown(b, 'x0 self-tesT', MLDSA65_CONTEXT))],
  ['ML-DSA-65 signs with its context', mlDsaSigns],
  ['Ed25519 of RFC 8032 section 7.1', ed25519Signs],
]

const RFC_8439_SEALED =
  'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691'

function aeadSeals(backend: CryptoBackend): boolean {
  const aead = backend.aead(bytes('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'))
  const plaintext = utf8(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  )
  const nonce = bytes('070000004041424344454647')
  const ad = bytes('50515253c0c1c2c3c4c5c6c7')
  const sealed = new Uint8Array(plaintext.length + 16)
  aead.seal(nonce, ad, plaintext, sealed, 0)
  const opened = aead.open(nonce, ad, sealed)
  return is(sealed, RFC_8439_SEALED) && opened !== undefined && equalBytes(opened, plaintext)
}

function aeadRefuses(backend: CryptoBackend): boolean {
  const aead = backend.aead(counting(32))
  const nonce = new Uint8Array(12)
  const sealed = new Uint8Array(20)
  aead.seal(nonce, new Uint8Array(0), counting(4), sealed, 0)
  sealed[0] = (sealed[0] ?? 0) ^ 1
  return aead.open(nonce, new Uint8Array(0), sealed) === undefined
}

function agreementAgrees(backend: CryptoBackend): boolean {
  const key = backend.importAgreementKey(bytes('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'))
  const remote = bytes('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c')
  return is(key.agree(remote), 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552')
}

function kemRejects(backend: CryptoBackend): boolean {
  return is(backend.importDecapsulationKey(counting(64)).decapsulate(new Uint8Array(1088)), KEM_REJECTION_SECRET)
}

function kemAgrees(backend: CryptoBackend): boolean {
  const key = backend.generateDecapsulationKey()
  const { ciphertext, sharedSecret } = backend.encapsulate(key.encapsulationKey)
  return equalBytes(key.decapsulate(ciphertext), sharedSecret)
}

function verifiesKnown(backend: CryptoBackend, message: string, context: string): Promise<boolean> {
  const key = backend.importMlDsa65Public(backend.importMlDsa65(counting(32)).publicKey)
  return key.verify(utf8(message), Buffer.from(MLDSA65_SIGNATURE, 'base64'), utf8(context))
}

async function mlDsaSigns(backend: CryptoBackend): Promise<boolean> {
  const key = backend.importMlDsa65(counting(32))
  const signature = await key.sign(utf8('message'), utf8('context'))
  const verifier = backend.importMlDsa65Public(key.publicKey)
  const own = await verifier.verify(utf8('message'), signature, utf8('context'))
  return own && !(await verifier.verify(utf8('message'), signature))
}

async function ed25519Signs(backend: CryptoBackend): Promise<boolean> {
  const key = backend.importEd25519(bytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'))
  const verifier = backend.importEd25519Public(key.publicKey)
  const signature = await key.sign(new Uint8Array(0))
  return (
    is(backend.importEd25519(counting(32)).publicKey, ED25519_KEY) &&
    is(
      signature,
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ) &&
    (await verifier.verify(new Uint8Array(0), signature)) &&
    !(await verifier.verify(utf8('x'), signature))
  )
}

function refuses(run: () => unknown): boolean {
  try {
    run()
  } catch (error) {
    if (error instanceof CryptoError) return true
    throw error
  }
  return false
}

function is(actual: Uint8Array, expectedHex: string): boolean {
  return equalBytes(actual, bytes(expectedHex))
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** 00 01 02 ... */
function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index)
}
