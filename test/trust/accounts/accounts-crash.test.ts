import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { systemClock } from '../../../src/platform/clock.ts'
import { systemRandom } from '../../../src/platform/random.ts'
import { Store } from '../../../src/store/store.ts'
import { decodeToken } from '../../../src/trust/accounts/account-form.ts'
import { accountShelf } from '../../../src/trust/accounts/account-shelf.ts'
import { Accounts } from '../../../src/trust/accounts/accounts.ts'
import { temporaryFolder } from '../../store/temporary-folder.ts'
import { CHEAP } from './open-accounts.ts'

const WRITER = new URL('accounts-writer.ts', import.meta.url).pathname
const ROUNDS = 12

/** Runs the writer until it has printed `lines` lines, kills it, and gives all that it had printed. */
async function writeUntilKilled(folder: string, first: number, lines: number): Promise<string[][]> {
  const child = spawn(process.execPath, [WRITER, folder, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const printed: string[][] = []
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line.split(' '))
    if (printed.length === lines) child.kill('SIGKILL')
  }
  const [, signal] = await closed
  assert.equal(signal, 'SIGKILL', 'the writer ended by itself')
  return printed
}

test('killed between any two writes: what was confirmed is there, and no token outlives its account or its password', {
  timeout: 120_000,
}, async (t) => {
  const folder = await temporaryFolder(t)
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round * 1_000
    // another moment each round: the writer prints 6 to 8 lines for each account
    const said = await writeUntilKilled(folder, first, 2 + round * 5)
    const of = (kind: string) => said.filter(([word]) => word === kind)
    const ids = (kind: string) => new Set(of(kind).map(([, id]) => id))
    assert.deepEqual(of('damaged'), [])

    const store = await Store.open(folder)
    assert.deepEqual((await store.scrub()).corrupt, [])
    // as the crash left it, before anything is tidied up
    const owners: string[] = []
    for await (const [, bytes] of store.namespace('account-tokens').entries()) owners.push(decodeToken(bytes)?.owner ?? 'none')
    const known: string[] = []
    for await (const id of store.namespace('accounts').keys()) known.push(id)
    for (const owner of owners) assert.ok(known.includes(owner), `a token of ${owner}, who is not there`)
    for (const [, id = ''] of of('registered')) {
      if (ids('removed').has(id)) assert.equal(known.includes(id), false, `${id} is back`)
      else if (!ids('removing').has(id)) assert.ok(known.includes(id), `${id} is lost`)
    }

    const accounts = await Accounts.open({
      shelf: accountShelf(store),
      clock: systemClock,
      random: systemRandom,
      onDamaged: (namespace, key) => assert.fail(`${namespace}/${key}`),
      cost: CHEAP,
    })
    for (const [, id = '', email = ''] of of('registered').filter(([, id = '']) => known.includes(id))) {
      const n = /\d+/.exec(email)?.[0]
      const [old = '', kept = ''] = of('token').flatMap(([, owner, text = '']) => (owner === id ? [text] : []))
      const live = (text: string) => typeof accounts.verify(createHash('sha256').update(text).digest()) === 'object'
      const opens = async (password: string) => {
        const account = accounts.accountOf(email)
        assert.ok(account !== undefined)
        return await accounts.login({ email, password }).then(
          () => true,
          () => false,
        )
      }
      const isChanged = await opens(`changed ${n}`)
      assert.equal(await opens(`password ${n}`), !isChanged, 'one of the two passwords, and one only')
      if (ids('changed').has(id)) assert.equal(isChanged, true, 'a confirmed change is lost')
      if (!ids('changing').has(id)) assert.equal(isChanged, false)
      if (old !== '') assert.equal(live(old), !isChanged, 'the password and the tokens that it ends go together')
      if (kept !== '') assert.equal(live(kept), true)
    }
    await store.close()
  }
})
