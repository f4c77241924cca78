import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import fc from 'fast-check'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { redeemRequest } from '../../src/trust/applicant.ts'
import type { Genesis } from '../../src/trust/genesis.ts'
import { parseInvite } from '../../src/trust/invite.ts'
import { MAX_INVITES } from '../../src/trust/limits.ts'
import { TokenBook } from '../../src/trust/token-book.ts'
import type { TokenEntry } from '../../src/trust/token-entry.ts'
import { NATIVE, seeded } from '../crypto/backends.ts'
import { granted, outcome, TestDoor } from './door.ts'
import { DAY, flipped, founderOf, MINUTE, NOW, networkOf, revocationFor, someone } from './people.ts'
import { trustCode } from './trust-code.ts'

const HOUR = 60 * MINUTE
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

let anna: NodeIdentity
let bert: NodeIdentity
let nodes: readonly NodeIdentity[]
let genesis: Genesis

before(async () => {
  ;[anna, bert] = await Promise.all([someone(), someone()])
  nodes = await Promise.all(Array.from({ length: 4 }, someone))
  genesis = networkOf([founderOf(anna, 'anna'), founderOf(bert, 'bert')])
})

const node = (index: number): NodeIdentity => {
  const found = nodes[index]
  assert.ok(found !== undefined)
  return found
}

test('an invite gives a node what it promised, once, and the member a record of it', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const invite = await door.invite({ name: 'laptop', groups: ['ops', 'edge'], validityMs: DAY })
  assert.deepEqual([invite.expiresAt, invite.uses], [NOW + HOUR, 1])
  const credential = granted(await door.redeem(invite.line, node(0)))
  assert.deepEqual(
    [
      hex(credential.subject),
      hex(credential.issuer),
      credential.name,
      credential.groups,
      credential.notBefore,
      credential.notAfter,
    ],
    [hex(node(0).x0Id), hex(anna.x0Id), 'laptop', ['edge', 'ops'], NOW, NOW + DAY],
  )
  assert.ok('standing' in door.membership.judge({ x0Id: node(0).x0Id, credential: credential.bytes }, NOW))
  assert.deepEqual(
    door.sponsor.issued().map(({ serial, subject, name, revoked }) => ({ serial, subject, name, revoked })),
    [{ serial: hex(credential.serial), subject: formatX0Id(node(0).x0Id), name: 'laptop', revoked: false }],
  )
  const [listed] = door.sponsor.invites()
  assert.deepEqual([listed?.id, listed?.state, listed?.redeemers], [invite.id, 'used', [formatX0Id(node(0).x0Id)]])
  assert.equal(outcome(await door.redeem(invite.line, node(1))), 'invite-used')
  assert.deepEqual(
    door.events.map(({ type }) => type),
    ['admitted', 'refused'],
  )
})

test('the same node asking again gets the same answer: after a restart, the end or a withdrawal of the invite', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const { line, id } = await door.invite()
  const first = granted(await door.redeem(line, node(0), 'laptop'))
  const again = async (): Promise<string> => hex(granted(await door.redeem(line, node(0), 'laptop')).bytes)
  assert.equal(await again(), hex(first.bytes))
  await door.restart()
  assert.equal(await again(), hex(first.bytes))
  door.clock.time += 2 * HOUR
  assert.equal(await again(), hex(first.bytes))
  await door.sponsor.withdraw(id)
  assert.equal(await again(), hex(first.bytes))
  // what it was given has ended
  door.clock.time += 31 * DAY
  assert.equal(outcome(await door.redeem(line, node(0), 'laptop')), 'invite-used')
})

test('the secret of an invite is nowhere on the disk of its issuer', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const { line } = await door.invite()
  const secret = Buffer.from(parseInvite(line).secret)
  const publicKey = Buffer.from(NATIVE.importMlDsa65(secret).publicKey)
  let values = 0
  for (const name of ['invites', 'issued', 'network', 'revocations', 'ignored']) {
    for await (const [key, value] of door.store.namespace(name).entries()) {
      values += 1
      for (const text of [key, Buffer.from(value).toString('latin1')]) {
        assert.equal(text.includes(secret.toString('latin1')) || text.includes(secret.toString('hex')), false)
        assert.equal(text.includes(publicKey.toString('latin1')), false)
      }
    }
  }
  assert.equal(values, 1)
})

