import type { BatchOperation, Store } from '../../store/store.ts'
import type { Account, Change, Token } from './account.ts'
import { decodeAccount, decodeToken, encodeAccount, encodeToken } from './account-form.ts'

/** Where accounts and tokens lie in the store: each by its id. */
export interface AccountShelf {
  /**
   * Everything that can be read. A value that is whole and yet none of ours is reported and left out; one whose check
   * fails is left out too, and the scrub at the start has told of it. The tokens of an account that is left out go.
   * @throws StoreError
   */
  load(onDamaged: (namespace: string, key: string) => void): Promise<{ accounts: readonly Account[]; tokens: readonly Token[] }>
  /** All or none; resolves when they are on the disk, or, where `lazily`, when a killed process cannot lose them. @throws StoreError */
  write(changes: readonly Change[], lazily?: boolean): Promise<void>
}

export function accountShelf(store: Pick<Store, 'namespace' | 'batch'>): AccountShelf {
  const [accounts, tokens] = [store.namespace('accounts'), store.namespace('account-tokens')]

  const leaveOut = () => undefined

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
      for await (const [id, bytes] of accounts.entries({ onCorrupt: leaveOut })) {
        const account = decodeAccount(bytes)
        if (account === undefined || account.id !== id) onDamaged(accounts.name, id)
        else found.accounts.push(account)
      }
      for await (const [id, bytes] of tokens.entries({ onCorrupt: leaveOut })) {
        const token = decodeToken(bytes)
        if (token === undefined || token.id !== id) onDamaged(tokens.name, id)
        else found.tokens.push(token)
      }
      return found
    },
    write: (changes, lazily = false) => store.batch(changes.map(operation), { sync: !lazily }),
  }
}
