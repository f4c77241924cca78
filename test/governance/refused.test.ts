import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cancelBody, decodeCancel } from '../../src/governance/cancel.ts'
import type { Choice } from '../../src/governance/choice.ts'
import type { Effect } from '../../src/governance/effect.ts'
import { GovernanceError, type GovernanceErrorCode } from '../../src/governance/governance-error.ts'
import { decodeProposal, type ProposalContent, proposalBody, signProposal } from '../../src/governance/proposal.ts'
import { allEffects, effectsOf, optionsOf, type Question } from '../../src/governance/question.ts'
import type { NetworkRules } from '../../src/governance/rules.ts'
import { decodeSigned } from '../../src/governance/signed-object.ts'
import { decodeVote, signVote, type VoteContent, voteBody } from '../../src/governance/vote.ts'
import { NATIVE } from '../crypto/backends.ts'
import {
  madeUpElectorate,
  NETWORK,
  NETWORK_RULES,
  proposalContent,
  proposalOf,
  rulesOf,
  T,
  unsigned,
  voteOf,
  YES_NO,
} from './members.ts'
import { plain } from './plain.ts'

const ELECTORATE = madeUpElectorate([1, 2, 3])
const GOOD = proposalContent(ELECTORATE)
const refusedAs = (code: GovernanceErrorCode, hint: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GovernanceError, String(error))
  assert.deepEqual([error.code, hint.test(error.message)], [code, true], error.message)
  return true
}
/** Signs nothing: nobody may be asked to sign what cannot be read back. */
const NO_SIGNER = {
  sign: () => Promise.reject(new Error('was asked to sign')),
}
const key = new Uint8Array(1_984)
const acceptance = new Uint8Array(3_373)
const yesNo = (...effects: Effect[]): Partial<ProposalContent> => ({ question: { kind: 'yes-no', effects } })
const options = (texts: readonly string[], some: readonly Effect[] = []): Partial<ProposalContent> => ({
  question: { kind: 'choice', options: texts.map((text, index) => ({ text, effects: index === 0 ? some : [] })) },
})
const changeRules = (changed: Partial<NetworkRules>) => yesNo({ kind: 'change-rules', rules: { ...NETWORK_RULES, ...changed } })
const admit = (changed: object) => yesNo({ kind: 'admit', name: 'n', key, weight: 1, groups: [], ...changed })
const attester = (index: number) => ({ index, weight: 1, acceptance })
const text: Effect = { kind: 'text', text: 'so be it' }

