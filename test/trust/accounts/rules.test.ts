import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Account, Token } from '../../../src/trust/accounts/account.ts'
import { AccountBook } from '../../../src/trust/accounts/account-book.ts'
import { AccountError, type AccountErrorCode } from '../../../src/trust/accounts/account-error.ts'
import { decodeAccount, decodeToken, encodeAccount, encodeToken } from '../../../src/trust/accounts/account-form.ts'
import { emailKey } from '../../../src/trust/accounts/email.ts'
import { readCredentials, readRegistration, readTokenRequest } from '../../../src/trust/accounts/fields.ts'
import { API_TOKEN_SECONDS, MAX_API_TOKENS, MAX_LOGINS, MAX_OPEN_ACCOUNTS } from '../../../src/trust/accounts/limits.ts'
import { passwordText } from '../../../src/trust/accounts/password-hash.ts'
import { commonScopes, covers, SCOPES, type Scope } from '../../../src/trust/accounts/scope.ts'

const refused = (code: AccountErrorCode) => (error: unknown) => error instanceof AccountError && error.code === code

const id = (prefix: 'usr' | 'tok', n: number) => `${prefix}_${n.toString(16).padStart(24, '0')}`
const someBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const someScopes = fc.subarray([...SCOPES], { minLength: 1 })
const someTime = fc.integer({ min: 0, max: 2 ** 45 })
const someName = fc.option(fc.string({ unit: 'grapheme', maxLength: 60 }))

const someAccount: fc.Arbitrary<Account> = fc.record({
  id: fc.nat().map((n) => id('usr', n)),
  email: fc.constantFrom('Ada@Example.org', 'ü@münchen.example', 'root@localhost'),
  fullName: someName,
  company: someName,
  scopes: someScopes,
  createdAt: someTime,
  password: fc.record({
    cost: fc.record({
      memoryKib: fc.integer({ min: 8, max: 262_144 }),
      passes: fc.integer({ min: 1, max: 16 }),
      parallelism: fc.constant(1),
    }),
    salt: someBytes(16),
    hash: someBytes(32),
  }),
})
const someToken: fc.Arbitrary<Token> = fc.record({
  id: fc.nat().map((n) => id('tok', n)),
  digest: someBytes(32).map((bytes) => Buffer.from(bytes).toString('hex')),
  kind: fc.constantFrom('login', 'api'),
  owner: fc.option(fc.nat().map((n) => id('usr', n))),
  name: fc.string({ minLength: 1, maxLength: 64 }),
  scopes: someScopes,
  createdAt: someTime,
  expiresAt: someTime,
  lastUsedAt: fc.option(someTime),
})

test('what is written of accounts and tokens is read again as it was', () => {
  fc.assert(fc.property(someAccount, (account) => assert.deepEqual(plain(decodeAccount(encodeAccount(account))), plain(account))))
  fc.assert(fc.property(someToken, (token) => assert.deepEqual({ ...decodeToken(encodeToken(token)) }, { ...token })))
})

/** Without the difference between Buffer and Uint8Array. */
function plain(account: Account | undefined): unknown {
  const { salt, hash, cost } = account?.password ?? assert.fail('it cannot be read')
  return { ...account, password: { cost: { ...cost }, salt: [...salt], hash: [...hash] } }
}

test('bytes of another kind are no account and no token, and never an error', () => {
  const [account] = fc.sample(someAccount, { seed: 1, numRuns: 1 })
  const [token] = fc.sample(someToken, { seed: 1, numRuns: 1 })
  assert.ok(account !== undefined && token !== undefined)
  const text = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(new TextDecoder().decode(bytes))
  const [goodAccount, goodToken] = [text(encodeAccount(account)), text(encodeToken(token))]
  const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
  const wrong = [undefined, null, -1, 1.5, '', 'x', [], ['root'], ['read', 'read'], {}, true, 2 ** 60]
  const free = new Set(['fullName', 'company', 'name', 'owner', 'lastUsedAt'])
  for (const name of Object.keys(goodAccount).filter((field) => !free.has(field))) {
    for (const value of wrong)
      assert.equal(decodeAccount(bytesOf({ ...goodAccount, [name]: value })), undefined, `${name} ${value}`)
  }
  for (const name of Object.keys(goodToken).filter((field) => !free.has(field))) {
    for (const value of wrong) assert.equal(decodeToken(bytesOf({ ...goodToken, [name]: value })), undefined, `${name} ${value}`)
  }
  // a planted cost must not take the machine's memory or time
  for (const cost of [{ memoryKib: 2 ** 30 }, { passes: 1_000_000 }, { parallelism: 0 }, { salt: 'AAAA' }, { hash: '!' }]) {
    const password = { ...Object(goodAccount.password), ...cost }
    assert.equal(decodeAccount(bytesOf({ ...goodAccount, password })), undefined, JSON.stringify(cost))
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(decodeAccount(bytes), undefined)
      assert.equal(decodeToken(bytes), undefined)
    }),
  )
})

