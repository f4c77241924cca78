/*
 * Writes our own vectors of ballots: node bin/node scripts/make-governance-vectors.ts [FOLDER]. See test/vectors/README.md.
 * Everything is made by the native backend from counting seeds; the tests check it on both. Hedged signatures differ from
 * run to run, so running this anew changes the file; the old one stays valid.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compositePublicKey } from '../src/crypto/composite.ts'
import { nativeBackend } from '../src/crypto/native.ts'
import { signAcceptance } from '../src/governance/acceptance.ts'
import { BallotSet } from '../src/governance/ballot-set.ts'
import { signCancel } from '../src/governance/cancel.ts'
import type { Choice } from '../src/governance/choice.ts'
import { type ElectorateSnapshot, encodeElectorate, makeElectorate } from '../src/governance/electorate.ts'
import type { Proposal } from '../src/governance/proposal.ts'
import { signProposal } from '../src/governance/proposal.ts'
import type { Question } from '../src/governance/question.ts'
import { tally } from '../src/governance/tally.ts'
import { encodeTally } from '../src/governance/tally-form.ts'
import { signVote, type Vote } from '../src/governance/vote.ts'
import { type NodeIdentity, nodeIdentityFromSeeds } from '../src/identity/node-identity.ts'

const backend = nativeBackend()
const NETWORK_ID = counting(32, 200)
const OPENS_AT = 1_767_225_600_000

interface Scene {
  readonly name: string
  readonly question: Question
  /** By voter; a list has one for each revision, and `twice` is a second ballot for the first. */
  readonly said: readonly { readonly choices: readonly Choice[]; readonly twice?: Choice }[]
  readonly cancelled: boolean
}

/** `length` bytes that count up from `start`. */
function counting(length: number, start: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (start + index) & 0xff)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function memberSeeds(n: number): { ed25519: Uint8Array; mldsa65: Uint8Array } {
  return { ed25519: counting(32, 40 * n), mldsa65: counting(32, 40 * n + 1) }
}

function scenes(acceptance: Uint8Array): readonly Scene[] {
  const nothing = (text: string) => ({ text, effects: [] })
  return [
    {
      name: 'yes-no with every effect',
      question: {
        kind: 'yes-no',
        effects: [
          { kind: 'admit', name: 'node-4', key: counting(1_984, 9), weight: 2, groups: ['a', 'b'] },
          { kind: 'revoke', index: 2, reason: 'lost' },
          { kind: 'ban', x0Id: counting(32, 5), until: OPENS_AT + 1_000, reason: 'flood' },
          { kind: 'unban', x0Id: counting(32, 6) },
          { kind: 'set-parameter', parameter: 'delta-ms', value: 400 },
          { kind: 'elect-attesters', add: [{ index: 1, weight: 3, acceptance }], remove: [2] },
          { kind: 'adopt-policy', hash: counting(32, 7) },
          { kind: 'text', text: 'Zwölf\nBoxkämpfer' },
        ],
      },
      said: [{ choices: [{ form: 'no' }, { form: 'yes' }] }, { choices: [{ form: 'yes' }] }, { choices: [{ form: 'veto' }] }],
      cancelled: false,
    },
    {
      name: 'choice, with one who signs twice',
      question: { kind: 'choice', options: ['red', 'green', 'blue'].map(nothing) },
      said: [
        { choices: [{ form: 'option', option: 1 }] },
        { choices: [{ form: 'option', option: 2 }] },
        { choices: [{ form: 'option', option: 0 }], twice: { form: 'option', option: 2 } },
      ],
      cancelled: false,
    },
    {
      name: 'approval, cancelled',
      question: {
        kind: 'approval',
        options: [
          {
            text: 'new rules',
            effects: [
              {
                kind: 'change-rules',
                rules: {
                  quorum: 5_000,
                  threshold: 6_666,
                  vetoThreshold: 10_000,
                  timelockMs: 60_000,
                  minVotingPeriodMs: 1_000,
                  maxVotingPeriodMs: 86_400_000,
                },
              },
            ],
          },
          nothing('old rules'),
        ],
      },
      said: [{ choices: [{ form: 'approve', options: [0, 1] }] }, { choices: [{ form: 'abstain' }] }],
      cancelled: true,
    },
    {
      name: 'quadratic',
      question: { kind: 'quadratic', credits: 100, options: ['a', 'b', 'c'].map(nothing) },
      said: [
        {
          choices: [
            {
              form: 'spend',
              spending: [
                { option: 0, credits: 50 },
                { option: 2, credits: 50 },
              ],
            },
          ],
        },
        { choices: [{ form: 'spend', spending: [{ option: 1, credits: 99 }] }] },
        { choices: [{ form: 'spend', spending: [{ option: 2, credits: 1 }] }] },
      ],
      cancelled: false,
    },
  ]
}

