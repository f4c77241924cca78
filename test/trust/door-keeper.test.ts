import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { signSuccessor } from '../../src/identity/rotation.ts'
import { askRequest, redeemRequest, renewRequest, succeedRequest } from '../../src/trust/applicant.ts'
import type { Forward } from '../../src/trust/forwarder.ts'
import type { AdmissionMode, Genesis } from '../../src/trust/genesis.ts'
import { parseInvite } from '../../src/trust/invite.ts'
import { MAX_FORWARDS } from '../../src/trust/limits.ts'
import { Membership } from '../../src/trust/membership.ts'
import { Sponsor } from '../../src/trust/sponsor.ts'
import { NATIVE } from '../crypto/backends.ts'
import { granted, outcome, TestDoor } from './door.ts'
import { credentialFor, founderOf, networkOf, revocationFor, someone } from './people.ts'
import { trustCode } from './trust-code.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

let anna: NodeIdentity
let bert: NodeIdentity
let helper: NodeIdentity
let node: NodeIdentity
let genesis: Genesis

before(async () => {
  ;[anna, bert, helper, node] = await Promise.all([someone(), someone(), someone(), someone()])
  genesis = networkOf([founderOf(anna, 'anna'), founderOf(bert, 'bert')])
})

const modeOf = (admission: AdmissionMode): Genesis => networkOf([founderOf(anna, 'anna')], { admission })

test('a node that is no member names the members, and makes no invites', async (t) => {
  const [member, door] = await Promise.all([TestDoor.open(t, anna, genesis), TestDoor.open(t, helper, genesis)])
  const { line } = await member.invite()
  const answer = await door.redeem(line, node, 'laptop')
  assert.ok(answer.kind === 'refused')
  assert.deepEqual([answer.code, answer.members.map(hex)], ['not-a-sponsor', [hex(anna.x0Id), hex(bert.x0Id)]])
  assert.equal(outcome(await door.bring(askRequest(node, {}), node)), 'not-a-sponsor')
  assert.equal(door.sponsor.isSponsor, false)
  assert.equal(member.sponsor.isSponsor, true)
  await assert.rejects(door.invite(), trustCode('not-a-sponsor', /anna, bert/))
  await assert.rejects(door.sponsor.accept('laptop'), trustCode('not-a-sponsor'))
})

test('with a way to the issuer it brings the redemption there, once, and the answer back', async (t) => {
  const member = await TestDoor.open(t, anna, genesis)
  const brought: string[] = []
  const forward: Forward = (target, request) => {
    brought.push(hex(target))
    return member.sponsor.answer(request, undefined)
  }
  const [helping, otherMember] = await Promise.all([
    TestDoor.open(t, helper, genesis, forward),
    TestDoor.open(t, bert, genesis, forward),
  ])
  const { line } = await member.invite({ uses: 1 })
  const credential = granted(await helping.redeem(line, node, 'laptop'))
  assert.deepEqual([hex(credential.subject), hex(credential.issuer)], [hex(node.x0Id), hex(anna.x0Id)])
  // a member that did not make the token brings it to who did
  assert.equal(hex(granted(await otherMember.redeem(line, node, 'laptop')).bytes), hex(credential.bytes))
  assert.deepEqual(brought, [hex(anna.x0Id), hex(anna.x0Id)])
  // what was brought goes no further
  const request = await redeemRequest(NATIVE, node, parseInvite(line), 'laptop')
  assert.equal(outcome(await otherMember.bring(request, undefined)), 'not-a-sponsor')
  assert.equal(brought.length, 2)
  // a knock is for who stands at the door
  assert.equal(outcome(await helping.bring(askRequest(node, {}), node)), 'not-a-sponsor')
})

test('a renewal or succession goes to the issuer first, then to others; who answers nonsense counts as away', async (t) => {
  const member = await TestDoor.open(t, bert, genesis)
  const tried: string[] = []
  const heir = await someone()
  const answers: Forward = async (target, request) => {
    tried.push(hex(target))
    if (hex(target) === hex(anna.x0Id)) return tried.length % 2 === 1 ? undefined : new Uint8Array(7)
    return member.sponsor.answer(request, undefined)
  }
  const helping = await TestDoor.open(t, helper, genesis, answers)
  const credential = await credentialFor(anna, genesis, node.x0Id)
  assert.equal(outcome(await helping.bring(renewRequest(node, genesis.id, credential.bytes), node)), 'admitted')
  const statement = await signSuccessor(node, heir, 1)
  assert.equal(outcome(await helping.bring(succeedRequest(heir, genesis.id, statement, credential.bytes), heir)), 'admitted')
  assert.deepEqual(
    tried,
    [anna, bert, anna, bert].map(({ x0Id }) => hex(x0Id)),
  )
  assert.equal(outcome(await helping.bring(renewRequest(heir, genesis.id, new Uint8Array(3)), heir)), 'credential-malformed')
})

