import type { CountFault } from './counter.ts'
import { HostError } from './host-error.ts'
import { MAX_SYNC_TRANSFER, SYNC_SUBJECTS_PER_FRAME } from './limits.ts'
import type { RevocationLedger, RevocationObstacle } from './revocation-ledger.ts'
import type { FrameStream } from './streams.ts'
import { decodeSync, encodeSync, type Hello, type SyncFrame } from './trust-sync-wire.ts'
import type { UselessSubjects } from './useless-subjects.ts'

export interface ExchangeParts {
  readonly ledger: RevocationLedger
  readonly take: (bytes: Uint8Array) => Promise<'new' | RevocationObstacle>
  readonly useless: UselessSubjects
  readonly count: CountFault
}

/**
 * `level`: this node has all that the peer told of. `more`: there is more than one exchange carries. `busy`: the peer asks to
 * come back later.
 */
export type ExchangeOutcome = 'level' | 'more' | 'busy'

/**
 * The side that begins: hello; if the peer's answer is a list, both ask for what they lack and send what was asked for.
 * @throws HostError `bad-sync` where the peer breaks its word, or as the stream does
 */
export async function beginExchange(frames: FrameStream, parts: ExchangeParts): Promise<ExchangeOutcome> {
  const mine = parts.ledger.subjects()
  await send(frames, { kind: 'hello', count: mine.length, digest: parts.ledger.digest() })
  const answer = await next(frames)
  if (answer === undefined) throw new HostError('stream-ended', 'no answer to a hello')
  if (answer.kind === 'same') return 'level'
  if (answer.kind === 'busy') return 'busy'
  if (answer.kind !== 'listing') throw new HostError('bad-sync', `${answer.kind} as the answer to a hello`)
  const theirs = await readSubjects(frames, answer.count)
  const missing = minus(theirs, mine).filter((subject) => !parts.useless.has(subject))
  const wanted = missing.slice(0, MAX_SYNC_TRANSFER)
  const offered = minus(mine, theirs).slice(0, MAX_SYNC_TRANSFER)
  await send(frames, { kind: 'wants', wanted: wanted.length, offered: offered.length })
  await sendSubjects(frames, wanted)
  await sendSubjects(frames, offered)
  await receive(frames, wanted, parts)
  const asked = await next(frames)
  if (asked?.kind !== 'wants' || asked.offered !== 0 || asked.wanted > offered.length)
    throw new HostError('bad-sync', 'a peer that does not say what it wants of what was offered')
  const given = await readSubjects(frames, asked.wanted)
  if (minus(given, offered).length > 0) throw new HostError('bad-sync', 'a wish for what was not offered')
  await give(frames, given, parts)
  return missing.length > wanted.length ? 'more' : 'level'
}

/** The other side, `hello` having been read. `place` takes one of the places for exchanges with lists, if there is one. */
export async function answerExchange(
  frames: FrameStream,
  hello: Hello,
  parts: ExchangeParts,
  place: () => Disposable | undefined,
): Promise<void> {
  const mine = parts.ledger.subjects()
  if (Buffer.compare(hello.digest, parts.ledger.digest()) === 0) {
    if (hello.count !== mine.length) throw new HostError('bad-sync', 'a count that its digest contradicts')
    await send(frames, { kind: 'same' })
    return
  }
  using taken = place()
  if (taken === undefined) {
    await send(frames, { kind: 'busy' })
    return
  }
  await send(frames, { kind: 'listing', count: mine.length })
  await sendSubjects(frames, mine)
  const asked = await next(frames)
  if (asked === undefined) throw new HostError('stream-ended', 'no wish after a list')
  if (asked.kind !== 'wants') throw new HostError('bad-sync', `${asked.kind} as the answer to a list`)
  const given = await readSubjects(frames, asked.wanted)
  if (minus(given, mine).length > 0) throw new HostError('bad-sync', 'a wish for what was not listed')
  const offered = await readSubjects(frames, asked.offered)
  if (minus(offered, mine).length < offered.length) throw new HostError('bad-sync', 'an offer of what was listed')
  await give(frames, given, parts)
  const wanted = offered.filter((subject) => !parts.ledger.has(subject) && !parts.useless.has(subject))
  await send(frames, { kind: 'wants', wanted: wanted.length, offered: 0 })
  await sendSubjects(frames, wanted)
  await receive(frames, wanted, parts)
}

/** The next frame; undefined where the peer has ended the stream. */
async function next(frames: FrameStream): Promise<SyncFrame | undefined> {
  const bytes = await frames.read()
  return bytes === undefined ? undefined : decodeSync(bytes)
}

async function send(frames: FrameStream, frame: SyncFrame): Promise<void> {
  await frames.write(encodeSync(frame))
}

async function sendSubjects(frames: FrameStream, subjects: readonly Uint8Array[]): Promise<void> {
  for (let start = 0; start < subjects.length; start += SYNC_SUBJECTS_PER_FRAME)
    await send(frames, { kind: 'subjects', subjects: subjects.slice(start, start + SYNC_SUBJECTS_PER_FRAME) })
}

/** A list of exactly `count` x0 ids, strictly ascending. */
async function readSubjects(frames: FrameStream, count: number): Promise<Uint8Array[]> {
  const subjects: Uint8Array[] = []
  while (subjects.length < count) {
    const frame = await next(frames)
    if (frame?.kind !== 'subjects') throw new HostError('bad-sync', 'a list that ends early')
    for (const subject of frame.subjects) {
      const last = subjects.at(-1)
      if (last !== undefined && Buffer.compare(last, subject) >= 0) throw new HostError('bad-sync', 'a list out of order')
      subjects.push(subject)
    }
  }
  if (subjects.length > count) throw new HostError('bad-sync', 'a list that is longer than announced')
  return subjects
}

async function give(frames: FrameStream, subjects: readonly Uint8Array[], { ledger }: ExchangeParts): Promise<void> {
  for (const subject of subjects) {
    const bytes = ledger.bytesOf(subject)
    if (bytes === undefined) throw new Error('a revocation was lost from the ledger')
    await send(frames, { kind: 'revocation', bytes })
  }
}

/** Takes the revocations of exactly these subjects, in this order: each was announced. */
async function receive(frames: FrameStream, subjects: readonly Uint8Array[], parts: ExchangeParts): Promise<void> {
  for (const subject of subjects) {
    const frame = await next(frames)
    if (frame?.kind !== 'revocation') throw new HostError('bad-sync', 'an announced revocation that does not come')
    const claim = parts.ledger.claimOf(frame.bytes)
    if (claim === undefined || claim.isForeign || Buffer.compare(claim.subject, subject) !== 0)
      throw new HostError('bad-sync', 'a revocation that is not the announced one')
    const verdict = await parts.take(frame.bytes)
    if (verdict === 'new' || verdict === 'known') continue
    if (verdict === 'malformed' || verdict === 'foreign' || verdict === 'forged')
      throw new HostError('bad-sync', `a revocation that is ${verdict}`)
    // Who is a member, and how many each may revoke, this node judges by what it knows: the peer may be honest.
    parts.count('revocation-ignored')
    parts.useless.note(subject)
  }
}

/** What is in `from` and not in `other`; both ascend. */
function minus(from: readonly Uint8Array[], other: readonly Uint8Array[]): Uint8Array[] {
  let at = 0
  return from.filter((subject) => {
    for (;;) {
      const candidate = other[at]
      if (candidate === undefined) return true
      const order = Buffer.compare(candidate, subject)
      if (order > 0) return true
      if (order === 0) return false
      at += 1
    }
  })
}
