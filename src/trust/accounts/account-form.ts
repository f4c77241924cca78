import type { Account, Token } from './account.ts'
import { emailKey } from './email.ts'
import { COST_BOUNDS, HASH_BYTES, SALT_BYTES } from './limits.ts'
import type { PasswordHash } from './password-hash.ts'
import { orderedScopes, SCOPES, type Scope } from './scope.ts'

/*
 * Accounts and tokens in the store: JSON in UTF-8, bytes in base64, with a form number. They are read back with every
 * field checked: what another version or a hand wrote must not become an account with surprising rights.
 */

const FORM = 1

export function encodeAccount(account: Account): Uint8Array {
  const { cost, salt, hash } = account.password
  const password = { ...cost, salt: base64(salt), hash: base64(hash) }
  return utf8({ form: FORM, ...account, password })
}

/** Undefined where it is not an account as `encodeAccount` writes it. */
export function decodeAccount(bytes: Uint8Array): Account | undefined {
  const value = record(bytes)
  if (value === undefined) return undefined
  const { id, email, fullName, company, createdAt } = value
  const scopes = scopesOf(value.scopes)
  const password = passwordOf(value.password)
  if (!isId(id, 'usr') || typeof email !== 'string' || emailKey(email) === undefined) return undefined
  if (!isNameOrNull(fullName) || !isNameOrNull(company) || !isTime(createdAt)) return undefined
  if (scopes === undefined || password === undefined) return undefined
  return { id, email, fullName, company, scopes, createdAt, password }
}

export function encodeToken(token: Token): Uint8Array {
  return utf8({ form: FORM, ...token })
}

/** Undefined where it is not a token as `encodeToken` writes it. */
export function decodeToken(bytes: Uint8Array): Token | undefined {
  const value = record(bytes)
  if (value === undefined) return undefined
  const { id, digest, kind, owner, name, createdAt, expiresAt, lastUsedAt } = value
  const scopes = scopesOf(value.scopes)
  if (!isId(id, 'tok') || (kind !== 'login' && kind !== 'api') || typeof name !== 'string') return undefined
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return undefined
  if (owner !== null && !isId(owner, 'usr')) return undefined
  if (!isTime(createdAt) || !isTime(expiresAt) || (lastUsedAt !== null && !isTime(lastUsedAt))) return undefined
  if (scopes === undefined) return undefined
  return { id, digest, kind, owner, name, scopes, createdAt, expiresAt, lastUsedAt }
}

function record(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value !== 'object' || value === null || !('form' in value) || value.form !== FORM) return undefined
    return { ...value }
  } catch {
    // neither UTF-8 nor JSON: not ours
    return undefined
  }
}

function passwordOf(value: unknown): PasswordHash | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const field = (name: string): unknown => Reflect.get(value, name)
  const salt = bytesOf(field('salt'), SALT_BYTES)
  const hash = bytesOf(field('hash'), HASH_BYTES)
  const memoryKib = within('memoryKib', field('memoryKib'))
  const passes = within('passes', field('passes'))
  const parallelism = within('parallelism', field('parallelism'))
  if (salt === undefined || hash === undefined) return undefined
  if (memoryKib === undefined || passes === undefined || parallelism === undefined) return undefined
  return { cost: { memoryKib, passes, parallelism }, salt, hash }
}

function within(name: keyof typeof COST_BOUNDS, value: unknown): number | undefined {
  const { least, most } = COST_BOUNDS[name]
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value : undefined
}

function scopesOf(value: unknown): readonly Scope[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  const scopes = orderedScopes(SCOPES.filter((scope) => value.includes(scope)))
  return scopes.length === value.length ? scopes : undefined
}

function bytesOf(value: unknown, length: number): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === length && base64(bytes) === value ? bytes : undefined
}

function isId(value: unknown, prefix: 'usr' | 'tok'): value is string {
  return typeof value === 'string' && new RegExp(`^${prefix}_[0-9a-f]{24}$`).test(value)
}

function isNameOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function utf8(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
