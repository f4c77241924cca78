import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cancelBody, decodeCancel } from '../../src/governance/cancel.ts'
import { decodeElectorate, encodeElectorate, makeElectorate, positionOf, type Voter } from '../../src/governance/electorate.ts'
import { GovernanceError, type GovernanceErrorCode } from '../../src/governance/governance-error.ts'
import { decodeProposal, type ProposalContent, proposalBody } from '../../src/governance/proposal.ts'
import { decodeSigned } from '../../src/governance/signed-object.ts'
import type { Tally } from '../../src/governance/tally.ts'
import { decodeTally, encodeTally } from '../../src/governance/tally-form.ts'
import { decodeVote, voteBody } from '../../src/governance/vote.ts'
import { NATIVE, seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { bytes, proposal, vote } from './arbitraries.ts'
import { madeUpElectorate, madeUpVoter, proposalContent, unsigned } from './members.ts'
import { plain } from './plain.ts'

/** Generated and mutated inputs for each decoder. */
const INPUTS = process.env.X0_LONG === undefined ? 5_000 : 100_000

const refusedAs = (code: GovernanceErrorCode, hint: RegExp) => (error: unknown) =>
  error instanceof GovernanceError && error.code === code && hint.test(error.message)

/** Of a document only what was asked for: the rest is made of the bytes. */
function pick<Content extends object>(document: Content, keys: readonly string[]): unknown {
  return plain(Object.fromEntries(Object.entries(document).filter(([key]) => keys.includes(key))))
}

test('a proposal decodes to what was encoded, whatever is in it', (t) => {
  fc.assert(
    fc.property(proposal, (content) => {
      const encoded = unsigned(proposalBody(content))
      if (encoded.length > 65_536) return
      const decoded = decodeProposal(NATIVE, encoded)
      assert.deepEqual(pick(decoded, Object.keys(content)), plain(content))
      assert.equal(decoded.deadline, content.opensAt + content.rules.votingPeriodMs)
      assert.equal(decoded.executableAt, decoded.deadline + content.rules.timelockMs)
      assert.equal(toHex(decoded.bytes), toHex(encoded))
      assert.equal(toHex(unsigned(proposalBody(decoded))), toHex(encoded), 'and is encoded to the same bytes again')
    }),
    seeded(t, 300),
  )
})

test('a vote and a cancellation decode to what was encoded', (t) => {
  fc.assert(
    fc.property(vote, (content) => {
      const encoded = unsigned(voteBody(content))
      const decoded = decodeVote(NATIVE, encoded)
      assert.deepEqual(pick(decoded, Object.keys(content)), plain(content))
      assert.equal(toHex(decoded.bytes), toHex(encoded))
      const { networkId, proposalId, voter } = content
      const cancel = decodeCancel(NATIVE, unsigned(cancelBody({ networkId, proposalId, author: voter })))
      assert.deepEqual(
        [toHex(cancel.networkId), toHex(cancel.proposalId), cancel.author],
        [toHex(networkId), toHex(proposalId), voter],
      )
    }),
    seeded(t, 300),
  )
})

test('the layouts are those of docs/governance.md, byte for byte', () => {
  const id = (byte: number) => new Uint8Array(32).fill(byte)
  const ascii = (text: string) => Buffer.from(text, 'latin1').toString('hex')
  const spend = {
    form: 'spend',
    spending: [
      { option: 1, credits: 9 },
      { option: 3, credits: 256 },
    ],
  } as const
  assert.equal(
    toHex(voteBody({ networkId: id(1), proposalId: id(2), voter: 258, revision: 3, choice: spend })),
    [ascii('x0-vote/1\0'), '01'.repeat(32), '02'.repeat(32), '0102', '03', '06', '02', '010009', '030100'].join(''),
  )
  assert.equal(
    toHex(cancelBody({ networkId: id(1), proposalId: id(2), author: 258 })),
    [ascii('x0-cancel/1\0'), '01'.repeat(32), '02'.repeat(32), '0102'].join(''),
  )
  const electorate = madeUpElectorate([1])
  const content: ProposalContent = {
    ...proposalContent(electorate),
    question: {
      kind: 'quadratic',
      credits: 100,
      options: [
        { text: 'a', effects: [{ kind: 'set-parameter', parameter: 'delta-ms', value: 400 }] },
        { text: 'b', effects: [] },
      ],
    },
  }
  assert.equal(
    toHex(proposalBody({ ...content, author: 258, slot: 3, opensAt: 5, title: 'ti', text: 'x' })),
    [
      ascii('x0-proposal/1\0'),
      '07'.repeat(32),
      '0102',
      '00000003',
      ...['0fa0', '1388', '0d05', '0000000000000000', '000000000036ee80', toHex(electorate.root)],
      '0000000000000005',
      ...['03', '0064', '02', '0001', ascii('a'), '01', '0005', '0006', '0003', '00000190', '0001', ascii('b'), '00'],
      ...['0002', ascii('ti'), '0001', ascii('x')],
    ].join(''),
  )
  const voter = madeUpVoter(258, 3)
  assert.equal(
    toHex(encodeElectorate([voter])),
    [ascii('x0-electorate/1\0'), '0001', '0102', toHex(voter.x0Id), toHex(voter.key), '0003'].join(''),
  )
})

const ELECTORATE = madeUpElectorate([1, 2, 3])
const TALLY: Tally = {
  outcome: 'passed',
  winner: 1,
  figures: {
    electorate: 6,
    cast: 5,
    abstain: 0,
    yes: 0,
    no: 0,
    veto: 0,
    options: [2, 3],
    voters: 2,
    voidVoters: 1,
    revokedVoters: 0,
  },
  root: new Uint8Array(32).fill(9),
}
const DECODERS = {
  proposal: {
    good: proposal.map((content) => unsigned(proposalBody(content))).filter(({ length }) => length <= 65_536),
    decode: (input: Uint8Array) => decodeProposal(NATIVE, input),
    again: (input: Uint8Array) => unsignedLike(input, proposalBody(decodeProposal(NATIVE, input))),
    codes: ['bad-proposal'],
  },
  vote: {
    good: vote.map((content) => unsigned(voteBody(content))),
    decode: (input: Uint8Array) => decodeVote(NATIVE, input),
    again: (input: Uint8Array) => unsignedLike(input, voteBody(decodeVote(NATIVE, input))),
    codes: ['bad-vote'],
  },
  cancel: {
    good: bytes(64).map((ids) =>
      unsigned(cancelBody({ networkId: ids.subarray(0, 32), proposalId: ids.subarray(32), author: 5 })),
    ),
    decode: (input: Uint8Array) => decodeCancel(NATIVE, input),
    again: (input: Uint8Array) => unsignedLike(input, cancelBody(decodeCancel(NATIVE, input))),
    codes: ['bad-cancel'],
  },
  'signed object': {
    good: fc.oneof(
      vote.map((content) => unsigned(voteBody(content))),
      proposal.map((content) => unsigned(proposalBody(content))),
    ),
    decode: (input: Uint8Array) => decodeSigned(NATIVE, input),
    again: (input: Uint8Array) => decodeSigned(NATIVE, input).bytes,
    codes: ['bad-object', 'bad-proposal', 'bad-vote', 'bad-cancel'],
  },
  electorate: {
    good: fc.uniqueArray(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 4 }).map((indices) =>
      encodeElectorate(
        makeElectorate(
          NATIVE,
          indices.map((index) => madeUpVoter(index, 7)),
        ).voters,
      ),
    ),
    decode: (input: Uint8Array) => decodeElectorate(NATIVE, input),
    again: (input: Uint8Array) => encodeElectorate(decodeElectorate(NATIVE, input).voters),
    codes: ['bad-electorate'],
  },
  tally: {
    good: bytes(32).map((root) => encodeTally({ ...TALLY, root })),
    decode: (input: Uint8Array) => decodeTally(input),
    again: (input: Uint8Array) => encodeTally(decodeTally(input)),
    codes: ['bad-tally'],
  },
} as const