async function sceneVectors(
  members: readonly NodeIdentity[],
  electorate: ElectorateSnapshot,
  scene: Scene,
  n: number,
): Promise<Record<string, unknown>> {
  const [author] = members
  if (author === undefined) throw new Error('nobody is a member')
  const proposal = await signProposal(backend, author, {
    networkId: NETWORK_ID,
    author: 0,
    slot: n + 1,
    rules: {
      quorum: 4_000,
      threshold: 5_000,
      vetoThreshold: 5_000,
      timelockMs: 1_000 * n,
      votingPeriodMs: 3_600_000,
      electorateRoot: electorate.root,
    },
    opensAt: OPENS_AT + n,
    question: scene.question,
    title: scene.name,
    text: 'Vector\nof its own.',
  })
  const votes = await votesOf(members, proposal, scene)
  const cancel = await signCancel(backend, author, { networkId: NETWORK_ID, proposalId: proposal.id, author: 0 })
  const empty = BallotSet.empty<Vote>(backend, proposal, electorate.voters.length)
  const voted = votes.reduce((set, vote) => set.with(vote.voter, vote), empty)
  const ballots = scene.cancelled ? voted.withCancel() : voted
  const counted = tally(proposal, electorate, ballots, () => false)
  return {
    name: scene.name,
    proposal: { id: hex(proposal.id), bytes: hex(proposal.bytes) },
    votes: votes.map(({ id, voter, bytes }) => ({ id: hex(id), voter, bytes: hex(bytes) })),
    cancel: { id: hex(cancel.id), bytes: hex(cancel.bytes), counts: scene.cancelled },
    root: hex(ballots.root()),
    outcome: counted.outcome,
    winner: counted.winner ?? null,
    tally: hex(encodeTally(counted)),
  }
}

async function votesOf(members: readonly NodeIdentity[], proposal: Proposal, scene: Scene): Promise<readonly Vote[]> {
  const signing = scene.said.flatMap(({ choices, twice }, voter) => {
    const signer = members[voter]
    if (signer === undefined) throw new Error(`there is no member ${voter}`)
    const all = [...choices.map((choice, revision) => ({ choice, revision })), ...(twice ? [{ choice: twice, revision: 0 }] : [])]
    const about = { networkId: NETWORK_ID, proposalId: proposal.id, voter }
    return all.map((ballot) => signVote(backend, signer, { ...about, ...ballot }))
  })
  return Promise.all(signing)
}

const folder = process.argv[2] ?? fileURLToPath(new URL('../test/vectors', import.meta.url))
const numbers = [0, 1, 2]
const members = await Promise.all(numbers.map((n) => nodeIdentityFromSeeds(backend, memberSeeds(n))))
const electorate = makeElectorate(
  backend,
  members.map((member, index) => ({ index, x0Id: member.x0Id, key: compositePublicKey(member), weight: 3 - index })),
)
const [, second] = members
if (second === undefined) throw new Error('there is no second member')
const acceptance = await signAcceptance(second, { networkId: NETWORK_ID, index: 1, weight: 3, author: 0, slot: 1 })
const document = {
  schema: 'x0.vectors.governance/v1',
  networkId: hex(NETWORK_ID),
  members: numbers.map((n) => ({ ed25519: hex(memberSeeds(n).ed25519), mldsa65: hex(memberSeeds(n).mldsa65) })),
  electorate: { bytes: hex(encodeElectorate(electorate.voters)), root: hex(electorate.root) },
  scenes: await Promise.all(scenes(acceptance).map((scene, n) => sceneVectors(members, electorate, scene, n))),
}
await mkdir(folder, { recursive: true })
await writeFile(join(folder, 'governance.json'), `${JSON.stringify(document, null, 2)}\n`)
