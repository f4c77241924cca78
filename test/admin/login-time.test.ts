import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAccounts } from '../trust/accounts/open-accounts.ts'
import { ADMIN_TOKEN, ask, openPort } from './open-port.ts'

/** Logins of each kind: enough that a tenth of the time would show, few enough that the test ends within ten seconds. */
const EACH = 16

test('an unknown address and a wrong password take the same time, at the real cost', { timeout: 120_000 }, async (t) => {
  const { accounts } = await openAccounts(t, { cost: undefined })
  const port = await openPort(t, { accounts })
  const email = (n: number) => `user${n}@example.org`
  for (const n of [0, 1]) {
    const body = JSON.stringify({ email: email(n), password: 'correct horse' })
    const made = await ask(port.url, '/api/v1/users/register', { method: 'POST', token: ADMIN_TOKEN, body })
    assert.equal(made.status, 201)
  }
  let host = 0
  const time = async (address: string): Promise<number> => {
    // each try from an address of its own, and no account more often than its limit allows
    host += 1
    const body = JSON.stringify({ email: address, password: `wrong password ${host}` })
    const started = performance.now()
    const answer = await ask(port.url, '/api/v1/users/login', { method: 'POST', body, localAddress: `127.0.3.${host}` })
    const took = performance.now() - started
    assert.equal(answer.status, 401)
    return took
  }
  const [wrong, unknown]: [number[], number[]] = [[], []]
  await time('warm.up@example.org')
  for (let n = 0; n < EACH; n += 1) {
    const kinds = [
      async () => wrong.push(await time(email(n % 2))),
      async () => unknown.push(await time(`nobody${n}@example.org`)),
    ]
    // now the one first, now the other: what the machine does meanwhile hits both alike
    for (const kind of n % 2 === 0 ? kinds : kinds.reverse()) await kind()
  }
  const [one, other] = [median(wrong), median(unknown)]
  const slower = wrong.filter((took, n) => took > (unknown[n] ?? 0)).length
  t.diagnostic(
    `medians of ${EACH}: wrong password ${one.toFixed(1)} ms, unknown address ${other.toFixed(1)} ms; the first took longer ${slower} times`,
  )
  // The sign test: by chance one kind is the slower in all pairs but one at most once in 1,900 runs, however loaded the
  // machine is. Where that is so and the medians differ too, the times tell who has an account.
  const isOneSided = slower <= 1 || slower >= EACH - 1
  assert.ok(!isOneSided || Math.abs(one - other) < 0.05 * one, 'the times tell the two apart')
})

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const [low = 0, high = 0] = [sorted[sorted.length - 1 - half], sorted[half]]
  return (low + high) / 2
}