const PROPOSALS: readonly (readonly [string, Partial<ProposalContent>, RegExp])[] = [
  ['a short network id', { networkId: new Uint8Array(31) }, /31 bytes/],
  ['an author above 65,535', { author: 65_536 }, /65536|range/],
  ['an author that is no number', { author: Number.NaN }, /no whole number/],
  ['half an author', { author: 0.5 }, /no whole number/],
  ['slot 0', { slot: 0 }, /from 1/],
  ['a slot below 0', { slot: -1 }, /no whole number/],
  ['no quorum', { rules: rulesOf(ELECTORATE, { quorum: 0 }) }, /number of 0/],
  ['a quorum above the whole', { rules: rulesOf(ELECTORATE, { quorum: 10_001 }) }, /10001/],
  ['a threshold below a half', { rules: rulesOf(ELECTORATE, { threshold: 4_999 }) }, /4999/],
  ['a threshold of all', { rules: rulesOf(ELECTORATE, { threshold: 10_000 }) }, /10000/],
  ['a veto by anybody', { rules: rulesOf(ELECTORATE, { vetoThreshold: 0 }) }, /number of 0/],
  ['a voting period below a second', { rules: rulesOf(ELECTORATE, { votingPeriodMs: 999 }) }, /999 ms/],
  ['a voting period above 90 days', { rules: rulesOf(ELECTORATE, { votingPeriodMs: 90 * 86_400_000 + 1 }) }, /ms/],
  ['a timelock above 90 days', { rules: rulesOf(ELECTORATE, { timelockMs: 90 * 86_400_000 + 1 }) }, /ms/],
  ['an electorate root of 31 bytes', { rules: rulesOf(ELECTORATE, { electorateRoot: new Uint8Array(31) }) }, /31 bytes/],
  ['no title', { title: '' }, /no title/],
  ['a title of two lines', { title: 'a\nb' }, /printed/],
  ['a title of 201 bytes', { title: 'x'.repeat(201) }, /201/],
  ['a title that turns the direction of writing', { title: 'a\u202eb' }, /printed/],
  ['a title with half a character', { title: 'a\ud800' }, /half of a character/],
  ['a text that drives a terminal', { text: 'a\u001b[2J' }, /printed/],
  ['a text of 8,193 bytes', { text: 'x'.repeat(8_193) }, /8193/],
  ['an opening after the year 9999', { opensAt: 253_402_300_800_000 }, /time of/],
  ['an end after the year 9999', { opensAt: 253_402_300_799_999 }, /year 9999/],
  ['nine effects', yesNo(...Array.from({ length: 9 }, () => text)), /9 items/],
  ['300 effects', yesNo(...Array.from({ length: 300 }, () => text)), /above 255/],
  ['one option', options(['a']), /fewer than two/],
  ['seventeen options', options(Array.from({ length: 17 }, (_, index) => `${index}`)), /17 items/],
  ['an option twice', options(['a', 'b', 'a']), /same one twice/],
  ['an option without words', options(['a', '']), /without words/],
  ['an option of 101 bytes', options(['a', 'x'.repeat(101)]), /101/],
  [
    'options that all do something',
    {
      question: {
        kind: 'approval',
        options: [
          { text: 'a', effects: [text] },
          { text: 'b', effects: [text] },
        ],
      },
    },
    /leaves all as it is/,
  ],
  [
    'no credits',
    {
      question: {
        kind: 'quadratic',
        credits: 0,
        options: [
          { text: 'a', effects: [] },
          { text: 'b', effects: [] },
        ],
      },
    },
    /number of 0/,
  ],
  [
    'too many credits',
    {
      question: {
        kind: 'quadratic',
        credits: 10_001,
        options: [
          { text: 'a', effects: [] },
          { text: 'b', effects: [] },
        ],
      },
    },
    /10001/,
  ],
  ['a name in capitals', admit({ name: 'Node' }), /another form/],
  ['a name of 64 letters', admit({ name: 'n'.repeat(64) }), /another form/],
  ['a weight of 1,001', admit({ weight: 1_001 }), /1001/],
  ['a short key', admit({ key: key.subarray(1) }), /1983 bytes/],
  ['groups out of order', admit({ groups: ['b', 'a'] }), /out of order/],
  ['a group twice', admit({ groups: ['a', 'a'] }), /out of order/],
  ['a ban after the year 9999', yesNo({ kind: 'ban', x0Id: NETWORK, until: 253_402_300_800_000, reason: '' }), /time of/],
  ['a reason of 201 bytes', yesNo({ kind: 'ban', x0Id: NETWORK, until: 1, reason: 'x'.repeat(201) }), /201/],
  ['a ban of half a node', yesNo({ kind: 'ban', x0Id: NETWORK.subarray(16), until: 1, reason: '' }), /16 bytes/],
  ['an x0 id of 33 bytes', yesNo({ kind: 'unban', x0Id: new Uint8Array(33) }), /33 bytes/],
  ['a reason of two lines', yesNo({ kind: 'revoke', index: 1, reason: 'a\nb' }), /printed/],
  ['a parameter below its bounds', yesNo({ kind: 'set-parameter', parameter: 'credential-days', value: 0 }), /cannot be 0/],
  ['a parameter above its bounds', yesNo({ kind: 'set-parameter', parameter: 'delta-ms', value: 60_001 }), /cannot be 60001/],
  ['a choice that there is not', yesNo({ kind: 'set-parameter', parameter: 'admission', value: 3 }), /cannot be 3/],
  ['rules whose periods contradict', changeRules({ minVotingPeriodMs: 5_000, maxVotingPeriodMs: 4_999 }), /shortest/],
  ['rules with a threshold below a half', changeRules({ threshold: 4_999 }), /4999/],
  ['no attester at all', yesNo({ kind: 'elect-attesters', add: [], remove: [] }), /no attester/],
  ['attesters out of order', yesNo({ kind: 'elect-attesters', add: [attester(2), attester(1)], remove: [] }), /out of order/],
  ['an attester that leaves twice', yesNo({ kind: 'elect-attesters', add: [], remove: [1, 1] }), /out of order/],
  ['an attester that comes and goes', yesNo({ kind: 'elect-attesters', add: [attester(1)], remove: [1] }), /comes and goes/],
  [
    'eight attesters',
    yesNo({ kind: 'elect-attesters', add: Array.from({ length: 8 }, (_, index) => attester(index)), remove: [] }),
    /8 items/,
  ],
  [
    'an attester without weight',
    yesNo({ kind: 'elect-attesters', add: [{ ...attester(1), weight: 0 }], remove: [] }),
    /number of 0/,
  ],
  [
    'an acceptance of another length',
    yesNo({ kind: 'elect-attesters', add: [{ ...attester(1), acceptance: key }], remove: [] }),
    /1984 bytes/,
  ],
  ['a policy named by 20 bytes', yesNo({ kind: 'adopt-policy', hash: new Uint8Array(20) }), /20 bytes/],
  ['a resolution of 1,025 bytes', yesNo({ kind: 'text', text: 'x'.repeat(1_025) }), /1025/],
  ['an effect that this version does not know', yesNo({ kind: 'unknown', number: 99, bytes: key }), /upgrade/],
]

