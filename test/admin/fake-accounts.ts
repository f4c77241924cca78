import type { AccountsView } from '../../src/admin/accounts-view.ts'
import type { Account, Token } from '../../src/trust/accounts/account.ts'

export const USER_ID = `usr_${'1'.repeat(24)}`
export const TOKEN_ID = `tok_${'2'.repeat(24)}`

const ACCOUNT: Account = {
  id: USER_ID,
  email: 'ada@example.org',
  fullName: null,
  company: null,
  scopes: ['read'],
  createdAt: 0,
  password: { cost: { memoryKib: 8, passes: 1, parallelism: 1 }, salt: new Uint8Array(16), hash: new Uint8Array(32) },
}
const TOKEN: Token = {
  id: TOKEN_ID,
  digest: '3'.repeat(64),
  kind: 'api',
  owner: null,
  name: 'a script',
  scopes: ['read'],
  createdAt: 0,
  expiresAt: 1,
  lastUsedAt: null,
}

/** One account and one token that never change: enough for the form of answers. What accounts do is tested with real ones. */
export function fakeAccounts(): AccountsView {
  const issued = { token: TOKEN, text: 'x0t_fake' }
  return {
    count: 1,
    verify: () => undefined,
    list: () => [ACCOUNT],
    account: () => ACCOUNT,
    accountOf: () => ACCOUNT,
    tokens: () => [TOKEN],
    register: async () => ACCOUNT,
    login: async () => ({ ...issued, account: ACCOUNT }),
    changePassword: async () => ACCOUNT,
    resetPassword: async () => ACCOUNT,
    setScopes: async () => ACCOUNT,
    remove: async () => 1,
    createToken: async () => issued,
    revoke: async () => undefined,
  }
}
