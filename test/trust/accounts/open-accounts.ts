import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemRandom } from '../../../src/platform/random.ts'
import { Store } from '../../../src/store/store.ts'
import { accountShelf } from '../../../src/trust/accounts/account-shelf.ts'
import { type AccountChangeData, Accounts } from '../../../src/trust/accounts/accounts.ts'
import { ManualClock } from '../../observe/manual-clock.ts'
import { temporaryFolder } from '../../store/temporary-folder.ts'

/** A thousandth of the real cost: for tests that are not about it. */
export const CHEAP = { memoryKib: 64, passes: 1, parallelism: 1 } as const

export interface Opened {
  readonly accounts: Accounts
  readonly store: Store
  readonly folder: string
  readonly clock: ManualClock
  readonly changes: [kind: string, data: AccountChangeData][]
  readonly damaged: string[]
}

/** Accounts on a real LevelDB, closed with the test. `folder`: of an earlier one, closed by now. */
export async function openAccounts(
  t: TestContext,
  given: { folder?: string; clock?: ManualClock; cost?: typeof CHEAP | undefined } = {},
): Promise<Opened> {
  const folder = given.folder ?? join(await temporaryFolder(t), 'store')
  const clock = given.clock ?? new ManualClock()
  const store = await Store.open(folder)
  t.after(() => store.close())
  const changes: Opened['changes'] = []
  const damaged: string[] = []
  const cost = 'cost' in given ? given.cost : CHEAP
  const accounts = await Accounts.open({
    shelf: accountShelf(store),
    clock,
    random: systemRandom,
    onDamaged: (namespace, key) => damaged.push(`${namespace}/${key}`),
    onChange: (kind, data) => changes.push([kind, data]),
    ...(cost === undefined ? {} : { cost }),
  })
  return { accounts, store, folder, clock, changes, damaged }
}

/** A registration as the boundary makes it. */
export function registration(
  email: string,
  more: { password?: string; scopes?: readonly ['admin'] | readonly ['operate'] } = {},
) {
  return { email, password: more.password ?? 'correct horse', fullName: null, company: null, scopes: more.scopes }
}