test('an issuer that cannot be reached is told, a made-up one too, and only so many requests are under way', async (t) => {
  let release: (() => void) | undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  let underWay = 0
  const helping = await TestDoor.open(t, helper, genesis, async () => {
    underWay += 1
    await gate
    return undefined
  })
  const invite = { networkId: genesis.id, issuer: anna.x0Id, secret: new Uint8Array(32) }
  const request = await redeemRequest(NATIVE, node, invite, 'laptop')
  const answers = Array.from({ length: MAX_FORWARDS + 3 }, () => helping.bring(request, node))
  const busy = await Promise.all(answers.slice(MAX_FORWARDS))
  assert.deepEqual(busy.map(outcome), ['busy', 'busy', 'busy'])
  assert.equal(underWay, MAX_FORWARDS)
  release?.()
  for (const answer of await Promise.all(answers.slice(0, MAX_FORWARDS))) assert.equal(outcome(answer), 'issuer-away')
  const madeUp = await redeemRequest(NATIVE, node, { ...invite, issuer: helper.x0Id }, 'laptop')
  assert.equal(outcome(await helping.bring(madeUp, node)), 'issuer-away')
  assert.equal(underWay, MAX_FORWARDS)
})

test('in an open network every node lets in, without a credential; revoked keys stay out', async (t) => {
  const open = modeOf('open')
  const door = await TestDoor.open(t, helper, open)
  const { line } = await door.invite()
  const answer = await door.redeem(line, node)
  assert.ok(answer.kind === 'admitted')
  assert.deepEqual([hex(answer.genesis), answer.credential], [hex(open.bytes), undefined])
  assert.equal(outcome(await door.bring(askRequest(node, {}), node)), 'admitted')
  assert.deepEqual(door.sponsor.invites(), [])
  await assert.rejects(door.invite({ groups: ['ops'] }), trustCode('open-network'))
  await assert.rejects(door.invite({ name: 'laptop' }), trustCode('open-network'))
  await assert.rejects(door.sponsor.accept('laptop'), trustCode('open-network'))
  await door.membership.take((await revocationFor(anna, open, node.x0Id)).bytes)
  assert.equal(outcome(await door.redeem(line, node)), 'revoked')
})

test('where members decide by vote nobody is let in yet, and that is said', async (t) => {
  const vote = modeOf('vote')
  const door = await TestDoor.open(t, anna, vote)
  const answer = await door.bring(askRequest(node, {}), node)
  assert.ok(answer.kind === 'refused')
  assert.equal(answer.code, 'admission-by-vote')
  assert.match(answer.message, /members decide by vote, and this version of x0 has no votes yet/)
  await assert.rejects(door.invite(), trustCode('admission-by-vote'))
})

test('in the open network of nodes that have joined none there is no door', async (t) => {
  const { store } = await TestDoor.open(t, anna, genesis)
  const opened = Sponsor.open({
    backend: NATIVE,
    identity: anna,
    membership: new Membership({ backend: NATIVE, genesis: undefined }),
    store,
    clock: { now: () => 0 },
    random: { bytes: (length) => new Uint8Array(length) },
    report: () => undefined,
    onDamaged: () => undefined,
  })
  await assert.rejects(opened, trustCode('open-network'))
})

test('a disk that fails is reported and makes the answer busy; nothing was granted', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const { line } = await door.invite()
  await door.store.close()
  assert.equal(outcome(await door.redeem(line, node, 'laptop')), 'busy')
  assert.deepEqual(
    door.events.map(({ type }) => type),
    ['store-failed', 'refused'],
  )
  assert.deepEqual(door.sponsor.issued(), [])
  assert.deepEqual(
    door.sponsor.invites().map(({ state }) => state),
    ['live'],
  )
})

test('damaged values of the home are told and left out: an invite is then unknown, never live again', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const { line } = await door.invite({ uses: 3 })
  await door.redeem(line, node, 'laptop')
  const [invites, issued, ignored] = ['invites', 'issued', 'ignored'].map((name) => door.store.namespace(name))
  const keys: string[] = []
  for await (const [key, value] of invites?.entries() ?? []) {
    keys.push(`invites/${key}`)
    // a good value, cut: what LevelDB gives back is whole, what we wrote is not
    await invites?.put(key, value.subarray(0, value.length - 1))
    await invites?.put('another', value)
    keys.push('invites/another')
  }
  for await (const [key] of issued?.entries() ?? []) {
    keys.push(`issued/${key}`)
    await issued?.put(key, (await credentialFor(bert, genesis, node.x0Id)).bytes)
  }
  await ignored?.put('x', new Uint8Array(3))
  await door.restart()
  assert.deepEqual(door.damaged.sort(), [...keys, 'ignored/x'].sort())
  assert.equal(outcome(await door.redeem(line, node, 'laptop')), 'invite-unknown')
  assert.deepEqual(door.sponsor.issued(), [])
})
