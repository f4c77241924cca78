import { type Argon2Cost, argon2id } from '../crypto/argon2id.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, SIGNING_SEED_BYTES } from '../crypto/lengths.ts'
import type { Random } from '../platform/random.ts'
import { IdentityError } from './identity-error.ts'
import { ARGON2_BOUNDS, MAX_PASSPHRASE_BYTES } from './limits.ts'
import type { NodeSeeds } from './node-identity.ts'

/*
 * A key file is a few lines of text, each name once and in this order, every line ended by a newline:
 *
 *   x0-node-keys/1
 *   seal: none                            | seal: argon2id chacha20-poly1305
 *                                         | memory-kib: 65536
 *                                         | passes: 3
 *                                         | parallelism: 4
 *                                         | salt: BASE64 (16 bytes)
 *                                         | nonce: BASE64 (12 bytes)
 *   keys: BASE64                            Ed25519 seed || ML-DSA-65 seed (64 bytes), or that sealed (80 bytes)
 *   check: HEX                              SHA-256 of everything above
 *
 * The check says "damaged" apart from "wrong passphrase". All lines above `keys` are the associated data of the seal.
 */

/** RFC 9106 section 4, the second recommendation: 64 MiB, for machines that cannot spare 2 GiB. About 0.1 s. */
const DEFAULT_ARGON2_COST: Argon2Cost = { memoryKib: 64 * 1024, passes: 3, parallelism: 4 }

/** How to seal a key file. */
export interface KeySeal {
  readonly passphrase: string
  readonly cost?: Argon2Cost
}

const MAGIC = 'x0-node-keys/'
const VERSION = '1'
const SALT_BYTES = 16
const SEEDS_BYTES = 2 * SIGNING_SEED_BYTES
const PLAIN_HEADER = `${MAGIC}${VERSION}\nseal: none\n`
const NUMBER = '(0|[1-9][0-9]{0,8})'
const BASE64 = '([A-Za-z0-9+/]+={0,2})'
const SEALED_HEADER = new RegExp(
  `^${MAGIC}${VERSION}\\nseal: argon2id chacha20-poly1305\\nmemory-kib: ${NUMBER}\\npasses: ${NUMBER}\\nparallelism: ${NUMBER}\\n` +
    `salt: ${BASE64}\\nnonce: ${BASE64}\\n$`,
)
const FILE = new RegExp(`^((?:[^\\n]+\\n)+)keys: ${BASE64}\\ncheck: ([0-9a-f]{64})\\n$`)

/**
 * The text of a key file. Without `seal` the seeds stand in it in clear, guarded by the file's mode alone.
 * @throws IdentityError `passphrase-unfit`
 */
export async function encodeKeyFile(backend: CryptoBackend, random: Random, seeds: NodeSeeds, seal?: KeySeal): Promise<string> {
  const secret = new Uint8Array(SEEDS_BYTES)
  secret.set(seeds.ed25519)
  secret.set(seeds.mldsa65, SIGNING_SEED_BYTES)
  if (seal === undefined) return withCheck(backend, `${PLAIN_HEADER}keys: ${base64(secret)}\n`)
  const cost = seal.cost ?? DEFAULT_ARGON2_COST
  expectCost(cost)
  const salt = random.bytes(SALT_BYTES)
  const nonce = random.bytes(AEAD_NONCE_BYTES)
  const header =
    `${MAGIC}${VERSION}\nseal: argon2id chacha20-poly1305\nmemory-kib: ${cost.memoryKib}\npasses: ${cost.passes}\n` +
    `parallelism: ${cost.parallelism}\nsalt: ${base64(salt)}\nnonce: ${base64(nonce)}\n`
  const key = await stretch(seal.passphrase, salt, cost)
  const sealed = new Uint8Array(SEEDS_BYTES + AEAD_TAG_BYTES)
  backend.aead(key).seal(nonce, utf8(header), secret, sealed, 0)
  secret.fill(0)
  key.fill(0)
  return withCheck(backend, `${header}keys: ${base64(sealed)}\n`)
}