test('each invite that cannot be used is refused with its own reason, and spends nothing', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const elsewhere = await TestDoor.open(t, anna, networkOf([founderOf(anna, 'anna')], { name: 'elsewhere' }))
  const { line, id } = await door.invite()
  const invite = parseInvite(line)
  const request = await redeemRequest(NATIVE, node(0), invite, 'laptop')
  assert.equal(outcome(await elsewhere.bring(request, node(0))), 'wrong-network')
  assert.equal(outcome(await door.bring(request, node(1))), 'key-mismatch')
  assert.equal(outcome(await door.bring(flipped(request, request.length - 1), node(0))), 'invite-forged')
  assert.equal(outcome(await door.bring(request.subarray(1), node(0))), 'malformed')
  const madeUp = await redeemRequest(NATIVE, node(0), { ...invite, secret: new Uint8Array(32) }, 'laptop')
  assert.equal(outcome(await door.bring(madeUp, node(0))), 'invite-unknown')
  assert.equal(outcome(await door.redeem(line, node(0))), 'name-required')
  assert.equal(outcome(await door.redeem(line, node(0), 'bert')), 'name-taken')
  const { line: named } = await door.invite({ name: 'tower' })
  assert.equal(outcome(await door.redeem(named, node(0), 'laptop')), 'bad-name')
  assert.equal(outcome(await door.redeem(named, node(0), 'tower')), 'admitted')
  assert.equal(outcome(await door.redeem(line, node(1), 'tower')), 'name-taken')
  await door.sponsor.withdraw(id)
  assert.equal(outcome(await door.redeem(line, node(1), 'laptop')), 'invite-withdrawn')
  const { line: short } = await door.invite({ ttlMs: MINUTE })
  door.clock.time += MINUTE
  assert.equal(outcome(await door.redeem(short, node(1), 'laptop')), 'invite-expired')
  assert.deepEqual(
    door.sponsor.issued().map(({ name }) => name),
    ['tower'],
  )
})

test('a revoked key gets nothing for a good invite, nor again what it had', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const { line } = await door.invite({ uses: 2 })
  assert.equal(outcome(await door.redeem(line, node(0), 'laptop')), 'admitted')
  await door.membership.take((await revocationFor(bert, genesis, node(0).x0Id)).bytes)
  assert.equal(outcome(await door.redeem(line, node(0), 'laptop')), 'revoked')
  assert.deepEqual(
    door.sponsor.issued().map(({ revoked }) => revoked),
    [true],
  )
  // the name is free for who comes after
  assert.equal(granted(await door.redeem(line, node(1), 'laptop')).name, 'laptop')
})

test('a founder that redeems is told the network and spends nothing', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const { line } = await door.invite()
  const answer = await door.redeem(line, bert, 'other')
  assert.ok(answer.kind === 'admitted')
  assert.deepEqual([hex(answer.genesis), answer.credential], [hex(genesis.bytes), undefined])
  assert.equal(door.sponsor.invites()[0]?.state, 'live')
})

test('a redemption that another node brings is as good, and only for the keys it was signed for', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const { line } = await door.invite()
  const request = await redeemRequest(NATIVE, node(0), parseInvite(line), 'laptop')
  // the key of another node in its place: composite key behind version, kind and network
  const stolen = Uint8Array.from(request)
  stolen.set(node(1).mldsa65, 35)
  stolen.set(node(1).ed25519, 35 + 1952)
  assert.equal(outcome(await door.bring(stolen, undefined)), 'invite-forged')
  assert.equal(hex(granted(await door.bring(request, undefined)).subject), hex(node(0).x0Id))
})

test('many redemptions at once never overspend, nor give one name twice', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const { line } = await door.invite({ uses: 2 })
  const answers = await Promise.all([0, 1, 2, 3, 0, 1].map((index) => door.redeem(line, node(index), `n${index}`)))
  const winners = new Set(answers.flatMap((answer) => (answer.kind === 'admitted' ? hex(granted(answer).subject) : [])))
  assert.equal(winners.size, 2)
  assert.equal(door.sponsor.issued().length, 2)
  const { line: other } = await door.invite({ uses: 3 })
  const named = await Promise.all([0, 1, 2, 3].map((index) => door.redeem(other, node(index), 'same')))
  assert.deepEqual(named.map(outcome).sort(), ['admitted', 'name-taken', 'name-taken', 'name-taken'])
})

test('a burst is answered busy beyond the line, and the line goes on', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const { line } = await door.invite()
  const request = await redeemRequest(NATIVE, node(0), parseInvite(line), 'laptop')
  const answers = await Promise.all(Array.from({ length: 50 }, () => door.bring(request, node(0))))
  const codes = answers.map(outcome)
  assert.equal(codes.filter((code) => code === 'admitted').length, 32)
  assert.equal(codes.filter((code) => code === 'busy').length, 18)
  assert.equal(outcome(await door.bring(request, node(0))), 'admitted')
})

