import Type, { type Static } from 'typebox'
import { formatX0Id } from '../identity/x0-id.ts'
import type { AuditFault } from '../trust/audit/chain-check.ts'
import type { AuditReport } from '../trust/audit/verify-trail.ts'

/** The documents of the audit routes. */
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

const Entry = Type.Object({
  n: Type.Integer(),
  at: Type.String({ description: 'ISO 8601, by the wall clock of the node; the order is that of n' }),
  kind: Type.String(),
  data: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  previous: Type.String({ description: 'hash of the entry before it, hex' }),
  hash: Type.String({ description: 'hex' }),
})

const Head = Type.Object({
  first: Type.Integer({ description: 'the oldest entry that must be there' }),
  anchor: Type.String({ description: 'hash of the one before it, hex' }),
  count: Type.Integer({ description: 'the newest entry that is signed for' }),
  hash: Type.String({ description: 'its hash, hex' }),
  at: Type.String({ description: 'when it was signed, ISO 8601' }),
  publicKey: Type.String({ description: 'ML-DSA-65 and Ed25519, base64, 1,984 bytes' }),
  signature: Type.String({ description: 'of both, base64, 3,373 bytes' }),
})

export const AuditPage = Type.Object({
  schema: Type.Literal('x0.audit/v1'),
  x0Id: Type.String(),
  head: Head,
  entries: Type.Array(Entry),
})

const FAULTS = [
  'missing',
  'malformed',
  'changed',
  'misplaced',
  'unchained',
  'truncated',
  'rewritten',
  'head-missing',
  'head-forged',
  'head-foreign',
] as const satisfies readonly AuditFault[]

export const AuditVerification = Type.Object({
  schema: Type.Literal('x0.audit-verification/v1'),
  ok: Type.Boolean(),
  entries: Type.Integer({ description: 'good entries that follow each other, up to the problem' }),
  first: Type.Integer(),
  last: Type.Integer(),
  unsigned: Type.Integer({ description: 'of them, those behind the last that the node has signed for' }),
  x0Id: nullable(Type.String({ description: 'whose key has signed the head' })),
  signedAt: nullable(Type.String()),
  problem: nullable(
    Type.Object(
      { fault: Type.Enum([...FAULTS]), n: Type.Integer(), message: Type.String() },
      { description: 'the first that was found' },
    ),
  ),
})

export type AuditPage = Static<typeof AuditPage>
export type AuditVerification = Static<typeof AuditVerification>

export function verificationDocument(report: AuditReport): AuditVerification {
  const { problem, entries, first, last, unsigned, x0Id, signedAt } = report
  return {
    schema: 'x0.audit-verification/v1',
    ok: problem === undefined,
    entries,
    first,
    last,
    unsigned,
    x0Id: x0Id === undefined ? null : formatX0Id(x0Id),
    signedAt: signedAt === undefined ? null : new Date(signedAt).toISOString(),
    problem: problem === undefined ? null : { ...problem },
  }
}
