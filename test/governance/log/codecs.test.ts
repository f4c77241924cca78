import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { GovernanceError } from '../../../src/governance/governance-error.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/governance/log/checkpoint.ts'
import { decodeDecision, encodeDecision, makeDecision } from '../../../src/governance/log/decision.ts'
import {
  MAX_DECISION_BYTES,
  MAX_EFFECTS_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_RECORD_BYTES,
  MAX_SIGN_LOCK_BYTES,
} from '../../../src/governance/log/limits.ts'
import {
  type ConsensusMessage,
  carriedHash,
  decodeMessage,
  encodeMessage,
  makeValue,
  type Proposal,
} from '../../../src/governance/log/message.ts'
import type { QuorumProof } from '../../../src/governance/log/quorum-proof.ts'
import { decodeRecord, encodeRecord, type RecordBody } from '../../../src/governance/log/record.ts'
import { decodeSignLock, encodeSignLock, type SignLock } from '../../../src/governance/log/sign-lock.ts'
import { decodeSummary, encodeSummary, type Summary } from '../../../src/governance/log/summary.ts'
import { seeded } from '../../crypto/backends.ts'

const NETWORK = new Uint8Array(32).fill(7)
const RUNS = 300

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).fill(1, 0, 1).toString('hex'))
/** Plain arrays: a Buffer with the same bytes is another thing for deepEqual. */
const bytes = (most: number) => fc.uint8Array({ maxLength: most })
const signature = fc.integer({ min: 0, max: 255 }).map((fill) => new Uint8Array(3_373).fill(fill))
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const time = fc.integer({ min: 0, max: 253_402_300_799_999 })
const height = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const slot = fc.record({
  height,
  epoch: u32,
  round: fc.integer({ min: 1, max: 2 ** 31 }),
  attester: fc.integer({ min: 0, max: 65_535 }),
})
const signers = fc
  .uniqueArray(fc.integer({ min: 0, max: 65_535 }), { minLength: 1, maxLength: 5 })
  .map((list) => list.sort((a, b) => a - b))
const signatures = fc.tuple(signers, signature).map(([list, one]) => list.map((attester) => ({ attester, signature: one })))

const proposal: fc.Arbitrary<Proposal> = fc
  .tuple(slot, bytes(200), bytes(100), signatures, fc.boolean(), signature, time)
  .map(([where, body, support, signed, isNew, own, wall]) => {
    const content = makeValue(body, support)
    const proof: QuorumProof | undefined = isNew
      ? undefined
      : {
          kind: 'prevote',
          height: where.height,
          epoch: where.epoch,
          round: where.round - 1,
          value: content.id,
          signatures: signed,
        }
    const readings = isNew ? signed.map((one) => ({ ...one, wall })) : []
    const carried = carriedHash(content, readings, proof)
    return {
      ...where,
      kind: 'proposal',
      value: content.id,
      content,
      validRound: proof?.round ?? -1,
      carried,
      readings,
      proof,
      signature: own,
    }
  })
const message: fc.Arbitrary<ConsensusMessage> = fc.oneof(
  fc.tuple(slot, time, signature).map(([where, wall, own]) => ({ ...where, kind: 'entry' as const, wall, signature: own })),
  fc
    .tuple(slot, fc.constantFrom('prevote' as const, 'precommit' as const), fc.option(hash, { nil: undefined }), signature)
    .map(([where, kind, value, own]) => ({ ...where, kind, value, signature: own })),
  proposal,
)
const record: fc.Arbitrary<RecordBody> = fc
  .tuple(
    height,
    hash,
    u32,
    time,
    fc.option(fc.tuple(hash, u32, bytes(300), fc.integer({ min: 0, max: 9_999 })), { nil: undefined }),
    fc.array(hash, { minLength: 1, maxLength: 16 }),
  )
  .map(([at, parent, epoch, when, closes, executes]) => ({
    networkId: NETWORK,
    height: at,
    parent,
    epoch,
    time: when,
    closes:
      closes === undefined
        ? undefined
        : {
            proposal: closes[0],
            author: closes[1] % 65_536,
            slot: closes[1],
            votes: closes[0],
            tally: parent,
            outcome: closes[1] % 256,
            effects: closes[2],
            timelock: closes[2].length === 0 ? 0 : closes[3],
          },
    executes,
    stateRoot: parent,
  }))
