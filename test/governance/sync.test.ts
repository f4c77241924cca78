import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BallotState, NO_BALLOTS, openProposal } from '../../src/governance/ballot-state.ts'
import { ballotStep } from '../../src/governance/ballot-step.ts'
import { GovernanceError } from '../../src/governance/governance-error.ts'
import { MAX_SENDS_PER_WANT } from '../../src/governance/limits.ts'
import type { LogView } from '../../src/governance/log-view.ts'
import { decodeSigned, type SignedObject } from '../../src/governance/signed-object.ts'
import { decodeSync, encodeSync, type SyncMessage } from '../../src/governance/sync-message.ts'
import { answersTo, compareHello, detailsOf, helloOf, isLevel, wantOf } from '../../src/governance/sync-plan.ts'
import { NATIVE, seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { bytes } from './arbitraries.ts'
import { cancelOf, logOf, madeUpElectorate, proposalOf, T, voteOf } from './members.ts'
import { plain } from './plain.ts'

const INPUTS = process.env.X0_LONG === undefined ? 5_000 : 100_000

/** A node that believes every signature. */
class Node {
  state: BallotState = NO_BALLOTS
  readonly view: LogView
  taken = 0

  constructor(view: LogView, objects: readonly SignedObject[] = []) {
    this.view = view
    for (const object of objects) this.receive(object)
  }

  receive(object: SignedObject): void {
    for (const type of ['received', 'checked'] as const) {
      const event = type === 'received' ? { type, object, from: 'peer' } : { type, object, from: 'peer', holds: true }
      const { state, effects } = ballotStep(NATIVE, this.state, event, this.view, T)
      this.state = state
      this.taken += effects.filter((effect) => effect.type === 'settle' && effect.verdict === 'accept').length
      if (!effects.some((effect) => effect.type === 'check')) return
    }
  }
}

type Message<Type extends SyncMessage['type']> = Extract<SyncMessage, { readonly type: Type }>

/** Over the wire: encoded, decoded, and of the type that is due. */
function sent<Type extends SyncMessage['type']>(message: Message<Type>, count: (size: number) => void): Message<Type> {
  const encoded = encodeSync(message)
  count(encoded.length)
  const decoded = decodeSync(encoded)
  assert.equal(decoded.type, message.type)
  return decoded as Message<Type>
}

/** One pass: `asker` gets what `other` has. Gives whether there was nothing to get, and what went over the wire. */
function pull(asker: Node, other: Node, turn = 0): { level: boolean; bytes: number; objects: number } {
  let [size, objects] = [0, 0]
  const count = (length: number): void => {
    size += length
  }
  const { places, ask } = compareHello(asker.state, asker.view, sent(helloOf(other.state), count), turn)
  const details = sent(detailsOf(other.state, sent(ask, count)), count)
  const want = wantOf(NATIVE, asker.state, places, details)
  if (isLevel(want)) return { level: true, bytes: size, objects }
  const answers = [...answersTo(NATIVE, other.state, sent(want, count))]
  assert.ok(answers.length <= MAX_SENDS_PER_WANT)
  assert.deepEqual(
    answers.map(({ last }) => last),
    answers.map((_, index) => index === answers.length - 1),
  )
  for (const answer of answers) {
    for (const object of sent(answer, count).objects) {
      objects += 1
      asker.receive(decodeSigned(NATIVE, object))
    }
  }
  return { level: false, bytes: size, objects }
}

/** Passes until one brings nothing new: whoever is ahead asks in vain until the other is level too. */
function pullAll(asker: Node, other: Node, most: number): number {
  for (let pass = 1; pass <= most; pass++) {
    const before = asker.taken
    if (pull(asker, other, pass).level || asker.taken === before) return pass
  }
  throw new Error(`something new even in pass ${most}`)
}

const roots = (node: Node): unknown =>
  [...node.state.open].map(([key, { slot, ballots }]) => `${key} ${slot.kind} ${toHex(ballots.root())}`).toSorted()

const ELECTORATE = madeUpElectorate(Array.from({ length: 70 }, () => 1))
const LOG = logOf({ electorate: ELECTORATE })
const PROPOSALS = [0, 1, 2].flatMap((author) => [1, 2].map((slot) => proposalOf(ELECTORATE, { author, slot })))
const RIVAL = proposalOf(ELECTORATE, { author: 2, slot: 2, title: 'Rival' })
const SAID: readonly SignedObject[] = [
  ...PROPOSALS,
  RIVAL,
  ...PROPOSALS.map((proposal) => cancelOf(proposal)).slice(0, 2),
  ...PROPOSALS.flatMap((proposal) => [
    ...[0, 1, 63, 64, 69].flatMap((voter) => [0, 1].map((revision) => voteOf(proposal, { voter, revision }))),
    ...[0, 64].map((voter) => voteOf(proposal, { voter, choice: { form: 'no' } })),
  ]),
]
const indices = fc.subarray(SAID.map((_, index) => index))
/** Proposals first: what came before its proposal waits for it and is no part of this. */
const knowing = (some: readonly number[]): Node =>
  new Node(
    LOG,
    some.flatMap((index) => SAID[index] ?? []),
  )

test('two nodes that heard different parts are level after a few passes, with the join of what they had', (t) => {
  fc.assert(
    fc.property(indices, indices, (some, others) => {
      const [one, other] = [knowing(some), knowing(others)]
      for (let round = 0; round < 2; round++) {
        pullAll(one, other, 4)
        pullAll(other, one, 4)
      }
      assert.deepEqual(roots(one), roots(other))
      // nobody lost anything on the way: what each had is below what both have now
      for (const before of [knowing(some), knowing(others)]) {
        for (const [key, { ballots }] of before.state.open) {
          const now = one.state.open.get(key)?.ballots
          assert.ok(now !== undefined && ballots.isAtMost(now))
        }
      }
    }),
    seeded(t, 60),
  )
})

test('level nodes exchange a hello and no more, and an empty node asks for nothing but proposals at first', () => {
  const all = SAID.map((_, index) => index)
  const full = knowing(all)
  const { level, bytes: size } = pull(knowing(all), full)
  assert.ok(level && size < 1_000, `${size} bytes`)
  const empty = new Node(LOG)
  const first = pull(empty, full)
  assert.equal(first.objects, 7, 'five proposals, and the two of who signed twice for a slot')
  const second = pull(empty, full)
  assert.equal(pull(empty, full).level, true)
  assert.deepEqual(roots(empty), roots(full))
  // five proposals: two cancellations; ten ballots each, but of the two who cheat, of whom two prove it
  assert.equal(second.objects, 2 + 5 * (3 * 2 + 2 * 2))
  assert.equal(pull(new Node(LOG), empty).level, false)
})

test('only what differs is sent: one ballot more costs its chunk in questions, and one answer', () => {
  const votes = Array.from({ length: 70 }, (_, voter) => voteOf(PROPOSALS[0] ?? RIVAL, { voter }))
  const [behind, ahead] = [new Node(LOG, [...PROPOSALS, ...votes]), new Node(LOG, [...PROPOSALS, ...votes])]
  ahead.receive(voteOf(PROPOSALS[0] ?? RIVAL, { voter: 66, revision: 1 }))
  const { ask, places } = compareHello(behind.state, LOG, helloOf(ahead.state), 0)
  assert.deepEqual([ask.ids.length, places.length], [1, 0])
  const want = wantOf(NATIVE, behind.state, places, detailsOf(ahead.state, ask))
  assert.deepEqual(
    want.ballots.map(({ voters }) => voters.map(({ position }) => position)),
    [[64, 65, 66, 67, 68, 69]],
  )
  const [answer] = answersTo(NATIVE, ahead.state, want)
  assert.equal(answer?.objects.length, 2, 'both revisions of the one voter')
  assert.equal(pull(ahead, behind).level, false, 'who is ahead asks as well: the digests do not say who is')
  assert.equal(pull(ahead, behind).objects, 1)
  assert.equal(pull(behind, ahead).objects, 2)
  assert.deepEqual(roots(behind), roots(ahead))
})

test('an empty node gets 1,024 voters and 3 proposals in bounded messages and a few passes', (t) => {
  const electorate = madeUpElectorate(Array.from({ length: 1_024 }, () => 1))
  const log = logOf({ electorate })
  const proposals = [1, 2, 3].map((slot) => proposalOf(electorate, { slot, text: 'x'.repeat(8_000) }))
  const votes = proposals.flatMap((proposal) => electorate.voters.map(({ index }) => voteOf(proposal, { voter: index })))
  const [full, empty] = [new Node(log, [...proposals, ...votes]), new Node(log)]
  const passes = pullAll(empty, full, 8)
  t.diagnostic(`${passes} passes, the last of which finds nothing`)
  assert.ok(passes <= 5)
  assert.equal(empty.taken, 3 + 3 * 1_024)
  assert.deepEqual(roots(empty), roots(full))
})

test('the largest answer that a want can have fits in the messages that are allowed for it', () => {
  const electorate = madeUpElectorate(Array.from({ length: 1_024 }, () => 1))
  const log = logOf({ electorate })
  // eight effects that fill a proposal to a little below 64 KiB
  const effects = Array.from({ length: 8 }, () => ({ kind: 'unknown', number: 99, bytes: new Uint8Array(7_600) }) as const)
  const large = (author: number, title: string) =>
    proposalOf(electorate, { author, title, question: { kind: 'yes-no', effects } })
  const twice = Array.from({ length: 64 }, (_, author) => ['a', 'b'].map((title) => large(author, title))).flat()
  const proposal = proposalOf(electorate, { author: 100 })
  const votes = electorate.voters.flatMap(({ index }) =>
    [0, 1, 2, 3].map((revision) => voteOf(proposal, { voter: index, revision })),
  )
  const full = new Node(log, [...twice, proposal, ...votes])
  const digest = new Uint8Array(32)
  const want: SyncMessage = {
    type: 'want',
    places: Array.from({ length: 64 }, (_, author) => ({ author, slot: 1 })),
    ballots: [{ id: proposal.id, cancel: true, voters: electorate.voters.map((_, position) => ({ position, digest })) }],
  }
  const answers = [...answersTo(NATIVE, full.state, want)]
  assert.equal(
    answers.reduce((sum, { objects }) => sum + objects.length, 0),
    128 + 4_096,
  )
  assert.ok(answers.length > MAX_SENDS_PER_WANT / 2 && answers.length <= MAX_SENDS_PER_WANT, `${answers.length} messages`)
  for (const answer of answers) assert.equal(decodeSync(encodeSync(answer)).type, 'send')
})

test('a place that this log does not give its author, and one that is void here, is not asked for', () => {
  const behind = new Node(LOG)
  const ahead = new Node(logOf({ electorate: ELECTORATE, usable: new Map([[0, [2, 3, 4]]]) }), [
    proposalOf(ELECTORATE, { slot: 4 }),
    proposalOf(ELECTORATE, { author: 1 }),
  ])
  assert.deepEqual(compareHello(behind.state, LOG, helloOf(ahead.state), 0).places, [{ author: 1, slot: 1 }])
  const [slot2] = PROPOSALS.slice(5)
  const voided = new Node(LOG, [slot2 ?? RIVAL, RIVAL])
  assert.deepEqual(compareHello(voided.state, LOG, helloOf(new Node(LOG, [RIVAL]).state), 0), {
    places: [],
    ask: { type: 'ask', ids: [] },
  })
  // and who has the other body gets both
  const node = new Node(LOG, [slot2 ?? RIVAL])
  assert.equal(pull(node, voided).objects, 2)
  assert.equal(openProposal(node.state, RIVAL.id)?.ballots.isVoid, true)
})

test('where more differs than fits in a round, another turn begins elsewhere', () => {
  const electorate = madeUpElectorate(Array.from({ length: 70 }, () => 1))
  const log = logOf({ electorate })
  const proposals = electorate.voters.map(({ index }) => proposalOf(electorate, { author: index }))
  const full = new Node(log, proposals)
  const seen = new Set<number>()
  for (const turn of [0, 40, 1_000_003]) {
    const { places } = compareHello(NO_BALLOTS, log, helloOf(full.state), turn)
    assert.equal(places.length, 64)
    for (const { author } of places) seen.add(author)
    const want = wantOf(NATIVE, NO_BALLOTS, places, { type: 'details', details: [] })
    assert.deepEqual(plain(decodeSync(encodeSync(want))), plain(want), 'in the order that messages have')
  }
  assert.equal(seen.size, 70)
  const voting = new Node(log, [...proposals, ...proposals.map((proposal) => voteOf(proposal))])
  assert.equal(compareHello(full.state, log, helloOf(voting.state), 0).ask.ids.length, 64)
})

test('what a liar says costs no more than a round: nothing is sent for what is not here, and other electorates are skipped', () => {
  const [proposal = RIVAL] = PROPOSALS
  const node = new Node(LOG, [proposal, voteOf(proposal)])
  const digest = new Uint8Array(32)
  const ballots = [
    { id: new Uint8Array(32), cancel: true, voters: [{ position: 0, digest }] },
    { id: proposal.id, cancel: true, voters: [1, 69, 70, 1_023].map((position) => ({ position, digest })) },
  ]
  const want: SyncMessage = { type: 'want', places: [{ author: 60_000, slot: 9 }], ballots }
  assert.deepEqual([...answersTo(NATIVE, node.state, want)], [{ type: 'send', objects: [], last: true }])
  const chunks = [digest]
  for (const detail of [
    { id: proposal.id, cancelled: false, marks: ['void' as const], chunks },
    { id: RIVAL.id, cancelled: true, marks: ['void' as const], chunks },
  ]) {
    assert.ok(isLevel(wantOf(NATIVE, node.state, [], { type: 'details', details: [detail] })))
  }
  const lie = { id: proposal.id, cancelled: true, marks: ELECTORATE.voters.map(() => 'void' as const), chunks: [digest, digest] }
  const asked = wantOf(NATIVE, node.state, [], { type: 'details', details: Array.from({ length: 64 }, () => lie) })
  assert.equal(
    asked.ballots.reduce((sum, { voters }) => sum + voters.length, 0),
    1_024,
  )
  assert.deepEqual(detailsOf(node.state, { type: 'ask', ids: [RIVAL.id] }).details, [])
})

const id = bytes(32)
const place = fc.record({ author: fc.nat({ max: 0xffff }), slot: fc.integer({ min: 1, max: 0xffff_ffff }) })
const places = (maxLength: number) =>
  fc
    .uniqueArray(place, { maxLength, selector: ({ author, slot }) => `${author} ${slot}` })
    .map((all) => all.sort((one, other) => one.author - other.author || one.slot - other.slot))
const positions = fc.uniqueArray(fc.nat({ max: 1_023 }), { maxLength: 6 }).map((all) => all.sort((one, other) => one - other))
const messages: fc.Arbitrary<SyncMessage> = fc.oneof(
  fc.tuple(places(4), fc.array(fc.option(fc.record({ id, root: id }), { nil: undefined }), { minLength: 4, maxLength: 4 })).map(
    ([all, standings]): SyncMessage => ({
      type: 'hello',
      entries: all.map((one, at) => ({ ...one, standing: standings[at] })),
    }),
  ),
  fc.record({ type: fc.constant('ask' as const), ids: fc.array(id, { maxLength: 4 }) }),
  fc
    .array(
      fc
        .tuple(
          id,
          fc.boolean(),
          fc.array(fc.constantFrom('nothing' as const, 'ballots' as const, 'void' as const), { minLength: 1, maxLength: 70 }),
          id,
        )
        .map(([proposal, cancelled, marks, chunk]) => ({
          id: proposal,
          cancelled,
          marks,
          chunks: Array.from({ length: marks.length > 64 ? 2 : 1 }, () => chunk),
        })),
      { maxLength: 2 },
    )
    .map((details): SyncMessage => ({ type: 'details', details })),
  fc.record({
    type: fc.constant('want' as const),
    places: places(4),
    ballots: fc.array(
      fc.tuple(id, fc.boolean(), positions, id).map(([proposal, cancel, all, digest]) => ({
        id: proposal,
        cancel,
        voters: all.map((position) => ({ position, digest })),
      })),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    type: fc.constant('send' as const),
    objects: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
    last: fc.boolean(),
  }),
)

test('every message of sync decodes to what was encoded', (t) => {
  fc.assert(
    fc.property(messages, (message) => {
      assert.deepEqual(plain(decodeSync(encodeSync(message))), plain(message))
    }),
    seeded(t, 500),
  )
})

test('no bytes make the decoder of sync do anything but read or refuse, and what it reads has one encoding', (t) => {
  const edit = fc.record({ at: fc.nat(), value: fc.nat({ max: 255 }), kind: fc.nat({ max: 3 }) })
  const mutated = fc.tuple(messages, fc.array(edit, { maxLength: 3 })).map(([message, edits]) => {
    let output = Buffer.from(encodeSync(message))
    for (const { at, value, kind } of edits) {
      const spot = at % Math.max(1, kind === 0 ? Math.min(output.length, 12) : output.length)
      if (kind < 2) output[spot] = value
      else if (kind === 2) output = output.subarray(0, spot)
      else output = Buffer.concat([output.subarray(0, spot), Uint8Array.of(value), output.subarray(spot)])
    }
    return output
  })
  let read = 0
  fc.assert(
    fc.property(
      fc.oneof({ weight: 8, arbitrary: mutated }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) }),
      (input) => {
        try {
          assert.equal(toHex(encodeSync(decodeSync(input))), toHex(input))
          read += 1
        } catch (error) {
          if (!(error instanceof GovernanceError)) throw error
          assert.equal(error.code, 'bad-message')
        }
      },
    ),
    seeded(t, INPUTS),
  )
  t.diagnostic(`${INPUTS} inputs, ${read} of them read`)
  assert.ok(read > INPUTS / 20)
})