/**
 * The seeds in a key file.
 * @throws IdentityError `key-file-version`, `key-file-damaged`, `passphrase-needed`, `passphrase-wrong`
 */
export async function decodeKeyFile(backend: CryptoBackend, text: string, passphrase: string | undefined): Promise<NodeSeeds> {
  const { header, keys } = readLines(backend, text)
  if (header === PLAIN_HEADER) return seedsOf(keys)
  const sealed = SEALED_HEADER.exec(header)
  if (sealed === null) throw damaged('its header is not one that this program writes')
  const [, memoryKib, passes, parallelism, salt, nonce] = sealed
  const cost = { memoryKib: Number(memoryKib), passes: Number(passes), parallelism: Number(parallelism) }
  expectCost(cost)
  if (passphrase === undefined) {
    throw new IdentityError('passphrase-needed', 'the node keys are sealed with a passphrase: give it to start this node')
  }
  const key = await stretch(passphrase, bytesOf(salt, SALT_BYTES), cost)
  const opened = backend.aead(key).open(bytesOf(nonce, AEAD_NONCE_BYTES), utf8(header), keys)
  key.fill(0)
  if (opened === undefined) throw new IdentityError('passphrase-wrong', 'this passphrase does not open the node keys')
  return seedsOf(opened)
}

function readLines(backend: CryptoBackend, text: string): { header: string; keys: Uint8Array } {
  const version = /^x0-node-keys\/([0-9]{1,9})\n/.exec(text)?.[1]
  if (version !== undefined && version !== VERSION) {
    throw new IdentityError(
      'key-file-version',
      `the node keys are in format ${version}, this program reads ${VERSION}: use the newer x0`,
    )
  }
  const [, header, keys, check] = FILE.exec(text) ?? []
  if (header === undefined || keys === undefined || check === undefined) throw damaged('it is cut off or was edited')
  if (!equalBytes(backend.sha256(utf8(`${header}keys: ${keys}\n`)), Buffer.from(check, 'hex'))) {
    throw damaged('its checksum does not hold')
  }
  return { header, keys: bytesOf(keys) }
}

function seedsOf(secret: Uint8Array): NodeSeeds {
  if (secret.length !== SEEDS_BYTES) throw damaged(`its keys have ${secret.length} bytes, not ${SEEDS_BYTES}`)
  return { ed25519: secret.slice(0, SIGNING_SEED_BYTES), mldsa65: secret.slice(SIGNING_SEED_BYTES) }
}

/** The key of a passphrase. Unicode is composed first (NFC), so that one passphrase is one on every keyboard. */
function stretch(passphrase: string, salt: Uint8Array, cost: Argon2Cost): Promise<Uint8Array> {
  const message = utf8(passphrase.normalize('NFC'))
  if (message.length === 0 || message.length > MAX_PASSPHRASE_BYTES) {
    throw new IdentityError('passphrase-unfit', `a passphrase has between 1 and ${MAX_PASSPHRASE_BYTES} bytes`)
  }
  return argon2id(message, salt, cost, AEAD_KEY_BYTES)
}

function expectCost(cost: Argon2Cost): void {
  for (const name of ['memoryKib', 'passes', 'parallelism'] as const) {
    const { least, most } = ARGON2_BOUNDS[name]
    if (!Number.isInteger(cost[name]) || cost[name] < least || cost[name] > most) {
      throw damaged(`its Argon2id ${name} is ${cost[name]}, outside ${least} to ${most}`)
    }
  }
}

function withCheck(backend: CryptoBackend, body: string): string {
  return `${body}check: ${Buffer.from(backend.sha256(utf8(body))).toString('hex')}\n`
}

function damaged(why: string): IdentityError {
  return new IdentityError('key-file-damaged', `the key file is damaged: ${why}. Restore it from a backup`)
}

function bytesOf(text: string | undefined, length?: number): Uint8Array {
  const bytes = Buffer.from(text ?? '', 'base64')
  if (bytes.toString('base64') !== text) throw damaged('a value in it is no base64')
  if (length !== undefined && bytes.length !== length) throw damaged(`a value in it has ${bytes.length} bytes, not ${length}`)
  return bytes
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
