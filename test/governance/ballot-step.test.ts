import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type BallotEffect,
  type BallotEvent,
  type BallotState,
  NO_BALLOTS,
  openProposal,
} from '../../src/governance/ballot-state.ts'
import { ballotStep } from '../../src/governance/ballot-step.ts'
import type { Effect } from '../../src/governance/effect.ts'
import type { LogView } from '../../src/governance/log-view.ts'
import type { SignedObject } from '../../src/governance/signed-object.ts'
import { NATIVE, seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import {
  cancelOf,
  HOUR,
  type LogSettings,
  logOf,
  madeUpElectorate,
  madeUpVoter,
  NETWORK_RULES,
  proposalOf,
  rulesOf,
  T,
  voteOf,
} from './members.ts'

const ELECTORATE = madeUpElectorate([1, 1, 1, 1])
const PROPOSAL = proposalOf(ELECTORATE)
const OTHER = proposalOf(ELECTORATE, { title: 'Shall we not?' })
const LOG = logOf({ electorate: ELECTORATE })
const NOW = T + 1_000

/** A store that is driven by hand: every check is answered at once, by `holds`. */
class Store {
  state: BallotState = NO_BALLOTS
  effects: BallotEffect[] = []
  view: LogView
  now = NOW
  holds: (object: SignedObject) => boolean = () => true

  constructor(view: LogView = LOG) {
    this.view = view
  }

  /** Only the step itself. */
  step(event: BallotEvent): readonly BallotEffect[] {
    const { state, effects } = ballotStep(NATIVE, this.state, event, this.view, this.now)
    this.state = state
    return effects
  }

  /** With the answers to what it asks. Gives a line for each effect. */
  run(event: BallotEvent): readonly string[] {
    const effects = this.step(event)
    const lines = effects.flatMap((effect) =>
      effect.type === 'check'
        ? this.run({ type: 'checked', object: effect.object, from: effect.from, holds: this.holds(effect.object) })
        : [lineOf(effect)],
    )
    this.effects.push(...effects)
    return lines
  }

  receive(object: SignedObject, from: string | undefined = 'peer'): readonly string[] {
    return this.run({ type: 'received', object, from })
  }

  set(log: Partial<LogSettings>): this {
    this.view = logOf({ electorate: ELECTORATE, ...log })
    return this
  }
}

function lineOf(effect: BallotEffect): string {
  switch (effect.type) {
    case 'settle':
      return effect.verdict === 'accept' ? 'accept' : `${effect.verdict} ${effect.reason}`
    case 'evidence':
      return `evidence against ${effect.member}`
    case 'forget':
      return `forget ${effect.objects.length}`
    case 'closed':
      return `closed ${effect.author}:${effect.slot}`
    case 'ask':
      return `ask ${effect.from ?? 'any'}`
    default:
      return `${effect.type} ${effect.object.type}`
  }
}

test('what is new is kept, passed on and accepted, in this order; what is known is not looked at again', () => {
  const store = new Store()
  assert.deepEqual(store.receive(PROPOSAL), ['keep proposal', 'relay proposal', 'accept'])
  assert.deepEqual(store.receive(voteOf(PROPOSAL)), ['keep vote', 'relay vote', 'accept'])
  assert.deepEqual(store.receive(cancelOf(PROPOSAL)), ['keep cancel', 'relay cancel', 'accept'])
  const before = store.state
  for (const again of [proposalOf(ELECTORATE, {}, 1), voteOf(PROPOSAL, {}, 1), cancelOf(PROPOSAL, {}, 1)]) {
    assert.deepEqual(store.receive(again), ['ignore known'])
  }
  assert.equal(store.state, before, 'another signature of the same body changes nothing')
})

test('a check names the keys, the bytes and the context that the signature has to fit', () => {
  const store = new Store()
  const [effect] = store.step({ type: 'received', object: PROPOSAL, from: 'peer' })
  assert.ok(effect?.type === 'check')
  const [check] = effect.checks
  assert.deepEqual(check?.keys.map(toHex), [toHex(madeUpVoter(0).key)])
  assert.deepEqual([check?.message, check?.signature], [PROPOSAL.body, PROPOSAL.signature])
  const contexts = [PROPOSAL, voteOf(PROPOSAL), cancelOf(PROPOSAL)].map((object) => {
    const [asked] = new Store().step({ type: 'received', object, from: undefined })
    return asked?.type === 'check' ? Buffer.from(asked.checks[0]?.context ?? []).toString() : undefined
  })
  assert.deepEqual(contexts, ['x0/proposal/1', 'x0/vote/1', 'x0/cancel/1'])
})

test('nothing is taken whose signature does not hold', () => {
  const store = new Store()
  store.holds = () => false
  for (const object of [PROPOSAL, voteOf(PROPOSAL)]) assert.deepEqual(store.receive(object), ['ignore forged'])
  assert.deepEqual([store.state.open.size, store.state.orphans.orphans.size], [0, 0])
})

test('a second body for a slot is evidence: the voter is void, its other ballots are dropped, and the second body is passed on', () => {
  const store = new Store()
  store.receive(PROPOSAL)
  store.receive(voteOf(PROPOSAL, { revision: 0 }))
  store.receive(voteOf(PROPOSAL, { revision: 1 }))
  const second = voteOf(PROPOSAL, { revision: 1, choice: { form: 'no' } })
  assert.deepEqual(store.receive(second), ['evidence against 0', 'forget 1', 'relay vote', 'accept'])
  const evidence = store.effects.find(({ type }) => type === 'evidence')
  assert.ok(evidence?.type === 'evidence')
  assert.deepEqual(
    evidence.evidence.map(({ id }) => toHex(id)).toSorted(),
    [second, voteOf(PROPOSAL, { revision: 1 })].map(({ id }) => toHex(id)).toSorted(),
  )
  assert.deepEqual(store.receive(voteOf(PROPOSAL, { revision: 2 })), ['ignore known'])
  assert.deepEqual(store.receive(voteOf(PROPOSAL, { voter: 1 })), ['keep vote', 'relay vote', 'accept'])
})

test('an author that signs two proposals for a slot: evidence, and nothing that was said of either counts', () => {
  const store = new Store()
  store.receive(PROPOSAL)
  for (const voter of [0, 1, 2]) store.receive(voteOf(PROPOSAL, { voter }))
  store.receive(cancelOf(PROPOSAL))
  assert.deepEqual(store.receive(OTHER), ['evidence against 0', 'forget 4', 'relay proposal', 'accept'])
  assert.equal(openProposal(store.state, PROPOSAL.id)?.ballots.isVoid, true)
  assert.equal(openProposal(store.state, OTHER.id), openProposal(store.state, PROPOSAL.id))
  for (const late of [PROPOSAL, OTHER, voteOf(PROPOSAL, { voter: 3 }), voteOf(OTHER), cancelOf(OTHER)]) {
    assert.deepEqual(store.receive(late), ['ignore void'])
  }
  assert.deepEqual(store.receive(proposalOf(ELECTORATE, { title: 'A third' })), ['ignore void'])
  assert.deepEqual(store.receive(proposalOf(ELECTORATE, { slot: 2 })), ['keep proposal', 'relay proposal', 'accept'])
  const empty = new Store()
  empty.receive(PROPOSAL)
  assert.deepEqual(empty.receive(OTHER), ['evidence against 0', 'relay proposal', 'accept'], 'nothing to forget')
})

const text: Effect = { kind: 'text', text: 'x' }
const acceptedBy = (index: number): Effect => ({
  kind: 'elect-attesters',
  add: [{ index, weight: 5, acceptance: new Uint8Array(3_373).fill(8) }],
  remove: [],
})
const foreign = { networkId: new Uint8Array(32).fill(8) }
const DAY = 24 * HOUR
const THREE_SLOTS = new Map([[0, [2, 3, 4]]])
const ended = [
  { rules: NETWORK_RULES, electorate: ELECTORATE, since: T - DAY, until: T - HOUR },
  { rules: { ...NETWORK_RULES, quorum: 9_000 }, electorate: ELECTORATE, since: T - HOUR, until: undefined },
]

const VERDICTS: readonly (readonly [string, SignedObject, Partial<LogSettings>, string])[] = [
  ['a proposal of another network', proposalOf(ELECTORATE, foreign), {}, 'reject foreign'],
  ['a vote of another network', voteOf(PROPOSAL, foreign), {}, 'reject foreign'],
  ['a vote of somebody who had none when it opened', voteOf(PROPOSAL, { voter: 4 }), {}, 'reject not-in-electorate'],
  ['a proposal of somebody who has no vote', proposalOf(ELECTORATE, { author: 4 }), {}, 'reject not-in-electorate'],
  ['a choice that does not fit', voteOf(PROPOSAL, { choice: { form: 'option', option: 0 } }), {}, 'reject misfit'],
  ['a cancellation by another', cancelOf(PROPOSAL, { author: 1 }), {}, 'reject not-the-author'],
  [
    'an attester who has no vote',
    proposalOf(ELECTORATE, { slot: 2, question: { kind: 'yes-no', effects: [text, acceptedBy(9)] } }),
    {},
    'reject attesters',
  ],
  ['a proposal for a closed slot', proposalOf(ELECTORATE, { slot: 1, title: 'late' }), { usable: THREE_SLOTS }, 'ignore closed'],
  ['a slot above the three', proposalOf(ELECTORATE, { slot: 4 }), {}, 'ignore slot-ahead'],
  ['the same slot once the log is that far', proposalOf(ELECTORATE, { slot: 4 }), { usable: THREE_SLOTS }, 'accept'],
  ['a vote for what a record closed', voteOf(OTHER), { closed: [OTHER.id] }, 'ignore closed'],
  [
    'rules that were never in force',
    proposalOf(ELECTORATE, { slot: 2, rules: rulesOf(ELECTORATE, { quorum: 1 }) }),
    {},
    'ignore unknown-terms',
  ],
  [
    'an electorate that never was',
    proposalOf(ELECTORATE, { slot: 2, rules: rulesOf(ELECTORATE, { electorateRoot: new Uint8Array(32) }) }),
    {},
    'ignore unknown-terms',
  ],
  [
    'a longer time than the network allows',
    proposalOf(ELECTORATE, { slot: 2, rules: rulesOf(ELECTORATE, { votingPeriodMs: 31 * DAY }) }),
    {},
    'ignore unknown-terms',
  ],
  [
    'the rules of before, opened after',
    proposalOf(ELECTORATE, { slot: 2, opensAt: T - HOUR }),
    { terms: ended },
    'ignore unknown-terms',
  ],
  ['the rules of before, opened before', proposalOf(ELECTORATE, { slot: 2, opensAt: T - HOUR - 1 }), { terms: ended }, 'accept'],
  [
    'the rules of after, opened before',
    proposalOf(ELECTORATE, { slot: 2, opensAt: T - 2 * HOUR, rules: rulesOf(ELECTORATE, { quorum: 9_000 }) }),
    { terms: ended },
    'ignore unknown-terms',
  ],
  ['an opening in eight days', proposalOf(ELECTORATE, { slot: 2, opensAt: NOW + 7 * DAY + 1 }), {}, 'ignore early'],
  ['an opening in seven days', proposalOf(ELECTORATE, { slot: 2, opensAt: NOW + 7 * DAY }), {}, 'accept'],
  [
    'a proposal of somebody revoked, under terms that it was a member in',
    proposalOf(ELECTORATE, { slot: 2 }),
    { revoked: [0] },
    'accept',
  ],
  ['a vote of somebody revoked, which the tally leaves out', voteOf(PROPOSAL), { revoked: [0] }, 'accept'],
  [
    'a vote of a member that nobody knows, for a proposal that is not here',
    voteOf(OTHER, { voter: 9 }),
    {},
    'ignore unknown-member',
  ],
]
for (const [what, object, log, verdict] of VERDICTS) {
  test(`the verdict on ${what}: ${verdict}`, () => {
    const store = new Store()
    store.receive(PROPOSAL)
    const open = store.state.open
    assert.equal(store.set(log).receive(object).at(-1), verdict)
    assert.equal(store.state.open !== open, verdict === 'accept')
  })
}

test('new attesters have to have signed their acceptance of this weight by this slot', () => {
  const effects = [acceptedBy(2), acceptedBy(3)]
  const proposal = proposalOf(ELECTORATE, { author: 1, slot: 3, question: { kind: 'yes-no', effects } })
  const [effect] = new Store().step({ type: 'received', object: proposal, from: 'peer' })
  assert.ok(effect?.type === 'check')
  assert.deepEqual(
    effect.checks.map(({ keys }) => keys.map(toHex)),
    [1, 2, 3].map((index) => [toHex(madeUpVoter(index).key)]),
  )
  const body = Buffer.from(effect.checks[2]?.message ?? [])
  const ascii = Buffer.from('x0-acceptance/1\0').toString('hex')
  assert.equal(toHex(body), `${ascii}${'07'.repeat(32)}${'0003'}${'0005'}${'0001'}${'00000003'}`)
  assert.equal(Buffer.from(effect.checks[2]?.context ?? []).toString(), 'x0/acceptance/1')
})

test('the world may change while a signature is checked: the answer is judged in the new one', () => {
  const store = new Store()
  store.receive(PROPOSAL)
  const vote = voteOf(PROPOSAL)
  store.step({ type: 'received', object: vote, from: 'a' })
  store.step({ type: 'received', object: voteOf(PROPOSAL, {}, 1), from: 'b' })
  assert.deepEqual(store.run({ type: 'checked', object: vote, from: 'a', holds: true }), ['keep vote', 'relay vote', 'accept'])
  assert.deepEqual(store.run({ type: 'checked', object: voteOf(PROPOSAL, {}, 1), from: 'b', holds: true }), ['ignore known'])
  const late = voteOf(PROPOSAL, { voter: 1 })
  store.step({ type: 'received', object: late, from: 'a' })
  store.set({ usable: THREE_SLOTS, closed: [PROPOSAL.id] })
  assert.deepEqual(store.run({ type: 'log-moved' }), ['closed 0:1'])
  assert.deepEqual(store.run({ type: 'checked', object: late, from: 'a', holds: true }), ['ignore closed'])
  assert.deepEqual([store.state.open.size, store.state.places.size, store.state.checks.running.size], [0, 0, 0])
})

test('what a record closes goes, and leaves the rest; the last state is told', () => {
  const store = new Store()
  const second = proposalOf(ELECTORATE, { slot: 2 })
  for (const object of [PROPOSAL, second, voteOf(PROPOSAL), voteOf(second)]) store.receive(object)
  assert.deepEqual(store.run({ type: 'log-moved' }), [])
  store.set({ usable: THREE_SLOTS, closed: [PROPOSAL.id] })
  assert.deepEqual(store.run({ type: 'log-moved' }), ['closed 0:1'])
  const closed = store.effects.at(-1)
  assert.ok(closed?.type === 'closed' && closed.last.ballots.voter(0).kind === 'ballots')
  assert.equal(openProposal(store.state, PROPOSAL.id), undefined)
  assert.equal(openProposal(store.state, second.id)?.ballots.voter(0).kind, 'ballots')
  for (const late of [PROPOSAL, voteOf(PROPOSAL, { voter: 1 })]) assert.deepEqual(store.receive(late), ['ignore closed'])
})

test('a ballot that comes before its proposal waits, asks for it, and counts when it comes', () => {
  const store = new Store()
  const early = [voteOf(PROPOSAL), voteOf(PROPOSAL, { voter: 1 }), cancelOf(PROPOSAL)]
  assert.deepEqual(
    early.map((object) => store.receive(object, 'a').join()),
    ['ask a,ignore unknown-parent', 'ignore unknown-parent', 'ignore unknown-parent'],
  )
  const again = store.step({ type: 'received', object: voteOf(PROPOSAL, {}, 1), from: 'b' })
  assert.deepEqual(again.map(lineOf), ['ignore unknown-parent'], 'no signature is checked twice')
  assert.equal(store.state.orphans.orphans.size, 3)
  // misfits are found out then, as if they had come in this order
  store.receive(voteOf(PROPOSAL, { voter: 2, choice: { form: 'option', option: 1 } }))
  assert.deepEqual(store.receive(PROPOSAL), [
    'keep proposal',
    'relay proposal',
    'accept',
    ...['keep vote', 'relay vote', 'keep vote', 'relay vote', 'keep cancel', 'relay cancel'],
  ])
  assert.deepEqual([store.state.orphans.orphans.size, store.state.orphans.askedAt.size], [0, 0])
  const ballots = openProposal(store.state, PROPOSAL.id)?.ballots
  assert.deepEqual(
    [0, 1, 2].map((position) => ballots?.voter(position).kind),
    ['ballots', 'ballots', 'nothing'],
  )
})

test('a proposal that does not come is asked for again every ten seconds, of anybody, for ten minutes', () => {
  const store = new Store()
  store.receive(voteOf(PROPOSAL), 'a')
  store.now += 9_999
  assert.deepEqual(store.run({ type: 'tick' }), [])
  store.now += 1
  assert.deepEqual(store.run({ type: 'tick' }), ['ask any'])
  assert.deepEqual(store.run({ type: 'tick' }), [])
  store.now = NOW + 599_999
  assert.deepEqual(store.run({ type: 'tick' }), ['ask any'])
  store.now += 1
  assert.deepEqual(store.run({ type: 'tick' }), [])
  assert.deepEqual([store.state.orphans.orphans.size, store.state.orphans.askedAt.size], [0, 0])
})

test('what waits for a proposal that a record closed meanwhile goes', () => {
  const store = new Store()
  store.receive(voteOf(PROPOSAL))
  store.receive(voteOf(OTHER))
  store.set({ closed: [PROPOSAL.id] })
  store.run({ type: 'log-moved' })
  assert.deepEqual([...store.state.orphans.orphans.keys()], [toHex(voteOf(OTHER).id)])
})

test('what was on disk comes back without a check, without being kept or told of again', () => {
  const live = new Store()
  const second = proposalOf(ELECTORATE, { slot: 2 })
  const objects = [PROPOSAL, second, voteOf(PROPOSAL), voteOf(PROPOSAL, { revision: 1 }), cancelOf(second)]
  const cheat = [voteOf(PROPOSAL, { voter: 1 }), voteOf(PROPOSAL, { voter: 1, choice: { form: 'no' } })]
  for (const object of [...objects, ...cheat]) live.receive(object)
  const restarted = new Store()
  for (const object of [...objects, ...cheat]) assert.deepEqual(restarted.run({ type: 'restored', object }), [])
  for (const proposal of [PROPOSAL, second]) {
    const [before, after] = [live, restarted].map(({ state }) => openProposal(state, proposal.id)?.ballots.root())
    assert.deepEqual(after, before)
  }
  assert.deepEqual(restarted.run({ type: 'restored', object: voteOf(OTHER) }), [], 'nothing waits that was kept')
  assert.equal(restarted.state.orphans.orphans.size, 0)
  restarted.set({ usable: THREE_SLOTS, closed: [PROPOSAL.id] })
  assert.deepEqual(restarted.run({ type: 'restored', object: proposalOf(ELECTORATE, { title: 'closed' }) }), ['forget 1'])
})

test('what this node signs itself is neither rationed nor exempt', () => {
  const store = new Store()
  store.receive(PROPOSAL, undefined)
  assert.deepEqual(store.receive(voteOf(PROPOSAL), undefined), ['keep vote', 'relay vote', 'accept'])
  assert.equal(store.state.checks.running.size, 0)
  store.holds = () => false
  assert.deepEqual(store.receive(voteOf(PROPOSAL, { voter: 1 }), undefined), ['ignore forged'])
})

const LATE = proposalOf(ELECTORATE, { author: 1, slot: 2 })
const TWICE = [proposalOf(ELECTORATE, { author: 2 }), proposalOf(ELECTORATE, { author: 2, title: 'Another' })]
/** What members said, two of whom cheat: nobody more than fits in its share of the pool. */
const SAID: readonly SignedObject[] = [
  ...[PROPOSAL, LATE].flatMap((proposal) => [
    proposal,
    ...[0, 1, 2].flatMap((voter) => [0, 1].map((revision) => voteOf(proposal, { voter, revision }))),
    voteOf(proposal, { voter: 2, choice: { form: 'no' } }),
  ]),
  ...TWICE.flatMap((proposal) => [proposal, voteOf(proposal)]),
  cancelOf(LATE),
]
const NUMBERS = SAID.map((_, index) => index)

test('two stores that heard the same, in any two orders and with repetitions, hold the same, and both know who cheats', (t) => {
  const order = fc.shuffledSubarray(NUMBERS, { minLength: NUMBERS.length })
  const histories = fc.record({ first: order, second: order, again: fc.shuffledSubarray(NUMBERS), peers: fc.nat({ max: 2 }) })
  fc.assert(
    fc.property(histories, ({ first, second, again, peers }) => {
      const [one, other] = [first, [...second, ...again]].map((history) => {
        const store = new Store()
        for (const index of history) store.receive(SAID[index] ?? PROPOSAL, `peer ${index % (peers + 1)}`)
        assert.deepEqual([store.state.open.size, store.state.orphans.orphans.size, store.state.checks.running.size], [3, 0, 0])
        const open = [...store.state.open].map(([key, { slot, ballots }]) => `${key} ${slot.kind} ${toHex(ballots.root())}`)
        const accused = store.effects.flatMap((effect) => (effect.type === 'evidence' ? [effect.member] : []))
        return [...open.toSorted(), ...accused]
      })
      assert.deepEqual(one, other)
      assert.deepEqual(one?.slice(3), [2, 2, 2], 'once for each slot')
    }),
    seeded(t, 300),
  )
})
