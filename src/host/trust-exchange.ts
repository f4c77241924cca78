import type { CountFault } from './counter.ts'
import { HostError } from './host-error.ts'
import { MAX_SYNC_TRANSFER, SYNC_BATCH, SYNC_SUBJECTS_PER_FRAME } from './limits.ts'
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
 * The side that begins. It says hello; where the digests differ, the other side lists what it has and is asked for what is
 * missing here, then this side lists what the other one lacks, and is asked for it.
 * @throws HostError `bad-sync` where the peer breaks its word, or as the stream does
 */
export async function beginExchange(frames: FrameStream, parts: ExchangeParts): Promise<ExchangeOutcome> {
  const mine = parts.ledger.subjects()
  await send(frames, { kind: 'hello', count: mine.length, digest: parts.ledger.digest() })
  const answer = await next(frames)
  if (answer.kind === 'same') return 'level'
  if (answer.kind === 'busy') return 'busy'
  const theirs = await hearList(frames, answer)
  const missing = minus(theirs, mine).filter((subject) => !parts.useless.has(subject))
  await fetch(frames, missing.slice(0, MAX_SYNC_TRANSFER), parts)
  const end = await tellList(frames, minus(mine, theirs).slice(0, MAX_SYNC_TRANSFER), parts.ledger)
  if (end.kind !== 'done') throw new HostError('bad-sync', `${end.kind} at the end of a sync`)
  return missing.length > MAX_SYNC_TRANSFER ? 'more' : 'level'
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
  const offered = await hearList(frames, await tellList(frames, mine, parts.ledger))
  if (minus(offered, mine).length < offered.length) throw new HostError('bad-sync', 'an offer of what was listed')
  const isWanted = (subject: Uint8Array): boolean => !parts.ledger.has(subject) && !parts.useless.has(subject)
  await fetch(frames, offered.filter(isWanted).slice(0, MAX_SYNC_TRANSFER), parts)
  await send(frames, { kind: 'done' })
}

/** The next frame. @throws HostError `stream-ended` where the peer has ended the stream */
async function next(frames: FrameStream): Promise<SyncFrame> {
  const bytes = await frames.read()
  if (bytes === undefined) throw new HostError('stream-ended', 'the peer ended a sync')
  return decodeSync(bytes)
}

async function send(frames: FrameStream, frame: SyncFrame): Promise<void> {
  await frames.write(encodeSync(frame))
}

/**
 * Lists x0 ids, and gives out their revocations, each at most once, until the peer says something else.
 * Nothing is sent that was not asked for, the beginning of the list aside: what waits unread stays small.
 */
async function tellList(frames: FrameStream, subjects: readonly Uint8Array[], ledger: RevocationLedger): Promise<SyncFrame> {
  await send(frames, { kind: 'listing', count: subjects.length })
  let told = 0
  let at = 0
  const tell = async (): Promise<void> => {
    const part = subjects.slice(told, told + SYNC_SUBJECTS_PER_FRAME)
    told += part.length
    await send(frames, { kind: 'subjects', subjects: part })
  }
  if (subjects.length > 0) await tell()
  for (;;) {
    const asked = await next(frames)
    if (asked.kind === 'next') {
      if (told >= subjects.length) throw new HostError('bad-sync', 'a wish for more than the list has')
      await tell()
    } else if (asked.kind === 'wants') {
      for (const subject of asked.subjects) {
        at = placeOf(subject, subjects, at)
        const bytes = ledger.bytesOf(subject)
        if (at === subjects.length || bytes === undefined)
          throw new HostError('bad-sync', 'a wish for what was not listed, or was given')
        at += 1
        await send(frames, { kind: 'revocation', bytes })
      }
    } else return asked
  }
}

/** Where `subject` stands in a list that ascends, from `start` on; the end of the list where it does not. */
function placeOf(subject: Uint8Array, subjects: readonly Uint8Array[], start: number): number {
  for (let at = start; at < subjects.length; at += 1) {
    const order = Buffer.compare(subjects[at] ?? subject, subject)
    if (order === 0) return at
    if (order > 0) break
  }
  return subjects.length
}

/** Reads a whole list, strictly ascending and as long as announced. */
async function hearList(frames: FrameStream, beginning: SyncFrame): Promise<Uint8Array[]> {
  if (beginning.kind !== 'listing') throw new HostError('bad-sync', `${beginning.kind} instead of a list`)
  const subjects: Uint8Array[] = []
  while (subjects.length < beginning.count) {
    if (subjects.length > 0) await send(frames, { kind: 'next' })
    const frame = await next(frames)
    if (frame.kind !== 'subjects') throw new HostError('bad-sync', 'a list that ends early')
    for (const subject of frame.subjects) {
      const last = subjects.at(-1)
      if (last !== undefined && Buffer.compare(last, subject) >= 0) throw new HostError('bad-sync', 'a list out of order')
      subjects.push(subject)
    }
  }
  if (subjects.length > beginning.count) throw new HostError('bad-sync', 'a list that is longer than announced')
  return subjects
}

/** Asks for the revocations of these subjects, which the peer has listed, and takes each. */
async function fetch(frames: FrameStream, subjects: readonly Uint8Array[], parts: ExchangeParts): Promise<void> {
  for (let start = 0; start < subjects.length; start += SYNC_BATCH) {
    const batch = subjects.slice(start, start + SYNC_BATCH)
    await send(frames, { kind: 'wants', subjects: batch })
    for (const subject of batch) await takeNext(frames, subject, parts)
  }
}

async function takeNext(frames: FrameStream, subject: Uint8Array, parts: ExchangeParts): Promise<void> {
  const bytes = await frames.read()
  // an end between two frames is a choice, where the connection lives on
  const frame = bytes === undefined ? undefined : decodeSync(bytes)
  if (frame?.kind !== 'revocation') throw new HostError('bad-sync', 'an announced revocation that does not come')
  const claim = parts.ledger.claimOf(frame.bytes)
  if (claim === undefined || claim.isForeign || Buffer.compare(claim.subject, subject) !== 0)
    throw new HostError('bad-sync', 'a revocation that is not the announced one')
  const verdict = await parts.take(frame.bytes)
  if (verdict === 'new' || verdict === 'known') return
  if (verdict === 'malformed' || verdict === 'foreign' || verdict === 'forged')
    throw new HostError('bad-sync', `a revocation that is ${verdict}`)
  // Who is a member, and how many each may revoke, this node judges by what it knows: the peer may be honest.
  parts.count('revocation-ignored')
  parts.useless.note(subject)
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