const choice = fc.option(hash, { nil: undefined }).map((value) => ({ value }))
const lock: fc.Arbitrary<SignLock> = fc
  .tuple(
    height,
    u32,
    u32,
    fc.tuple(fc.option(time), fc.option(hash), fc.option(choice), fc.option(choice)),
    fc.option(fc.tuple(choice, choice)),
    fc.option(fc.tuple(bytes(99), bytes(99), signatures)),
  )
  .map(([at, epoch, round, [entry, carried, prevote, precommit], before, valid]) => {
    const content = valid === null ? undefined : makeValue(valid[0], valid[1])
    return {
      height: at,
      epoch,
      round,
      entry: entry ?? undefined,
      proposal: carried ?? undefined,
      prevote: prevote ?? undefined,
      precommit: precommit ?? undefined,
      before: before === null ? undefined : { prevote: before[0], precommit: before[1] },
      locked: content === undefined ? undefined : { round, value: content.id },
      valid:
        content === undefined || valid === null
          ? undefined
          : { content, proof: { kind: 'prevote', height: at, epoch, round, value: content.id, signatures: valid[2] } },
    }
  })
const bits = fc.integer({ min: 0, max: 2 ** 21 - 1 })
const summary: fc.Arbitrary<Summary> = fc.record({
  height,
  round: fc.integer({ min: -1, max: 2 ** 31 }),
  entries: bits,
  prevotes: bits,
  precommits: bits,
  hasProposal: fc.boolean(),
})

/** What is written is read again, from one form alone: every other form of bytes is refused with a typed error or read as another thing. */
function holds<Thing>(
  t: TestContext,
  things: fc.Arbitrary<Thing>,
  encode: (thing: Thing) => Uint8Array,
  decode: (bytes: Uint8Array) => Thing,
): void {
  const { seed } = seeded(t, RUNS)
  fc.assert(
    fc.property(things, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.integer({ min: 0, max: 3 }), (thing, at, flip, how) => {
      const encoded = encode(thing)
      assert.deepEqual(plain(decode(encoded)), plain(thing))
      const changed = damaged(encoded, at, flip, how)
      const read = attempt(() => decode(changed))
      if (read !== undefined) assert.deepEqual(plain(encode(read)), plain(changed), 'one encoding each')
    }),
    { seed: seed ?? 0, numRuns: RUNS },
  )
}

function damaged(encoded: Uint8Array, at: number, flip: number, how: number): Uint8Array {
  const place = at % encoded.length
  if (how === 0) return encoded.slice(0, place)
  if (how === 1) return Buffer.concat([encoded, Uint8Array.of(flip)])
  const changed = Uint8Array.from(encoded)
  // the fixed parts at the start are where a reader branches
  const where = how === 2 ? place % Math.min(encoded.length, 120) : place
  changed[where] = (changed[where] ?? 0) ^ flip
  return changed
}

function attempt<Thing>(decode: () => Thing): Thing | undefined {
  try {
    return decode()
  } catch (error) {
    assert.ok(error instanceof GovernanceError, String(error))
    return undefined
  }
}