/** The body that was encoded again, with the signature that `input` had. */
function unsignedLike(input: Uint8Array, body: Uint8Array): Uint8Array {
  return Buffer.concat([body, input.subarray(body.length)])
}

/** Cut, lengthened, flipped, overwritten: what a peer makes of a good one. */
function mutated(good: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({ at: fc.nat(), value: fc.nat({ max: 255 }), kind: fc.nat({ max: 5 }) })
  return fc.tuple(good, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([input, edits]) => {
    let output = Buffer.from(input)
    for (const { at, value, kind } of edits) {
      // half of the edits are near the beginning, where the numbers and lengths are
      const place = at % Math.max(1, kind % 2 === 0 ? output.length : Math.min(output.length, 160))
      if (kind < 2) output[place] = value
      else if (kind === 2) output = output.subarray(0, place)
      else if (kind === 3) output = Buffer.concat([output.subarray(0, place), Uint8Array.of(value), output.subarray(place)])
      else if (kind === 4) output = Buffer.concat([output.subarray(0, place), output.subarray(place + 1)])
      else if (place < output.length) output[place] = (output[place] ?? 0) ^ (1 << (value & 7))
    }
    return output
  })
}

for (const [what, { good, decode, again, codes }] of Object.entries(DECODERS)) {
  test(`no bytes make the decoder of a ${what} do anything but read or refuse, and what it reads has one encoding`, (t) => {
    const inputs = fc.oneof(
      { weight: 6, arbitrary: mutated(good) },
      { weight: 1, arbitrary: good },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    )
    let read = 0
    fc.assert(
      fc.property(inputs, (input) => {
        try {
          decode(input)
        } catch (error) {
          if (!(error instanceof GovernanceError)) throw error
          assert.ok((codes as readonly string[]).includes(error.code), error.code)
          return
        }
        read += 1
        assert.equal(toHex(again(input)), toHex(input))
      }),
      seeded(t, INPUTS),
    )
    assert.ok(read > INPUTS / 20, `only ${read} were read`)
    t.diagnostic(`${INPUTS} inputs, ${read} of them read`)
  })
}

