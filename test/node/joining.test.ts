import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { before, type TestContext, test } from 'node:test'
import { NodeFault, type NodeFaultCode } from '../../src/admin/node-view.ts'
import { ChannelRefusal } from '../../src/channel/refusal.ts'
import { HostError } from '../../src/host/host-error.ts'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { askToJoin, type CallDoor, type JoinOutcome, type JoinWish } from '../../src/node/joining.ts'
import { defaultNodeName, distinctNodeName } from '../../src/node/node-name.ts'
import type { Genesis } from '../../src/trust/genesis.ts'
import { formatInvite, parseInvite } from '../../src/trust/invite.ts'
import { isNodeName } from '../../src/trust/names.ts'
import { NATIVE } from '../crypto/backends.ts'
import { TestDoor } from '../trust/door.ts'
import { founderOf, networkOf, someone } from '../trust/people.ts'

const HUB = '/ip4/192.0.2.1/tcp/4001'
const OTHER = '/ip4/192.0.2.2/tcp/4001'

let anna: NodeIdentity
let joiner: NodeIdentity
let genesis: Genesis

before(async () => {
  ;[anna, joiner] = await Promise.all([someone(), someone()])
  genesis = networkOf([founderOf(anna, 'anna')])
})

/** What answers at an address: a member's sponsor, or a way to fail. */
type Answers = Readonly<Record<string, TestDoor | Error | Uint8Array>>

function caller(answers: Answers, asked: string[] = []): CallDoor {
  return async ({ address }, _networkId, request) => {
    asked.push(address)
    const answer = answers[address]
    if (answer instanceof Error) throw answer
    if (answer instanceof Uint8Array) return { answer, x0Id: anna.x0Id }
    assert.ok(answer !== undefined, `nobody is at ${address}`)
    return { answer: await answer.sponsor.answer(request, { x0Id: joiner.x0Id }), x0Id: answer.identity.x0Id }
  }
}

function join(door: TestDoor, answers: Answers, wish: JoinWish, asked?: string[]): Promise<JoinOutcome> {
  const clock = { now: door.clock.now, monotonic: () => 0, after: () => ({ cancel: () => undefined }) }
  return askToJoin({ crypto: NATIVE, identity: joiner, clock, call: caller(answers, asked) }, wish, AbortSignal.timeout(60_000))
}

async function nameOf(outcome: Promise<JoinOutcome>): Promise<string | undefined> {
  const joined = await outcome
  assert.ok(joined.state === 'joined')
  return joined.admission.standing.name
}

const fails =
  (code: NodeFaultCode, what: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof NodeFault, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, what)
    return true
  }

const open = (t: TestContext): Promise<TestDoor> => TestDoor.open(t, anna, genesis)

/** The invite with other doors: that of the issuer, and somebody's. */
function withDoors(line: string, ...addresses: string[]): string {
  const doors = addresses.map((address) => ({ address, x0Id: address === HUB ? anna.x0Id : new Uint8Array(32).fill(3) }))
  return formatInvite({ ...parseInvite(line), doors })
}

test("the name: the invite's, the one that is wished, else the host name, and where that is taken one of its own", async (t) => {
  const door = await open(t)
  const own = formatX0Id(joiner.x0Id)
  const host = defaultNodeName(own)
  const given = (await door.invite({ name: 'db-1' })).line
  assert.equal(await nameOf(join(door, { [HUB]: door }, { line: given })), 'db-1')
  const fresh = async (): Promise<TestDoor> => open(t)
  const second = await fresh()
  assert.equal(await nameOf(join(second, { [HUB]: second }, { line: (await second.invite()).line, name: 'laptop' })), 'laptop')
  const third = await fresh()
  assert.equal(await nameOf(join(third, { [HUB]: third }, { line: (await third.invite()).line })), host)
  const fourth = await fresh()
  const somebody = await someone()
  await fourth.redeem((await fourth.invite()).line, somebody, host)
  assert.equal(await nameOf(join(fourth, { [HUB]: fourth }, { line: (await fourth.invite()).line })), distinctNodeName(host, own))
  await assert.rejects(
    join(fourth, { [HUB]: fourth }, { line: (await fourth.invite()).line, name: host }),
    fails('join-refused', /name-taken/),
  )
  await assert.rejects(
    join(fourth, { [HUB]: fourth }, { line: (await fourth.invite()).line, name: 'Not A Name' }),
    fails('name-invalid', /./),
  )
})

