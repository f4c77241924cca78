import { AccountError, type FieldError } from './account-error.ts'
import { emailKey } from './email.ts'
import { API_TOKEN_SECONDS, MAX_NAME_LENGTH, MAX_TOKEN_NAME_LENGTH, PASSWORD_LENGTH } from './limits.ts'
import { passwordText } from './password-hash.ts'
import { orderedScopes, SCOPES, type Scope } from './scope.ts'

/** What somebody is registered with, checked. */
export interface Registration {
  /** As it was written; compared by `emailKey`. */
  readonly email: string
  readonly password: string
  readonly fullName: string | null
  readonly company: string | null
  /** Undefined: what the caller's standing gives. */
  readonly scopes: readonly Scope[] | undefined
}

export interface Credentials {
  readonly email: string
  readonly password: string
}

export interface TokenRequest {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly lifetimeMs: number
}

/** Reads the fields of one body, each once, and gathers every complaint before it gives up. */
class FieldReader {
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #errors: FieldError[] = []
  readonly #read = new Set<string>()

  constructor(body: unknown) {
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body)
    this.#fields = isObject ? { ...body } : {}
    if (!isObject) this.#complain('', 'the body must be a JSON object')
  }

  /** @throws AccountError fields-invalid with all that is wrong, fields that nobody asked for included */
  end(): void {
    for (const name of Object.keys(this.#fields).slice(0, 8)) {
      if (!this.#read.has(name)) this.#complain(name.slice(0, 64), 'there is no such field')
    }
    if (this.#errors.length === 0) return
    const told = this.#errors.map(({ field, message }) => `${field === '' ? '' : `${field}: `}${message}`)
    throw new AccountError('fields-invalid', told.join('; '), this.#errors)
  }

  email(name: string): string {
    const text = this.#text(name)
    if (text !== undefined && emailKey(text) === undefined)
      this.#complain(name, 'it must be an e-mail address of at most 254 characters')
    return text ?? ''
  }

  /** A new password: its length counts. */
  newPassword(name: string): string {
    const text = this.#password(name)
    const { least, most } = PASSWORD_LENGTH
    if (text !== undefined && length(passwordText(text)) < least)
      this.#complain(name, `it must have ${least} to ${most} characters`)
    return text ?? ''
  }

  /** A password to check: a short one is merely wrong. */
  password(name: string): string {
    return this.#password(name) ?? ''
  }

  /** Null where it is absent, null or empty. */
  optionalName(name: string): string | null {
    const value = this.#take(name)
    if (value === undefined || value === null || value === '') return null
    return this.#checkedName(name, value, MAX_NAME_LENGTH)
  }

  tokenName(name: string): string {
    return this.#checkedName(name, this.#take(name), MAX_TOKEN_NAME_LENGTH)
  }

  /** Undefined where it is absent. */
  optionalScopes(name: string): readonly Scope[] | undefined {
    return this.#fields[name] === undefined ? undefined : this.scopes(name)
  }

  scopes(name: string): readonly Scope[] {
    const value = this.#take(name)
    const known = Array.isArray(value) ? SCOPES.filter((scope) => value.includes(scope)) : []
    const isFit = Array.isArray(value) && value.length > 0 && value.length <= SCOPES.length && value.every(isScope)
    if (!isFit) this.#complain(name, `it must be a list of ${SCOPES.join(', ')}, with one at least`)
    return orderedScopes(known)
  }

  /** Whole seconds within the bounds of API tokens, as milliseconds. */
  lifetime(name: string): number {
    const value = this.#take(name) ?? API_TOKEN_SECONDS.usual
    const { least, most } = API_TOKEN_SECONDS
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value * 1000
    this.#complain(name, `it must be a whole number of seconds from ${least} to ${most}`)
    return 0
  }

  #checkedName(name: string, value: unknown, most: number): string {
    if (typeof value === 'string' && value.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) {
      if (length(value) >= 1 && length(value) <= most) return value
    }
    this.#complain(name, `it must be a text of 1 to ${most} characters without control characters`)
    return ''
  }

  #password(name: string): string | undefined {
    const text = this.#text(name)
    if (text === undefined) return undefined
    const { most } = PASSWORD_LENGTH
    // so much longer before it is composed cannot be meant, and is not worth composing
    if (text.length <= 8 * most && length(passwordText(text)) <= most) return text
    this.#complain(name, `it must have at most ${most} characters`)
    return undefined
  }

  #text(name: string): string | undefined {
    const value = this.#take(name)
    if (typeof value === 'string' && value !== '' && value.isWellFormed()) return value
    this.#complain(name, value === undefined ? 'it is missing' : 'it must be a text of valid Unicode, and not empty')
    return undefined
  }

  #take(name: string): unknown {
    this.#read.add(name)
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined
  }

  #complain(field: string, message: string): void {
    this.#errors.push({ field, message })
  }
}

/** @throws AccountError fields-invalid */
export function readRegistration(body: unknown): Registration {
  const reader = new FieldReader(body)
  const registration = {
    email: reader.email('email'),
    password: reader.newPassword('password'),
    fullName: reader.optionalName('full_name'),
    company: reader.optionalName('company'),
    scopes: reader.optionalScopes('scopes'),
  }
  reader.end()
  return registration
}

/** @throws AccountError fields-invalid */
export function readCredentials(body: unknown): Credentials {
  const reader = new FieldReader(body)
  const credentials = { email: reader.email('email'), password: reader.password('password') }
  reader.end()
  return credentials
}

/** The old password and the new one. @throws AccountError fields-invalid */
export function readPasswordChange(body: unknown): { readonly old: string; readonly fresh: string } {
  const reader = new FieldReader(body)
  const change = { old: reader.password('old_password'), fresh: reader.newPassword('new_password') }
  reader.end()
  return change
}

/** @throws AccountError fields-invalid */
export function readNewPassword(body: unknown): string {
  const reader = new FieldReader(body)
  const password = reader.newPassword('new_password')
  reader.end()
  return password
}

/** @throws AccountError fields-invalid */
export function readScopes(body: unknown): readonly Scope[] {
  const reader = new FieldReader(body)
  const scopes = reader.scopes('scopes')
  reader.end()
  return scopes
}

/** @throws AccountError fields-invalid */
export function readTokenRequest(body: unknown): TokenRequest {
  const reader = new FieldReader(body)
  const request = {
    name: reader.tokenName('name'),
    scopes: reader.optionalScopes('scopes') ?? (['read'] as const),
    lifetimeMs: reader.lifetime('expires_in'),
  }
  reader.end()
  return request
}

function isScope(value: unknown): value is Scope {
  return SCOPES.some((scope) => scope === value)
}

/** Code points, not UTF-16 units. */
function length(text: string): number {
  return [...text].length
}