/** Buffers and arrays of bytes as text. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part: unknown) => {
      if (part instanceof Uint8Array) return Buffer.from(part).toString('hex')
      const isBuffer = typeof part === 'object' && part !== null && 'type' in part && part.type === 'Buffer' && 'data' in part
      return isBuffer && Array.isArray(part.data) ? Buffer.from(part.data).toString('hex') : part
    }),
  )
}

test('messages of attesters have one encoding each', (t) => {
  holds(
    t,
    message,
    (one) => encodeMessage(NETWORK, one),
    (encoded) => decodeMessage(NETWORK, encoded),
  )
})

test('records have one encoding each', (t) => {
  holds(t, record, encodeRecord, decodeRecord)
})

test('decisions have one encoding each', (t) => {
  const decisions = fc.tuple(record, signatures, u32).map(([one, signed, round]) => {
    const body = encodeRecord(one)
    const { id } = makeValue(body, new Uint8Array(0))
    return makeDecision(body, { kind: 'precommit', height: one.height, epoch: one.epoch, round, value: id, signatures: signed })
  })
  holds(t, decisions, encodeDecision, decodeDecision)
})

test('sign-locks have one encoding each', (t) => {
  holds(t, lock, encodeSignLock, decodeSignLock)
})

test('summaries and checkpoints have one encoding each', (t) => {
  holds(t, summary, encodeSummary, decodeSummary)
  holds(
    t,
    fc.tuple(height, hash).map(([at, value]) => ({ networkId: NETWORK, height: at, hash: value })),
    encodeCheckpoint,
    decodeCheckpoint,
  )
})

test('no bytes at all make a decoder fail in another way than a typed refusal', (t) => {
  const decoders = [
    (one: Uint8Array) => decodeMessage(NETWORK, one),
    decodeRecord,
    decodeDecision,
    decodeSignLock,
    decodeSummary,
    decodeCheckpoint,
  ]
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (any) => {
      for (const decode of decoders) attempt(() => decode(any))
    }),
    { ...seeded(t, 2_000) },
  )
})

test('whatever is longer than its limit is refused before it is read', () => {
  const limits: [(one: Uint8Array) => unknown, number][] = [
    [(one) => decodeMessage(NETWORK, one), MAX_MESSAGE_BYTES],
    [decodeRecord, MAX_RECORD_BYTES],
    [decodeDecision, MAX_DECISION_BYTES],
    [decodeSignLock, MAX_SIGN_LOCK_BYTES],
  ]
  for (const [decode, most] of limits) {
    assert.throws(() => decode(new Uint8Array(most + 1)), new RegExp(`${most + 1} bytes, ${most} allowed`))
  }
})

test('the largest record fits its limit, and one byte more of effects does not', () => {
  const [largest] = fc.sample(
    record.filter(({ closes }) => closes !== undefined),
    { numRuns: 1, seed: 1 },
  )
  assert.ok(largest?.closes !== undefined)
  const full = (length: number): Uint8Array =>
    encodeRecord({
      ...largest,
      executes: new Array<string>(16).fill(largest.parent),
      closes: largest.closes && { ...largest.closes, effects: new Uint8Array(length) },
    })
  assert.equal(decodeRecord(full(MAX_EFFECTS_BYTES)).closes?.effects.length, MAX_EFFECTS_BYTES)
  assert.ok(full(MAX_EFFECTS_BYTES).length <= MAX_RECORD_BYTES)
  assert.throws(() => decodeRecord(full(MAX_EFFECTS_BYTES + 1)), GovernanceError)
})

test('a message of another network, of an unknown kind, or that carries what was not signed is refused', () => {
  const [entry] = fc.sample(
    message.filter(({ kind }) => kind === 'entry'),
    { numRuns: 1, seed: 1 },
  )
  const [made] = fc.sample(
    proposal.filter(({ proof }) => proof === undefined),
    { numRuns: 1, seed: 1 },
  )
  assert.ok(entry !== undefined && made !== undefined)
  assert.throws(() => decodeMessage(new Uint8Array(32), encodeMessage(NETWORK, entry)), /another network/)
  const unknown = Uint8Array.from(encodeMessage(NETWORK, entry))
  unknown[47] = 4
  assert.throws(() => decodeMessage(NETWORK, unknown), /does not know/)
  const other = { ...made, content: makeValue(made.content.body, Uint8Array.of(1, 2, 3)) }
  assert.throws(() => decodeMessage(NETWORK, encodeMessage(NETWORK, other)), /beside it/)
  const foreign = { ...made, content: makeValue(Uint8Array.of(9), made.content.support) }
  assert.throws(() => decodeMessage(NETWORK, encodeMessage(NETWORK, foreign)), /something else than it carries/)
  const bare = { ...made, readings: [], carried: carriedHash(made.content, [], undefined) }
  assert.throws(() => decodeMessage(NETWORK, encodeMessage(NETWORK, bare)), /carries clock readings/)
  const early = { ...made, validRound: made.round }
  assert.throws(() => decodeMessage(NETWORK, encodeMessage(NETWORK, early)), GovernanceError)
})