test('terms that no invite has are refused before anything is kept', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const bad = trustCode('bad-invite')
  for (const uses of [0, 257, 1.5]) await assert.rejects(door.invite({ uses }), bad)
  for (const ttlMs of [0, 30 * DAY + 1, Number.NaN]) await assert.rejects(door.invite({ ttlMs }), bad)
  for (const validityMs of [0, 90 * DAY + 1]) await assert.rejects(door.invite({ validityMs }), trustCode('bad-credential'))
  await assert.rejects(door.invite({ name: 'laptop', uses: 2 }), bad)
  await assert.rejects(door.invite({ name: 'Laptop' }), trustCode('bad-name'))
  await assert.rejects(door.invite({ groups: ['a b'] }), trustCode('bad-name'))
  await assert.rejects(door.invite({ name: 'bert' }), trustCode('name-taken'))
  await assert.rejects(door.sponsor.invite({}, []), bad)
  await assert.rejects(door.sponsor.withdraw('0000000000000000'), trustCode('unknown-invite'))
  assert.deepEqual(door.sponsor.invites(), [])
})

test('no more invites are kept than the limit', () => {
  const entry = {
    name: undefined,
    groups: [],
    createdAt: NOW,
    expiresAt: NOW,
    uses: 1,
    validityMs: DAY,
    withdrawn: true,
    redeemers: [],
  }
  const entries = Array.from({ length: MAX_INVITES }, (_, index): TokenEntry => {
    const id = new Uint8Array(32)
    new DataView(id.buffer).setUint32(0, index)
    return { ...entry, id }
  })
  assert.throws(() => new TokenBook(entries).expectRoom(), trustCode('too-many'))
  new TokenBook(entries.slice(1)).expectRoom()
})

test('an invite that is dead for a week is forgotten, on disk too, when the next one is made', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const ids = (): string[] => door.sponsor.invites().map(({ id }) => id)
  const old = await door.invite({ ttlMs: HOUR })
  door.clock.time += HOUR + 7 * DAY - 1
  const second = await door.invite()
  assert.deepEqual(ids(), [old.id, second.id])
  door.clock.time += 1
  const third = await door.invite()
  assert.deepEqual(ids(), [second.id, third.id])
  assert.equal(outcome(await door.redeem(old.line, node(0), 'laptop')), 'invite-unknown')
  await door.restart()
  assert.deepEqual(ids(), [second.id, third.id])
})

test('invites, withdrawals, redemptions, time and restarts in any order: the door does what a simple model says', async (t) => {
  interface Modelled {
    readonly line: string
    readonly id: string
    readonly uses: number
    readonly expiresAt: number
    readonly redeemers: Set<number>
    withdrawn: boolean
  }
  const index = fc.nat(3)
  const command = fc.oneof(
    {
      arbitrary: fc.record({
        do: fc.constant('invite' as const),
        uses: fc.integer({ min: 1, max: 3 }),
        hours: fc.integer({ min: 1, max: 3 }),
      }),
      weight: 2,
    },
    { arbitrary: fc.record({ do: fc.constant('redeem' as const), invite: index, node: index }), weight: 8 },
    { arbitrary: fc.record({ do: fc.constant('withdraw' as const), invite: index }), weight: 1 },
    { arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 90 }) }), weight: 2 },
    { arbitrary: fc.record({ do: fc.constant('restart' as const) }), weight: 2 },
  )
  const expected = (invite: Modelled, who: number, now: number): string => {
    if (invite.redeemers.has(who)) return 'admitted'
    if (invite.withdrawn) return 'invite-withdrawn'
    if (invite.redeemers.size >= invite.uses) return 'invite-used'
    return now >= invite.expiresAt ? 'invite-expired' : 'admitted'
  }
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 25 }), async (commands) => {
      const door = await TestDoor.open(t, anna, genesis)
      const invites: Modelled[] = []
      for (const step of commands) {
        const invite = 'invite' in step ? invites[step.invite % Math.max(1, invites.length)] : undefined
        if (step.do === 'invite') {
          const made = await door.invite({ uses: step.uses, ttlMs: step.hours * HOUR })
          invites.push({ ...made, redeemers: new Set(), withdrawn: false })
        } else if (step.do === 'wait') door.clock.time += step.minutes * MINUTE
        else if (step.do === 'restart') await door.restart()
        else if (invite !== undefined && step.do === 'withdraw') {
          await door.sponsor.withdraw(invite.id)
          invite.withdrawn = true
        } else if (invite !== undefined && step.do === 'redeem') {
          const want = expected(invite, step.node, door.clock.time)
          assert.equal(outcome(await door.redeem(invite.line, node(step.node), `n${step.node}`)), want)
          if (want === 'admitted') invite.redeemers.add(step.node)
        }
        assert.deepEqual(
          new Map(door.sponsor.invites().map(({ id, redeemers }) => [id, [...redeemers].sort()])),
          new Map(invites.map(({ id, redeemers }) => [id, [...redeemers].map((who) => formatX0Id(node(who).x0Id)).sort()])),
        )
      }
      assert.deepEqual(door.damaged, [])
    }),
    seeded(t, 15),
  )
})
