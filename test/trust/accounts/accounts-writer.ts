// Registers, logs in, changes passwords and removes, for ever, and prints each change once it is confirmed: what the parent
// of accounts-crash.test.ts kills.
import { writeSync } from 'node:fs'
import { systemClock } from '../../../src/platform/clock.ts'
import { systemRandom } from '../../../src/platform/random.ts'
import { Store } from '../../../src/store/store.ts'
import { accountShelf } from '../../../src/trust/accounts/account-shelf.ts'
import { Accounts } from '../../../src/trust/accounts/accounts.ts'

const [folder, first] = process.argv.slice(2)
if (folder === undefined || first === undefined) throw new Error('usage: accounts-writer.ts STORE FIRST')
const accounts = await Accounts.open({
  shelf: accountShelf(await Store.open(folder)),
  clock: systemClock,
  random: systemRandom,
  onDamaged: (namespace, key) => writeSync(1, `damaged ${namespace}/${key}\n`),
  cost: { memoryKib: 64, passes: 1, parallelism: 1 },
})
const tell = (...words: string[]) => writeSync(1, `${words.join(' ')}\n`)
tell('open')
for (let n = Number(first); ; n += 1) {
  const email = `user${n}@example.org`
  const password = `password ${n}`
  const fields = { email, password, fullName: null, company: null, scopes: undefined }
  const { id } = await accounts.register(fields, { name: 'operator', isAdmin: true })
  tell('registered', id, email)
  const { text } = await accounts.login({ email, password })
  tell('token', id, text)
  const kept = await accounts.login({ email, password })
  tell('token', id, kept.text)
  tell('changing', id, email)
  await accounts.changePassword(id, password, `changed ${n}`, kept.token.id)
  tell('changed', id, email)
  if (n % 3 !== 0) continue
  tell('removing', id)
  await accounts.remove(id, 'operator')
  tell('removed', id)
}