test('a host name becomes a name that a node may have, whatever it is; names of one machine differ by their keys', () => {
  const own = formatX0Id(joiner.x0Id)
  for (const host of ['laptop', 'Laptop.example.org', 'a_b c', '-', '', 'ü', 'x'.repeat(80), '9', hostname()]) {
    const name = defaultNodeName(own, host)
    assert.ok(isNodeName(name), name)
    const distinct = distinctNodeName(name, own)
    assert.ok(isNodeName(distinct) && distinct !== name, distinct)
  }
  assert.equal(defaultNodeName(own, 'Laptop.example.org'), 'laptop')
})

test('doors are tried until one decides: who cannot be reached, lies, or may not decide is passed over', async (t) => {
  const door = await open(t)
  const elsewhere = await TestDoor.open(t, anna, networkOf([founderOf(anna, 'anna')], { nonce: new Uint8Array(32).fill(9) }))
  const stranger = await TestDoor.open(t, await someone(), genesis)
  const { line } = await door.invite({ uses: 5 })
  const obstacles: [what: string, answer: Answers[string]][] = [
    ['dead', new HostError('dial-failed', 'nobody answers')],
    ['without a door', new HostError('protocol-unsupported', 'no door')],
    ['somebody else', new ChannelRefusal('x0-id-mismatch', 'another')],
    ['cut off', new ChannelRefusal('closed', 'gone')],
    ['babbling', new Uint8Array(9)],
    ['no member', stranger],
    ['another network', elsewhere],
  ]
  for (const [what, answer] of obstacles) {
    const asked: string[] = []
    const outcome = await join(
      door,
      { [OTHER]: answer, [HUB]: door },
      { line: withDoors(line, OTHER, HUB), name: 'laptop' },
      asked,
    )
    assert.ok(outcome.state === 'joined', what)
    assert.deepEqual([asked, outcome.via], [[OTHER, HUB], HUB], what)
    assert.deepEqual(
      outcome.doors.map(({ address }) => address),
      [HUB, OTHER],
      'who answered comes first',
    )
  }
})

test('each way to fail has its code, and of several the one that tells most', async (t) => {
  const door = await open(t)
  const { line } = await door.invite()
  const alone = (answer: Error): Promise<JoinOutcome> => join(door, { [HUB]: answer }, { line })
  await assert.rejects(alone(new HostError('dial-failed', 'nobody')), fails('unreachable', /192\.0\.2\.1.*nobody/))
  await assert.rejects(alone(new HostError('protocol-unsupported', 'x')), fails('join-refused', /no network/))
  await assert.rejects(alone(new ChannelRefusal('x0-id-mismatch', 'other')), fails('identity-mismatch', /other/))
  await assert.rejects(alone(new ChannelRefusal('timeout', 'late')), fails('unreachable', /late/))
  await assert.rejects(alone(new ChannelRefusal('revoked', 'no', { by: 'peer' })), fails('join-refused', /revoked/))
  const dead = new HostError('dial-failed', 'nobody')
  const both = { [OTHER]: dead, [HUB]: new ChannelRefusal('x0-id-mismatch', 'another one') }
  await assert.rejects(join(door, both, { line: withDoors(line, OTHER, HUB) }), fails('identity-mismatch', /nobody.*another one/))
  await assert.rejects(join(door, {}, { line: `${line.slice(0, -2)}zz` }), fails('invite-invalid', /typing error/))
  await assert.rejects(join(door, {}, { line: '/no/address' }), fails('invite-invalid', /multiaddr/))
  await assert.rejects(join(door, {}, { line: 'hello' }), fails('invite-invalid', /x0invite1/))
  // whose token it is, decides
  await door.redeem(line, await someone(), 'first')
  const asked: string[] = []
  await assert.rejects(
    join(door, { [HUB]: door, [OTHER]: dead }, { line: withDoors(line, HUB, OTHER) }, asked),
    fails('join-refused', /invite-used/),
  )
  assert.deepEqual(asked, [HUB])
})

test('a bootstrap line is knocked at, with the host name, until a member has decided', async (t) => {
  const door = await open(t)
  const line = HUB
  const first = await join(door, { [HUB]: door }, { line, note: 'it is me' })
  assert.ok(first.state === 'pending' && first.retryAfterMs > 0)
  const [ask] = door.sponsor.pending()
  assert.deepEqual(
    [ask?.name, ask?.note, ask?.x0Id],
    [defaultNodeName(formatX0Id(joiner.x0Id)), 'it is me', formatX0Id(joiner.x0Id)],
  )
  await door.sponsor.accept(formatX0Id(joiner.x0Id), { name: 'visitor' })
  assert.equal(await nameOf(join(door, { [HUB]: door }, { line })), 'visitor')
})
