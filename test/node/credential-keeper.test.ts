import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { type CredentialKeeper, createCredentialKeeper } from '../../src/node/credential-keeper.ts'
import { NetworkHome } from '../../src/node/network-home.ts'
import { createTelemetry } from '../../src/observe/telemetry.ts'
import { type Clock, systemClock, type Timer } from '../../src/platform/clock.ts'
import { createLog } from '../../src/platform/log.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { openHome } from '../../src/store/home.ts'
import { type Credential, decodeCredential } from '../../src/trust/credential.ts'
import { encodeJoinAnswer } from '../../src/trust/join-answer.ts'
import { Membership } from '../../src/trust/membership.ts'
import { NATIVE } from '../crypto/backends.ts'
import { startX0Host, type X0Host } from '../host/x0-host.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'
import { credentialFor, DAY, founderOf, networkOf, someone } from '../trust/people.ts'

const HOUR = DAY / 24
type Life = Pick<Credential, 'notBefore' | 'notAfter'>

/** Goes on only when it is told to; the wall clock can be set apart from the time that passes. */
class HandClock implements Clock {
  ahead = 0
  #passed = 0
  #timers: { readonly dueAt: number; readonly run: () => void }[] = []

  now(): number {
    return Date.now() + this.ahead + this.#passed
  }

  monotonic(): number {
    return this.#passed
  }

  after(ms: number, run: () => void): Timer {
    const timer = { dueAt: this.#passed + ms, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  /** Ms until the next timer; undefined where none is set. */
  next(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ dueAt }) => dueAt - this.#passed))
  }

  pass(ms: number): void {
    this.#passed += ms
    const due = this.#timers.filter(({ dueAt }) => dueAt <= this.#passed)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { run } of due) run()
  }
}

interface Stage {
  readonly keeper: CredentialKeeper
  readonly clock: HandClock
  readonly node: NodeIdentity
  readonly here: X0Host
  /** How often the door was asked. */
  asked(): number
  held(): Credential
}

/** A node with a credential of such a life, whose only door is a real one that answers with one of such another. */
async function stage(t: TestContext, own: Life, answer: () => Promise<Life>): Promise<Stage> {
  const clock = new HandClock()
  const home = await openHome(join(await temporaryFolder(t), 'home'))
  t.after(() => home.close())
  const [anna, node] = await Promise.all([someone(), someone()])
  const genesis = networkOf([founderOf(anna, 'anna')])
  let asked = 0
  const joinDoor = {
    admit: () => undefined,
    answer: async () => {
      asked += 1
      const { bytes: credential } = await credentialFor(anna, genesis, node.x0Id, await answer())
      return encodeJoinAnswer({ kind: 'admitted', issuer: anna.x0Id, genesis: genesis.bytes, credential })
    },
  }
  const [door, here] = await Promise.all([
    startX0Host(t, { identity: anna, networkId: genesis.id, joinDoor }),
    startX0Host(t, { identity: node, networkId: genesis.id }),
  ])
  const options = { crypto: NATIVE, identity: node, clock, random: systemRandom }
  const shelf = await NetworkHome.open({ ...options, store: home.store, onDamaged: () => undefined })
  const { bytes: credential } = await credentialFor(anna, genesis, node.x0Id, own)
  const judged = new Membership({ backend: NATIVE, genesis }).judge({ x0Id: node.x0Id, credential }, own.notBefore)
  assert.ok('standing' in judged)
  const [address = ''] = (door.host.getMultiaddrs()[0]?.toString() ?? '').split('/p2p/')
  const place = await shelf.enter({ genesis, credential, standing: judged.standing }, [{ address, x0Id: anna.x0Id }])
  const facts = { version: '0.0.0-test', nodeVersion: process.version, backend: NATIVE.name, httpRoutes: [] }
  const telemetry = createTelemetry({
    ...facts,
    clock: systemClock,
    log: createLog({ level: 'info', format: 'text', output: { write: () => true }, now: Date.now }),
  })
  t.after(() => telemetry.stop())
  const keeper = createCredentialKeeper({ ...options, home, telemetry }, place, {
    host: here.host,
    channel: here.channel,
    trust: undefined,
  })
  t.after(() => keeper.stop())
  return {
    keeper,
    clock,
    node,
    here,
    asked: () => asked,
    held: () => decodeCredential(place.credential() ?? new Uint8Array()),
  }
}

