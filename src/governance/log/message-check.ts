import { type AttesterSet, attesterOf, proposerOf } from './attester-set.ts'
import { type ConsensusMessage, type Proposal, readingStatement } from './message.ts'
import { faultOfProof, type Signed } from './quorum-proof.ts'
import type { RoundBook } from './round-book.ts'
import { contextOf, encodeStatement, type VerifySignature } from './statement.ts'

export type MessageFault =
  | 'wrong-epoch'
  | 'not-an-attester'
  | 'not-the-proposer'
  | 'bad-readings'
  | 'bad-proof'
  | 'forged-signature'

export interface MessageJudge {
  readonly networkId: Uint8Array
  readonly set: AttesterSet
  readonly verify: VerifySignature
  readonly isQuorum: (weight: number, total: number) => boolean
  /** What is known of a round already: a signature that is in it, byte for byte, need not be verified again. */
  book(round: number): RoundBook | undefined
}

/** What is wrong with a message of the right network and height, cheap checks first; undefined where it holds. */
export function faultOfMessage(message: ConsensusMessage, judge: MessageJudge): MessageFault | undefined {
  const { set, networkId, verify } = judge
  if (message.epoch !== set.epoch) return 'wrong-epoch'
  const attester = attesterOf(set, message.attester)
  if (attester === undefined) return 'not-an-attester'
  if (message.kind === 'proposal' && proposerOf(set, message.height, message.round) !== attester) return 'not-the-proposer'
  const statement = encodeStatement(networkId, message)
  if (!verify(attester.key, statement, message.signature, contextOf(message.kind))) return 'forged-signature'
  return message.kind === 'proposal' ? faultOfCarried(message, judge) : undefined
}

function faultOfCarried(proposal: Proposal, judge: MessageJudge): MessageFault | undefined {
  const { set, networkId, verify, isQuorum } = judge
  if (proposal.proof !== undefined) {
    const book = judge.book(proposal.proof.round)
    const isKnown = (signed: Signed): boolean => book?.holdsVote('prevote', proposal.value, signed) ?? false
    return faultOfProof(proposal.proof, set, networkId, verify, isQuorum, isKnown) === undefined ? undefined : 'bad-proof'
  }
  const readers = proposal.readings.map(({ attester }) => attesterOf(set, attester))
  const weight = readers.reduce((sum, reader) => sum + (reader?.weight ?? 0), 0)
  if (readers.includes(undefined) || !isQuorum(weight, set.weight)) return 'bad-readings'
  const book = judge.book(proposal.round)
  const isForged = proposal.readings.some((reading, at) => {
    const key = readers[at]?.key
    if (book?.holdsReading(reading)) return false
    const [statement, context] = readingStatement(networkId, proposal, reading)
    return key === undefined || !verify(key, statement, reading.signature, context)
  })
  return isForged ? 'bad-readings' : undefined
}