for (const [what, changed, hint] of PROPOSALS) {
  test(`no proposal is signed with ${what}`, async () => {
    await assert.rejects(signProposal(NATIVE, NO_SIGNER, { ...GOOD, ...changed }), refusedAs('bad-proposal', hint))
  })
}

test('the good one is asked to be signed, and so are effects at their limits', async () => {
  const most: Effect[] = [
    { kind: 'admit', name: 'n'.repeat(63), key, weight: 0, groups: Array.from({ length: 16 }, (_, index) => `g${index + 10}`) },
    { kind: 'revoke', index: 65_535, reason: 'x'.repeat(200) },
    { kind: 'elect-attesters', add: Array.from({ length: 7 }, (_, index) => attester(index)), remove: [7, 8, 9, 10, 11, 12, 13] },
    { kind: 'set-parameter', parameter: 'admission', value: 2 },
    { kind: 'text', text: 'a\nb' },
  ]
  for (const changed of [{}, yesNo(...most), { title: 'x'.repeat(200), text: 'y'.repeat(8_192) }]) {
    await assert.rejects(signProposal(NATIVE, NO_SIGNER, { ...GOOD, ...changed }), /was asked to sign/)
  }
})

const VOTES: readonly (readonly [string, Partial<VoteContent>, RegExp])[] = [
  ['a fifth revision', { revision: 4 }, /revision 4/],
  ['revision 256, which is no 0', { revision: 256 }, /above 255/],
  ['a voter above 65,535', { voter: 65_536 }, /65536|range/],
  ['a proposal named by 20 bytes', { proposalId: new Uint8Array(20) }, /20 bytes/],
  ['option 16', { choice: { form: 'option', option: 16 } }, /option 16/],
  ['approval of nothing', { choice: { form: 'approve', options: [] } }, /abstention/],
  ['approval out of order', { choice: { form: 'approve', options: [2, 1] } }, /out of order/],
  ['approval twice', { choice: { form: 'approve', options: [1, 1] } }, /out of order/],
  ['nothing spent', { choice: { form: 'spend', spending: [] } }, /abstention/],
  ['no credits for an option', { choice: { form: 'spend', spending: [{ option: 1, credits: 0 }] } }, /number of 0/],
  ['negative credits', { choice: { form: 'spend', spending: [{ option: 1, credits: -1 }] } }, /no whole number/],
  ['half a credit', { choice: { form: 'spend', spending: [{ option: 1, credits: 0.5 }] } }, /no whole number/],
  ['10,001 credits', { choice: { form: 'spend', spending: [{ option: 1, credits: 10_001 }] } }, /10001/],
  [
    'an option paid for twice',
    {
      choice: {
        form: 'spend',
        spending: [
          { option: 1, credits: 4 },
          { option: 1, credits: 4 },
        ],
      },
    },
    /out of order/,
  ],
]
for (const [what, changed, hint] of VOTES) {
  test(`no vote is signed with ${what}`, async () => {
    const content: VoteContent = {
      networkId: NETWORK,
      proposalId: NETWORK,
      voter: 0,
      revision: 0,
      choice: { form: 'yes' },
      ...changed,
    }
    await assert.rejects(signVote(NATIVE, NO_SIGNER, content), refusedAs('bad-vote', hint))
  })
}

test('a form of choice or a kind of question with no number here is refused', () => {
  const vote = Buffer.from(
    unsigned(voteBody({ networkId: NETWORK, proposalId: NETWORK, voter: 0, revision: 0, choice: { form: 'yes' } })),
  )
  vote[10 + 32 + 32 + 3] = 7
  assert.throws(() => decodeVote(NATIVE, vote), refusedAs('bad-vote', /no form/))
  const proposal = Buffer.from(unsigned(proposalBody(GOOD)))
  proposal[14 + 32 + 6 + 6 + 8 + 8 + 32 + 8] = 4
  assert.throws(() => decodeProposal(NATIVE, proposal), refusedAs('bad-proposal', /no kind/))
})