const zero = new Uint8Array(32)
const at = (author: number, slot: number) => ({ author, slot })
const REFUSED: readonly (readonly [string, SyncMessage | Uint8Array, RegExp])[] = [
  ['no type', Uint8Array.of(5), /no type/],
  [
    'a hello out of order',
    {
      type: 'hello',
      entries: [
        { ...at(1, 2), standing: undefined },
        { ...at(1, 1), standing: undefined },
      ],
    },
    /out of order/,
  ],
  ['a place twice', { type: 'want', places: [at(1, 1), at(1, 1)], ballots: [] }, /out of order/],
  ['slot 0', { type: 'hello', entries: [{ ...at(1, 0), standing: undefined }] }, /from 1/],
  ['65 questions', { type: 'ask', ids: Array.from({ length: 65 }, () => zero) }, /65/],
  ['65 places', { type: 'want', places: Array.from({ length: 65 }, (_, index) => at(index, 1)), ballots: [] }, /65/],
  [
    '1,025 voters',
    {
      type: 'want',
      places: [],
      ballots: [1_000, 25].map((length) => ({
        id: zero,
        cancel: false,
        voters: Array.from({ length }, (_, position) => ({ position, digest: zero })),
      })),
    },
    /1025 voters/,
  ],
  [
    'a position that nobody has',
    { type: 'want', places: [], ballots: [{ id: zero, cancel: false, voters: [{ position: 1_024, digest: zero }] }] },
    /1024/,
  ],
  [
    'positions out of order',
    {
      type: 'want',
      places: [],
      ballots: [{ id: zero, cancel: false, voters: [1, 1].map((position) => ({ position, digest: zero })) }],
    },
    /out of order/,
  ],
  ['details of nobody', { type: 'details', details: [{ id: zero, cancelled: false, marks: [], chunks: [] }] }, /number of 0/],
  ['513 objects', { type: 'send', last: true, objects: Array.from({ length: 513 }, () => new Uint8Array(1)) }, /513/],
  ['an object above 64 KiB', { type: 'send', last: true, objects: [new Uint8Array(65_537)] }, /65537/],
  [
    'objects above 1 MiB',
    { type: 'send', last: true, objects: Array.from({ length: 17 }, () => new Uint8Array(61_700)) },
    /1048900/,
  ],
  ['a message above the limit', new Uint8Array(1_050_629), /1050629 bytes/],
  ['a flag of 2', Uint8Array.of(4, 2, 0, 0), /neither/],
  ['a byte too many', Uint8Array.of(1, 0, 0, 0), /too many/],
]
for (const [what, message, hint] of REFUSED) {
  test(`refused in sync: ${what}`, () => {
    const encoded = message instanceof Uint8Array ? message : encodeSync(message)
    assert.throws(
      () => decodeSync(encoded),
      (error) => error instanceof GovernanceError && error.code === 'bad-message' && hint.test(error.message),
    )
  })
}