test('one e-mail address in any spelling has one key, and two addresses have two', () => {
  const same = ['ada@example.org', 'ADA@example.ORG', 'ａｄａ＠example.org', 'ada@EXAMPLE.org']
  for (const text of same) assert.equal(emailKey(text), 'ada@example.org', text)
  assert.equal(emailKey('x@MÜNCHEN.example'), emailKey('x@xn--mnchen-3ya.example'))
  assert.equal(emailKey('jose\u0301@example.org'), emailKey('jos\u00e9@example.org'))
  assert.notEqual(emailKey('ada.l@example.org'), emailKey('adal@example.org'))
  const none = [
    '',
    '@',
    'a@',
    '@b',
    'a b@c.org',
    'a@b..c',
    'a@-b.org',
    'a@b-.org',
    'a\u202e@b.org',
    'a\n@b.org',
    '"a"@b.org',
    'a@b@c.org',
    '\ud800@b.org',
  ]
  for (const text of none) assert.equal(emailKey(text), undefined, JSON.stringify(text))
  assert.equal(emailKey(`${'a'.repeat(64)}@b.org`)?.length, 70)
  assert.equal(emailKey(`${'a'.repeat(65)}@b.org`), undefined)
  assert.equal(emailKey(`a@${'b'.repeat(63)}.${'c'.repeat(250)}`), undefined)
  const seen = fc.string({ unit: 'binary', maxLength: 300 })
  fc.assert(
    fc.property(seen, seen, (local, domain) => {
      const key = emailKey(`${local}@${domain}`)
      // what it is compared by is an address itself, and the same one
      if (key !== undefined) assert.equal(emailKey(key), key)
    }),
    { numRuns: 2_000 },
  )
})

test('a password has 8 to 128 characters of any script, counted as people count them, and one on every keyboard', () => {
  const fits = (password: string) => {
    try {
      return readRegistration({ email: 'a@b.org', password }).password === password
    } catch (error) {
      assert.ok(refused('fields-invalid')(error))
      return false
    }
  }
  for (const character of ['x', 'é', '漢', '😀', ' ', '\0']) {
    assert.equal(fits(character.repeat(7)), false, character)
    assert.equal(fits(character.repeat(8)), true, character)
    assert.equal(fits(character.repeat(128)), true, character)
    assert.equal(fits(character.repeat(129)), false, character)
  }
  assert.equal(fits('e\u0301'.repeat(7)), false, 'seven letters, however they are composed')
  assert.equal(fits(`${'x'.repeat(8)}\ud800`), false, 'no text')
  assert.equal(passwordText('ｐａｓｓ e\u0301'), passwordText('pass \u00e9'))
  assert.notEqual(passwordText('Pass'), passwordText('pass'))
  // to be checked, a short one is merely wrong
  assert.equal(readCredentials({ email: 'a@b.org', password: 'x' }).password, 'x')
})

test('whatever is sent, it is read or refused by field, never by value', () => {
  const value = fc.oneof(fc.anything(), fc.string({ minLength: 8 }), fc.constantFrom('a@b.org', ['read'], 3600))
  const body = fc.oneof(
    fc.anything(),
    fc.record(
      { email: value, password: value, full_name: value, company: value, scopes: value, name: value, expires_in: value },
      { requiredKeys: [] },
    ),
  )
  fc.assert(
    fc.property(body, (sent) => {
      for (const read of [readRegistration, readCredentials, readTokenRequest]) {
        try {
          read(sent)
        } catch (error) {
          assert.ok(error instanceof AccountError && error.code === 'fields-invalid' && error.fields.length > 0)
        }
      }
    }),
    { numRuns: 2_000 },
  )
  assert.deepEqual(readTokenRequest({ name: 'x' }), { name: 'x', scopes: ['read'], lifetimeMs: API_TOKEN_SECONDS.usual * 1000 })
})

test('a token never does more than its account may do by now', () => {
  fc.assert(
    fc.property(someScopes, someScopes, fc.constantFrom(...SCOPES), (ofToken, ofAccount, needed) => {
      assert.equal(covers(commonScopes(ofToken, ofAccount), needed), covers(ofToken, needed) && covers(ofAccount, needed))
    }),
  )
})