test('every cut and every byte more is refused', () => {
  const whole = {
    vote: voteOf(proposalOf(ELECTORATE)).bytes,
    proposal: proposalOf(ELECTORATE).bytes,
    cancel: unsigned(cancelBody({ networkId: NETWORK, proposalId: NETWORK, author: 0 })),
  }
  for (const [what, bytes] of Object.entries(whole)) {
    for (let length = 0; length < bytes.length; length += length < 400 ? 1 : 97) {
      assert.throws(() => decodeSigned(NATIVE, bytes.subarray(0, length)), GovernanceError, `${what} of ${length}`)
    }
    assert.throws(() => decodeSigned(NATIVE, Buffer.concat([bytes, Uint8Array.of(0)])), GovernanceError, what)
    assert.equal(decodeSigned(NATIVE, bytes).type, what)
  }
})

test('what is larger than its limit is not read at all', () => {
  const big = (label: string, length: number) =>
    Buffer.concat([Buffer.from(label, 'latin1'), Buffer.alloc(length - label.length)])
  for (const [label, length, code] of [
    ['x0-proposal/1\0', 65_537, 'bad-proposal'],
    ['x0-vote/1\0', 3_501, 'bad-vote'],
    ['x0-cancel/1\0', 3_452, 'bad-cancel'],
  ] as const) {
    assert.throws(() => decodeSigned(NATIVE, big(label, length)), refusedAs(code, /allowed/), label)
  }
  assert.throws(() => decodeSigned(NATIVE, big('x0-vote/2\0', 100)), refusedAs('bad-object', /version/))
  assert.throws(() => decodeVote(NATIVE, big('x0-vote/2\0', 100)), refusedAs('bad-vote', /version/))
  assert.throws(() => decodeCancel(NATIVE, big('x0-vote/1\0', 100)), refusedAs('bad-cancel', /version/))
})

test('a text that is no UTF-8, or UTF-8 in a longer form, is refused', () => {
  const body = Buffer.from(proposalBody({ ...GOOD, text: 'ab' }))
  for (const pair of [
    [0xff, 0x61],
    [0xc1, 0xa1],
    [0xed, 0xa0],
  ]) {
    body.set(pair, body.length - 2)
    assert.throws(() => decodeProposal(NATIVE, unsigned(body)), refusedAs('bad-proposal', /printed/))
  }
  // a byte order mark is a character that nobody sees
  const marked = Buffer.from(proposalBody({ ...GOOD, text: 'abc' }))
  marked.set([0xef, 0xbb, 0xbf], marked.length - 3)
  assert.throws(() => decodeProposal(NATIVE, unsigned(marked)), refusedAs('bad-proposal', /printed/))
})

test('an effect or a parameter of a later version is read as unknown, byte for byte, and keeps its place', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  // parameter 900 in a known effect: its value may have any form
  const later: Effect[] = [
    { kind: 'unknown', number: 4_000, bytes },
    text,
    { kind: 'unknown', number: 5, bytes: Uint8Array.of(3, 132, 9) },
  ]
  const decoded = decodeProposal(NATIVE, unsigned(proposalBody({ ...GOOD, ...yesNo(...later) })))
  assert.deepEqual(plain(decoded.question), plain({ kind: 'yes-no', effects: later }))
  assert.equal(plain(proposalBody(decoded)), plain(decoded.body))
  // the known layout does not bend: a byte more is no later version of it
  const longer: Effect = { kind: 'unknown', number: 4, bytes: new Uint8Array(33) }
  assert.throws(
    () => decodeProposal(NATIVE, unsigned(proposalBody({ ...GOOD, ...yesNo(longer) }))),
    refusedAs('bad-proposal', /too many/),
  )
})

test('what a decision does is the effects of the answer that won', () => {
  const question: Question = {
    kind: 'choice',
    options: [
      { text: 'a', effects: [text] },
      { text: 'b', effects: [] },
    ],
  }
  assert.deepEqual(effectsOf(YES_NO, undefined), [text])
  assert.deepEqual([effectsOf(question, 0), effectsOf(question, 1), effectsOf(question, undefined)], [[text], [], []])
  assert.deepEqual([allEffects(question), allEffects(YES_NO)], [[text], [text]])
  assert.deepEqual([optionsOf(question).length, optionsOf(YES_NO).length], [2, 0])
})

test('the choice of an author does not change what is the same', () => {
  const one = proposalOf(ELECTORATE, {}, 1)
  const other = proposalOf(ELECTORATE, {}, 2)
  assert.notEqual(plain(one.bytes), plain(other.bytes))
  assert.equal(plain(one.id), plain(other.id), 'one body has one id, whatever signature is on it')
  assert.notEqual(plain(proposalOf(ELECTORATE, { opensAt: T + 1 }).id), plain(one.id))
  const forms: Choice[] = [{ form: 'yes' }, { form: 'no' }, { form: 'veto' }, { form: 'abstain' }]
  assert.equal(new Set(forms.map((choice) => plain(voteOf(one, { choice }).id))).size, 4)
})