test('two bits a voter: the fourth value, and bits behind the last voter, are refused', () => {
  const marks = ['ballots', 'void', 'nothing', 'ballots', 'void'] as const
  const encoded = Buffer.from(encodeSync({ type: 'details', details: [{ id: zero, cancelled: false, marks, chunks: [zero] }] }))
  const bits = 1 + 2 + 32 + 1 + 2
  assert.deepEqual([...encoded.subarray(bits, bits + 2)], [0b01_00_10_01, 0b10])
  for (const [byte, value] of [
    [bits, 0b11],
    [bits + 1, 0b11],
    [bits + 1, 0b110],
  ] as const) {
    const changed = Buffer.from(encoded)
    changed[byte] = value
    assert.throws(() => decodeSync(changed), /a mark that is none/)
  }
})

test('a voter cannot hide a second ballot from sync: two nodes with one body each find both', () => {
  const [proposal = RIVAL] = PROPOSALS
  const bodies = (['yes', 'no'] as const).map((form) => voteOf(proposal, { voter: 5, choice: { form } }))
  const [one, other] = bodies.map((vote) => new Node(LOG, [proposal, vote]))
  assert.ok(one !== undefined && other !== undefined)
  pull(one, other)
  assert.equal(openProposal(one.state, proposal.id)?.ballots.voter(5).kind, 'void')
  assert.equal(pull(one, other).level, true, 'of who is void there is nothing to ask')
  pull(other, one)
  assert.deepEqual(roots(one), roots(other))
})