/** A book with one account and its tokens. */
function bookWith(tokens: readonly Partial<Token>[]): AccountBook {
  const book = new AccountBook()
  const [account] = fc.sample(someAccount, { seed: 2, numRuns: 1 })
  assert.ok(account !== undefined)
  book.apply([{ type: 'put-account', account: { ...account, id: OWNER, scopes: ['admin'] } }])
  book.apply(tokens.map((more, n) => ({ type: 'put-token', token: token(n, more) })))
  return book
}
const OWNER = id('usr', 1)
const token = (n: number, more: Partial<Token> = {}): Token => {
  const digest = n.toString(16).padStart(64, '0')
  const made = {
    kind: 'api',
    owner: OWNER,
    name: 'n',
    scopes: ['read'],
    createdAt: n,
    expiresAt: 1_000,
    lastUsedAt: null,
  } as const
  return { id: id('tok', n), digest, ...made, ...more }
}
const ended = (book: AccountBook, next: Token, now: number) =>
  book.planToken(next, now).flatMap((change) => (change.type === 'delete-token' ? [change.id] : []))

test('one login too many ends the oldest, an API token too many is refused, and neither is in the way of the other', () => {
  const logins = Array.from({ length: MAX_LOGINS }, (_, n) => ({ kind: 'login', createdAt: 500 - n }) as const)
  const apis = Array.from({ length: MAX_API_TOKENS }, () => ({ kind: 'api' }) as const)
  const book = bookWith([...logins, ...apis])
  assert.deepEqual(ended(book, token(999, { kind: 'login' }), 0), [id('tok', MAX_LOGINS - 1)])
  assert.throws(() => book.planToken(token(999), 0), refused('limit-reached'))
  assert.deepEqual(ended(book, token(999, { owner: null }), 0), [], 'the operator has his own')
  // once they are past their time they make room
  assert.equal(ended(book, token(999), 1_000).length, MAX_LOGINS + MAX_API_TOKENS)
})

test('open registration leaves room for whom an admin registers', () => {
  const book = new AccountBook()
  const [account] = fc.sample(someAccount, { seed: 3, numRuns: 1 })
  assert.ok(account !== undefined)
  for (let n = 0; n < MAX_OPEN_ACCOUNTS; n += 1) {
    book.apply([{ type: 'put-account', account: { ...account, id: id('usr', n), email: `u${n}@example.org`, scopes: ['read'] } }])
  }
  assert.throws(() => book.admit('new@example.org', false, undefined), refused('limit-reached'))
  assert.deepEqual(book.admit('new@example.org', true, undefined), ['admin'])
  assert.throws(() => book.admit('u0@example.org', true, undefined), refused('account-exists'))
})

test('nobody gives or takes more than he has: scopes, and the time of the token that he uses', () => {
  const book = bookWith([{ scopes: ['read'], expiresAt: 100 }, { kind: 'login', scopes: ['admin'] }, { scopes: ['operate'] }])
  const by = (n: number, scopes: readonly Scope[]) => ({ name: OWNER, account: OWNER, scopes, tokenId: id('tok', n) })
  assert.equal(book.grantedUntil(by(0, ['read']), ['read'], 900), 100)
  assert.equal(book.grantedUntil(by(1, ['admin']), ['metrics', 'operate'], 900), 900)
  assert.throws(() => book.grantedUntil(by(0, ['read']), ['operate'], 50), refused('scope-missing'))
  assert.throws(() => book.planRevocation(by(0, ['read']), id('tok', 2)), refused('scope-missing'))
  assert.equal(book.planRevocation(by(0, ['read']), id('tok', 0)).length, 1, 'one may always log out')
  const stranger = { name: 's', account: id('usr', 7), scopes: ['operate'] } as const
  for (const which of [0, 1, 2, 3]) assert.throws(() => book.planRevocation(stranger, id('tok', which)), refused('token-unknown'))
  const operator = { name: 'unix socket', scopes: ['admin'] } as const
  for (const which of [0, 1, 2]) assert.equal(book.planRevocation(operator, id('tok', which)).length, 1)
})

test('an account goes with all its tokens, and what belongs to nobody is found at the start', () => {
  const book = bookWith([{}, { kind: 'login' }, { owner: null }])
  assert.deepEqual(
    book.planRemoval(OWNER).map(({ type }) => type),
    ['delete-token', 'delete-token', 'delete-account'],
  )
  assert.throws(() => book.planRemoval(id('usr', 9)), refused('account-unknown'))
  book.apply([{ type: 'delete-account', id: OWNER }])
  assert.equal(book.bearer(token(0).digest, 0), undefined, 'a token whose account is gone is nothing')
  assert.deepEqual(
    book.planCleaning(0).map((change) => 'id' in change && change.id),
    [id('tok', 0), id('tok', 1)],
  )
  assert.equal(book.planCleaning(1_000).length, 3)
})
