import assert from 'node:assert/strict'
import { createHash, randomFill } from 'node:crypto'
import { test } from 'node:test'
import { systemRandom } from '../../../src/platform/random.ts'
import { AccountError, type AccountErrorCode } from '../../../src/trust/accounts/account-error.ts'
import { HASHES_WAITING, LAST_USED_STEP_MS, LOGIN_LIFETIME_MS } from '../../../src/trust/accounts/limits.ts'
import { PasswordHasher } from '../../../src/trust/accounts/password-hash.ts'
import { CHEAP, openAccounts, registration } from './open-accounts.ts'

const OPERATOR = { name: 'operator', isAdmin: true } as const
const ADA = { email: 'ada@example.org', password: 'correct horse' }
const digestOf = (text: string) => createHash('sha256').update(text).digest()
const refused = (code: AccountErrorCode) => (error: unknown) => error instanceof AccountError && error.code === code

test('accounts and tokens are there after a restart; what is past its time is not, on the disk either', async (t) => {
  const first = await openAccounts(t)
  const { id } = await first.accounts.register(registration(ADA.email), OPERATOR)
  const login = await first.accounts.login(ADA)
  const api = await first.accounts.createToken(
    { name: id, account: id, scopes: ['admin'] },
    { name: 'a script', scopes: ['metrics'], lifetimeMs: 2 * LOGIN_LIFETIME_MS },
  )
  await first.store.close()
  first.clock.ms += LOGIN_LIFETIME_MS
  const again = await openAccounts(t, first)
  assert.deepEqual(
    again.accounts.list().map(({ email }) => email),
    [ADA.email],
  )
  assert.equal(again.accounts.verify(digestOf(login.text)), undefined)
  assert.deepEqual(again.accounts.verify(digestOf(api.text)), {
    name: id,
    account: id,
    scopes: ['metrics'],
    tokenId: api.token.id,
  })
  assert.equal((await again.accounts.login(ADA)).account.id, id)
  assert.deepEqual(again.damaged, [])
  const kept: string[] = []
  for await (const key of again.store.namespace('account-tokens').keys()) kept.push(key)
  assert.equal(kept.includes(login.token.id), false)
  assert.equal(kept.length, 2)
})

test('nothing on the disk is a password or a token', async (t) => {
  const { accounts, store } = await openAccounts(t)
  await accounts.register(registration(ADA.email), OPERATOR)
  const { text } = await accounts.login(ADA)
  for (const name of ['accounts', 'account-tokens']) {
    let seen = 0
    for await (const [key, value] of store.namespace(name).entries()) {
      const content = key + Buffer.from(value).toString('latin1')
      for (const secret of [ADA.password, text, text.slice(4)]) assert.equal(content.includes(secret), false)
      seen += 1
    }
    assert.equal(seen, 1)
  }
})

test('each change is told once it is done, by id, with nothing of the address or the password', async (t) => {
  const { accounts, changes } = await openAccounts(t)
  const { id } = await accounts.register(registration(ADA.email), OPERATOR)
  const { token } = await accounts.login(ADA)
  await assert.rejects(accounts.login({ ...ADA, password: 'wrong horse' }), refused('login-failed'))
  await accounts.changePassword(id, ADA.password, 'another horse', token.id)
  await accounts.setScopes(id, ['operate'], 'operator')
  await accounts.revoke({ name: id, account: id, scopes: ['operate'], tokenId: token.id }, token.id)
  await accounts.createToken(
    { name: 'unix socket', scopes: ['admin'] },
    { name: 'secret name', scopes: ['read'], lifetimeMs: 60_000 },
  )
  assert.equal(await accounts.remove(id, 'operator'), 0)
  assert.deepEqual(
    changes.map(([kind]) => kind),
    [
      'account.registered',
      'account.logged-in',
      'account.password-changed',
      'account.scopes-changed',
      'token.revoked',
      'token.created',
      'account.deleted',
    ],
  )
  assert.equal(/example|horse|secret/.test(JSON.stringify(changes)), false)
})

test('of two at once one gets the address; a login that crosses a change of password or a removal fails', async (t) => {
  const { accounts } = await openAccounts(t)
  const both = await Promise.allSettled([
    accounts.register(registration(ADA.email), OPERATOR),
    accounts.register(registration('ADA@example.org'), OPERATOR),
  ])
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  const id = accounts.list()[0]?.id ?? ''
  // the change is queued first, so the old password is hashed before and judged after it
  const crossing = await Promise.allSettled([accounts.resetPassword(id, 'another horse', 'operator'), accounts.login(ADA)])
  assert.deepEqual(
    crossing.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  )
  assert.deepEqual(accounts.tokens('all'), [])
  const leaving = await Promise.allSettled([
    accounts.login({ ...ADA, password: 'another horse' }),
    accounts.remove(id, 'operator'),
  ])
  assert.deepEqual(
    leaving.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  )
  assert.deepEqual(accounts.tokens('all'), [])
})

