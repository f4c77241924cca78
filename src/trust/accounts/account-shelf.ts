import type { BatchOperation, Store } from '../../store/store.ts'
import type { Account, Change, Token } from './account.ts'
import { decodeAccount, decodeToken, encodeAccount, encodeToken } from './account-form.ts'

/** Where accounts and tokens lie in the store: each by its id. */
export interface AccountShelf {
  /**
   * Everything that can be read. What cannot is reported and left out: a damaged account cannot be used until somebody
   * removes it with the store, and its tokens with it.
   * @throws StoreError
   */
  load(onDamaged: (namespace: string, key: string) => void): Promise<{ accounts: readonly Account[]; tokens: readonly Token[] }>
  /** All or none; resolves when they are on the disk, or, where `lazily`, when a killed process cannot lose them. @throws StoreError */
  write(changes: readonly Change[], lazily?: boolean): Promise<void>
}

export function accountShelf(store: Pick<Store, 'namespace' | 'batch'>): AccountShelf {
  const [accounts, tokens] = [store.namespace('accounts'), store.namespace('account-tokens')]

  const operation = (change: Change): BatchOperation => {
    switch (change.type) {
      case 'put-account':
        return { type: 'put', namespace: accounts, key: change.account.id, value: encodeAccount(change.account) }
      case 'delete-account':
        return { type: 'delete', namespace: accounts, key: change.id }
      case 'put-token':
        return { type: 'put', namespace: tokens, key: change.token.id, value: encodeToken(change.token) }
      case 'delete-token':
        return { type: 'delete', namespace: tokens, key: change.id }
    }
  }

  return {
    async load(onDamaged) {
      const found: { accounts: Account[]; tokens: Token[] } = { accounts: [], tokens: [] }
      for await (const [id, bytes] of accounts.entries({ onCorrupt: (key) => onDamaged(accounts.name, key) })) {
        const account = decodeAccount(bytes)
        if (account === undefined || account.id !== id) onDamaged(accounts.name, id)
        else found.accounts.push(account)
      }
      for await (const [id, bytes] of tokens.entries({ onCorrupt: (key) => onDamaged(tokens.name, key) })) {
        const token = decodeToken(bytes)
        if (token === undefined || token.id !== id) onDamaged(tokens.name, id)
        else found.tokens.push(token)
      }
      return found
    },
    write: (changes, lazily = false) => store.batch(changes.map(operation), { sync: !lazily }),
  }
}