const soon = (): AbortSignal => AbortSignal.timeout(10_000)

test('an answer that does not last longer than what is held is no renewal, and is not asked for again at once', async (t) => {
  const now = Date.now()
  const own = { notBefore: now - 20 * DAY, notAfter: now + 10 * DAY }
  for (const shorter of [0, DAY]) {
    const { keeper, clock, held, asked } = await stage(t, own, async () => ({ ...own, notAfter: own.notAfter - shorter }))
    const before = Buffer.from(held().serial).toString('hex')
    keeper.start()
    assert.equal(clock.next(), 0, 'it is past half of its life')
    await assert.rejects(keeper.renew(soon()), /no credential that lasts longer than ours/)
    assert.equal(Buffer.from(held().serial).toString('hex'), before)
    assert.deepEqual([asked(), keeper.last()?.ok], [1, false])
    // thirty minutes, a fifth more or less
    const wait = clock.next() ?? 0
    assert.ok(wait >= 24 * 60_000 && wait <= 36 * 60_000, `${wait} ms`)
  }
})

test('a credential is renewed when half of its life is over, and then again at half of the new one', async (t) => {
  const now = Date.now()
  const stood = await stage(t, { notBefore: now - DAY, notAfter: now + 3 * DAY }, async () => ({
    notBefore: now,
    notAfter: now + 30 * DAY,
  }))
  const { keeper, clock, held } = stood
  keeper.start()
  assert.ok(Math.abs((keeper.renewAt() ?? 0) - (now + DAY)) < 1_000)
  for (let passed = 0; stood.asked() === 0 && passed < 5; passed += 1) clock.pass(clock.next() ?? 0)
  await keeper.renew(soon())
  assert.deepEqual([stood.asked(), keeper.last()?.ok, held().notAfter], [1, true, now + 30 * DAY])
  assert.equal(keeper.renewAt(), now + 15 * DAY)
  assert.equal(clock.next(), 6 * HOUR, 'and looks at the clock every six hours until then')
})

test('a try that failed while the wall clock was a year ahead does not put the next one off for a year', async (t) => {
  const now = Date.now()
  const stood = await stage(t, { notBefore: now - 16 * DAY, notAfter: now + 14 * DAY }, () => Promise.reject(new Error('away')))
  const { keeper, clock } = stood
  clock.ahead = 365 * DAY
  keeper.start()
  await assert.rejects(keeper.renew(soon()))
  assert.equal(stood.asked(), 1)
  clock.ahead = 0
  assert.ok((clock.next() ?? Number.POSITIVE_INFINITY) <= 36 * 60_000)
  clock.pass(clock.next() ?? 0)
  await assert.rejects(keeper.renew(soon()))
  assert.equal(stood.asked(), 2)
})

test('a node that leaves its place ends the renewal that is under way, which keeps nothing after that', async (t) => {
  const now = Date.now()
  let arrived = (): void => undefined
  const atTheDoor = new Promise<void>((resolve) => {
    arrived = resolve
  })
  let answer = (_: Life): void => undefined
  const answered = new Promise<Life>((resolve) => {
    answer = resolve
  })
  const own = { notBefore: now - 20 * DAY, notAfter: now + 10 * DAY }
  const { keeper, held } = await stage(t, own, () => {
    arrived()
    return answered
  })
  keeper.start()
  const renewing = keeper.renew(soon())
  await atTheDoor
  await Promise.all([keeper.stop(), assert.rejects(renewing)])
  answer({ notBefore: now, notAfter: now + 30 * DAY })
  assert.equal(held().notAfter, own.notAfter)
  await keeper.stop()
})

test('peers that are no members and answer nothing do not keep a node from its doors', async (t) => {
  const now = Date.now()
  const stood = await stage(t, { notBefore: now - 16 * DAY, notAfter: now + 14 * DAY }, async () => ({
    notBefore: now,
    notAfter: now + 30 * DAY,
  }))
  const networkId = stood.held().networkId
  const strangers = await Promise.all(Array.from({ length: 8 }, () => startX0Host(t, { networkId })))
  for (const { host } of strangers) {
    const [address] = host.getMultiaddrs()
    assert.ok(address !== undefined)
    await stood.here.host.dial(address)
  }
  await stood.keeper.renew(soon())
  assert.deepEqual([stood.asked(), stood.held().notAfter], [1, now + 30 * DAY])
})