test('when a token was last used is known to the minute and costs one write a minute; a revoked one does not come back by it', async (t) => {
  const { accounts, clock, store, folder } = await openAccounts(t)
  await accounts.register(registration(ADA.email), OPERATOR)
  const { text, token } = await accounts.login(ADA)
  const used = () => accounts.tokens('all')[0]?.lastUsedAt
  assert.equal(used(), null)
  const before = await sizeOf(store)
  for (let n = 0; n < 1_000; n += 1) accounts.verify(digestOf(text))
  assert.equal(used(), token.createdAt, 'not before it was made')
  clock.ms += LAST_USED_STEP_MS
  accounts.verify(digestOf(text))
  assert.equal(used(), clock.ms - (clock.ms % LAST_USED_STEP_MS))
  await accounts.revoke({ name: 'operator', scopes: ['admin'] }, token.id)
  assert.equal(accounts.verify(digestOf(text)), undefined)
  await accounts.login(ADA)
  assert.equal(await sizeOf(store), before)
  await store.close()
  const again = await openAccounts(t, { folder, clock })
  assert.equal(again.accounts.verify(digestOf(text)), undefined)
})

async function sizeOf(store: { namespace(name: string): { keys(): AsyncIterable<string> } }): Promise<number> {
  let size = 0
  for await (const _ of store.namespace('account-tokens').keys()) size += 1
  return size
}

test('damaged and foreign values are told and left out; the rest is there, and tokens of a lost account go', async (t) => {
  const first = await openAccounts(t)
  const { id } = await first.accounts.register(registration(ADA.email), OPERATOR)
  await first.accounts.register(registration('bob@example.org'), OPERATOR)
  const { text } = await first.accounts.login(ADA)
  const [kept, tokens] = [first.store.namespace('accounts'), first.store.namespace('account-tokens')]
  await kept.put(id, new TextEncoder().encode('{"form":2}'))
  await tokens.put('tok_x', new TextEncoder().encode('?'))
  await first.store.close()
  const again = await openAccounts(t, first)
  assert.deepEqual(again.damaged, [`accounts/${id}`, 'account-tokens/tok_x'])
  assert.deepEqual(
    again.accounts.list().map(({ email }) => email),
    ['bob@example.org'],
  )
  assert.equal(again.accounts.verify(digestOf(text)), undefined)
  assert.deepEqual(again.accounts.tokens('all'), [])
})

test('a store that takes no more writes changes nothing that is known', async (t) => {
  const { accounts, store } = await openAccounts(t)
  const { id } = await accounts.register(registration(ADA.email), OPERATOR)
  const { text } = await accounts.login(ADA)
  await store.close()
  await assert.rejects(accounts.remove(id, 'operator'), { name: 'StoreError' })
  await assert.rejects(accounts.register(registration('bob@example.org'), OPERATOR), { name: 'StoreError' })
  assert.equal(accounts.count, 1)
  assert.equal(typeof accounts.verify(digestOf(text)), 'object')
})

test('passwords are hashed one at a time, some wait, the rest is told so, and the pool stays free for others', async () => {
  const hasher = new PasswordHasher(systemRandom)
  let finished = 0
  const all = Array.from({ length: 1 + HASHES_WAITING + 5 }, async (_, n) => {
    await hasher.check(`password ${n}`, undefined)
    finished += 1
  })
  const settled = Promise.allSettled(all)
  // Work of the same pool of four threads: were it full of hashes, this would wait behind five of them at least.
  for (let n = 0; n < 20; n += 1) await new Promise((resolve) => randomFill(new Uint8Array(16), resolve))
  assert.ok(finished <= 2, `${finished} hashes were done before twenty short jobs`)
  const outcomes = await settled
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    [...Array(1 + HASHES_WAITING).fill('fulfilled'), ...Array(5).fill('rejected')],
  )
  for (const outcome of outcomes) if (outcome.status === 'rejected') assert.ok(refused('hashing-busy')(outcome.reason))
  assert.equal(await hasher.check('after the flood', undefined), false, 'places are given back')
})

test('a password is right for its own hash only, and two hashes of it differ', async () => {
  const hasher = new PasswordHasher(systemRandom, CHEAP)
  const [one, two] = [await hasher.hash('a passw\u00f6rd'), await hasher.hash('a passw\u00f6rd')]
  assert.notDeepEqual(one.hash, two.hash)
  assert.equal(await hasher.check('a passwo\u0308rd', one), true)
  assert.equal(await hasher.check('a password', one), false)
  assert.equal(await hasher.check('', undefined), false)
})
