import { COMPOSITE_SIGNATURE_BYTES } from '../crypto/composite.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import {
  failing,
  type Hashing,
  label,
  readText,
  readTime,
  startReading,
  writeBytes,
  writeNumber,
  writeText,
  written,
} from './form.ts'
import { ID_BYTES, MAX_PROPOSAL_BYTES, MAX_TEXT_BYTES, MAX_TIME_MS, MAX_TITLE_BYTES } from './limits.ts'
import { allEffects, type Question, readQuestion, writeQuestion } from './question.ts'
import { type Rules, readRules, writeRules } from './rules.ts'

/** What signs: a node's keys. */
export type Signer = Pick<NodeIdentity, 'sign'>

export interface ProposalContent {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** Index of the voter who asks. */
  readonly author: number
  /** Which of its proposals, from 1 (proposal-slots.ts). */
  readonly slot: number
  readonly rules: Rules
  /** Wall clock ms. */
  readonly opensAt: number
  readonly question: Question
  /** One printable line, 1 to 200 bytes. */
  readonly title: string
  /** Printable lines, at most 8,192 bytes. */
  readonly text: string
}

/** A member's question to all; the layout is in docs/governance.md. */
export interface Proposal extends ProposalContent {
  readonly type: 'proposal'
  /** SHA-256 of the body: signing is randomised, one body has many signatures. */
  readonly id: Uint8Array
  /** Wall clock ms: `opensAt` and the voting period. */
  readonly deadline: number
  /** Wall clock ms of the earliest moment that it can be carried out: the timelock behind the deadline. */
  readonly executableAt: number
  /** The whole proposal. */
  readonly bytes: Uint8Array
  /** What is signed. */
  readonly body: Uint8Array
  /** 3,373 bytes over the body. */
  readonly signature: Uint8Array
}

export const PROPOSAL_LABEL: Uint8Array = label('x0-proposal/1\0')
/** The signature's context. */
export const PROPOSAL_CONTEXT: Uint8Array = label('x0/proposal/1')

const fail = failing('bad-proposal')

/** What is signed. @throws GovernanceError `bad-proposal` for a number or length that has no place in it */
export function proposalBody(content: ProposalContent): Uint8Array {
  return written(fail, (writer) => {
    writer.bytes(PROPOSAL_LABEL)
    writeBytes(writer, ID_BYTES, content.networkId)
    writeNumber(writer, 2, content.author)
    writeNumber(writer, 4, content.slot)
    writeRules(writer, content.rules)
    writeNumber(writer, 8, content.opensAt)
    writeQuestion(writer, content.question)
    writeText(writer, content.title)
    writeText(writer, content.text)
  })
}

/** @throws GovernanceError `bad-proposal` for content that no proposal has, and for effects that this version does not know */
export async function signProposal(backend: Hashing, signer: Signer, content: ProposalContent): Promise<Proposal> {
  if (allEffects(content.question).some(({ kind }) => kind === 'unknown')) {
    throw fail('an effect that this version does not know: upgrade this node to propose it')
  }
  const body = proposalBody(content)
  // read before anything is signed: what cannot be read back gets no signature
  decodeProposal(backend, Buffer.concat([body, new Uint8Array(COMPOSITE_SIGNATURE_BYTES)]))
  return decodeProposal(backend, Buffer.concat([body, await signer.sign(body, PROPOSAL_CONTEXT)]))
}

/**
 * Reads a proposal without believing it: the form alone, to the last byte; each has exactly one encoding.
 * @throws GovernanceError `bad-proposal`
 */
export function decodeProposal(backend: Hashing, bytes: Uint8Array): Proposal {
  const { reader, own } = startReading(bytes, PROPOSAL_LABEL, MAX_PROPOSAL_BYTES, fail)
  const networkId = reader.bytes(ID_BYTES)
  const author = reader.u16()
  const slot = reader.u32()
  const rules = readRules(reader, fail)
  const opensAt = readTime(reader, fail)
  const question = readQuestion(reader, fail)
  const title = readText(reader, MAX_TITLE_BYTES, fail)
  const text = readText(reader, MAX_TEXT_BYTES, fail, true)
  const body = own.subarray(0, reader.offset)
  const signature = reader.bytes(COMPOSITE_SIGNATURE_BYTES)
  reader.end()
  const deadline = opensAt + rules.votingPeriodMs
  const executableAt = deadline + rules.timelockMs
  if (slot === 0) throw fail('slots are counted from 1')
  if (title === '') throw fail('it has no title')
  if (executableAt > MAX_TIME_MS) throw fail('it ends after the year 9999')
  const content = { networkId, author, slot, rules, opensAt, question, title, text }
  return { type: 'proposal', ...content, id: backend.sha256(body), deadline, executableAt, bytes: own, body, signature }
}