const VOTERS = [madeUpVoter(3), madeUpVoter(1), madeUpVoter(2)]
const half = (voter: Voter, other: Voter): Voter => {
  const key = Buffer.concat([voter.key.subarray(0, 1_952), other.key.subarray(1_952)])
  return { ...voter, key }
}

test('an electorate has an order, a root and positions of its own, whatever order it is made in', () => {
  const electorate = makeElectorate(NATIVE, VOTERS)
  assert.deepEqual(
    electorate.voters.map(({ index }) => index),
    [1, 2, 3],
  )
  assert.equal(toHex(makeElectorate(NATIVE, VOTERS.toReversed()).root), toHex(electorate.root))
  assert.notEqual(toHex(makeElectorate(NATIVE, VOTERS.slice(1)).root), toHex(electorate.root))
  const heavier = VOTERS.map((voter) => ({ ...voter, weight: 2 }))
  assert.notEqual(toHex(makeElectorate(NATIVE, heavier).root), toHex(electorate.root))
  assert.equal(makeElectorate(NATIVE, heavier).weight, 6)
  assert.deepEqual(
    [0, 1, 2, 3, 4, 0xffff].map((index) => positionOf(electorate, index)),
    [undefined, 0, 1, 2, undefined, undefined],
  )
})

const REFUSED_ELECTORATES: readonly (readonly [string, readonly Voter[], RegExp])[] = [
  ['nobody', [], /nobody/],
  ['an index twice', [madeUpVoter(1), { ...madeUpVoter(2), index: 1 }], /same index/],
  ['a voter twice', [madeUpVoter(1), { ...madeUpVoter(1), index: 2 }], /in common/],
  ['an x0 id of another key', [{ ...madeUpVoter(1), x0Id: madeUpVoter(2).x0Id }], /x0 id/],
  ['half a key in common', [madeUpVoter(1), half(madeUpVoter(2), madeUpVoter(1))], /x0 id|in common/],
  ['no weight', [madeUpVoter(1, 0)], /form/],
  ['too much weight', [madeUpVoter(1, 1_001)], /form/],
  ['a broken weight', [madeUpVoter(1, 1.5)], /form/],
  ['an index that is none', [{ ...madeUpVoter(1), index: -1 }], /form/],
  ['an index above 65,535', [{ ...madeUpVoter(1), index: 65_536 }], /form/],
  ['a short key', [{ ...madeUpVoter(1), key: new Uint8Array(1_983) }], /form/],
  ['1,025 voters', Array.from({ length: 1_025 }, (_, index) => madeUpVoter(index)), /1025 voters/],
]
for (const [what, voters, hint] of REFUSED_ELECTORATES) {
  test(`refused as an electorate: ${what}`, () => {
    assert.throws(() => makeElectorate(NATIVE, voters), refusedAs('bad-electorate', hint))
  })
}

test('an electorate of 1,024 is read, and its size is the limit', () => {
  const electorate = madeUpElectorate(Array.from({ length: 1_024 }, () => 1_000))
  assert.equal(encodeElectorate(electorate.voters).length, 2_068_498)
  assert.equal(electorate.weight, 1_024_000)
  assert.equal(positionOf(electorate, 1_023), 1_023)
})

test('a tally decodes to what was encoded, and no winner stands that did not run', () => {
  assert.deepEqual(plain(decodeTally(encodeTally(TALLY))), plain(TALLY))
  const lost: Tally = { ...TALLY, outcome: 'tied', winner: undefined }
  assert.deepEqual(plain(decodeTally(encodeTally(lost))), plain(lost))
  const full: Tally = {
    ...TALLY,
    winner: 15,
    figures: { ...TALLY.figures, options: Array.from({ length: 16 }, () => 102_400_000) },
  }
  assert.equal(encodeTally(full).length, 140)
  for (const wrong of [
    { ...TALLY, winner: 2 },
    { ...TALLY, outcome: 'rejected' as const },
  ]) {
    assert.throws(() => decodeTally(encodeTally(wrong)), refusedAs('bad-tally', /did not stand/))
  }
  const noOutcome = encodeTally(TALLY)
  noOutcome[11 + 32] = 7
  assert.throws(() => decodeTally(noOutcome), refusedAs('bad-tally', /no outcome/))
})

test('an electorate and an object are copies: the bytes they were read from may change', () => {
  const input = Buffer.from(encodeElectorate(ELECTORATE.voters))
  const electorate = decodeElectorate(NATIVE, input)
  input.fill(0)
  assert.equal(toHex(encodeElectorate(electorate.voters)), toHex(encodeElectorate(ELECTORATE.voters)))
})
