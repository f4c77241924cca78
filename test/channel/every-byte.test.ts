import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { BACKENDS, NATIVE, PORTABLE } from '../crypto/backends.ts'
import { HandClock, hurried } from './hand-clock.ts'
import { answer, dial, meet, outcome, outcomes, reportedTypes } from './meeting.ts'
import { changing, flipped, type Letter, listening, PlainFrames, tampered } from './middle.ts'
import { type Recording, record } from './recorded.ts'
import { rawPair } from './two-ends.ts'

/*
 * No bit matters less than another. A recorded handshake is replayed against the end that made it, which has the same
 * ephemeral keys again, with one byte changed: so the byte, and nothing else, is what makes it fail.
 */

const AT_ONCE = 8

async function inBatches(positions: readonly number[], one: (position: number) => Promise<void>): Promise<void> {
  for (let at = 0; at < positions.length; at += AT_ONCE) await Promise.all(positions.slice(at, at + AT_ONCE).map(one))
}

/** A dialler that meets a responder which answers with this message B. */
async function dialInto({ initiator }: Recording, messageB: Uint8Array): Promise<string> {
  const [ours, theirs] = rawPair()
  theirs.addEventListener('message', () => theirs.send(messageB), { once: true })
  return outcome(await dial(initiator, ours))
}

/** A responder that is sent the recorded A and then this message C. @returns its outcome, and the frames it sent */
async function answerTo({ responder, frames }: Recording, messageC: Uint8Array): Promise<{ end: string; sent: Uint8Array[] }> {
  const [theirs, ours] = rawPair()
  const cut = new PlainFrames()
  const sent: Uint8Array[] = []
  theirs.addEventListener('message', ({ data }) => {
    sent.push(...cut.add(data.subarray()))
    if (sent.length === 1) theirs.send(messageC)
    else theirs.abort(new Error('the verdict is in'))
  })
  theirs.send(frames.A)
  return { end: outcome(await answer(responder, ours)), sent }
}

/** Positions behind the length prefix. */
function bodyPositions(frame: Uint8Array): number[] {
  return Array.from({ length: frame.length - 2 }, (_, index) => index + 2)
}

/** Each changed byte by an amount of its own, so that every bit has its turn. */
function difference(position: number): number {
  return 1 << (position % 8)
}

/** All positions on the native backend; on the portable one, which is ten times slower, a seeded sample. */
function chosen(frame: Uint8Array, backend: (typeof BACKENDS)[number], seed: number): number[] {
  const all = bodyPositions(frame)
  if (backend === NATIVE) return all
  return fc.sample(fc.constantFrom(...all), { numRuns: 60, seed })
}

for (const backend of BACKENDS) {
  const seed = Number(process.env.X0_SEED ?? Date.now() % 2 ** 31)
  const which = backend === NATIVE ? 'every' : 'a sampled'

  test(`${backend.name}: ${which} changed byte of message A ends at the dialler`, async (t) => {
    if (backend === PORTABLE) t.diagnostic(`X0_SEED=${seed}`)
    const recording = await record(backend)
    const { initiator, responder, frames } = recording
    // what the responder signs is never reached: the dialler's tag fails first, as the codes below say
    await inBatches(chosen(frames.A, backend, seed), async (position) => {
      const tamper = changing('A', (framed) => flipped(framed, position, difference(position)))
      const [ours, theirs] = outcomes(await meet(initiator, responder, tampered(tamper)))
      assert(
        (ours === 'self:decrypt-failed' && theirs === 'self:closed') ||
          (ours === 'self:closed' && theirs === 'self:bad-encapsulation-key' && position >= 34),
        `position ${position}: ${ours}, ${theirs}`,
      )
    })
    const types = [...reportedTypes(initiator), ...reportedTypes(responder)]
    assert.equal(types.length, 2 * chosen(frames.A, backend, seed).length)
    assert(
      types.every((type) => type.startsWith('refused:')),
      'one report an end and handshake, and never a session',
    )
  })

  test(`${backend.name}: ${which} changed byte of message B ends at the dialler, which sends no C`, async (t) => {
    if (backend === PORTABLE) t.diagnostic(`X0_SEED=${seed}`)
    const recording = await record(backend)
    const positions = chosen(recording.frames.B, backend, seed)
    await inBatches(positions, async (position) => {
      const end = await dialInto(recording, flipped(recording.frames.B, position, difference(position)))
      assert.equal(end, 'self:decrypt-failed', `position ${position}`)
    })
    assert.deepEqual(
      reportedTypes(recording.initiator),
      positions.map(() => 'refused:decrypt-failed'),
    )
  })

  test(`${backend.name}: ${which} changed byte of message C ends at the responder`, async (t) => {
    if (backend === PORTABLE) t.diagnostic(`X0_SEED=${seed}`)
    const recording = await record(backend)
    const positions = chosen(recording.frames.C, backend, seed)
    await inBatches(positions, async (position) => {
      const { end, sent } = await answerTo(recording, flipped(recording.frames.C, position, difference(position)))
      assert.equal(end, 'self:decrypt-failed', `position ${position}`)
      // past the static key both share a key, and the reason travels under it
      assert.equal(sent.length, position < 50 ? 1 : 2, `position ${position}`)
      assert.deepEqual(sent[0], recording.frames.B)
    })
    assert.deepEqual(
      reportedTypes(recording.responder),
      positions.map(() => 'refused:decrypt-failed'),
    )
  })

  test(`${backend.name}: every changed byte of a refusal notice ends at the responder, which does not take it for one`, async () => {
    const recording = await record(backend)
    const { initiator, responder } = recording
    initiator.context.pins.state(responder.identity.peerId, formatX0Id(new Uint8Array(32)), 'invite')
    const { tamper, heard } = listening()
    assert.deepEqual(outcomes(await meet(initiator, responder, tampered(tamper))), ['self:x0-id-mismatch', 'peer:x0-id-mismatch'])
    const notice = heard.find(({ letter }) => letter === 'C')?.framed
    assert(notice !== undefined)
    assert.equal(notice.length, 2 + 48 + 9 + 16)
    reportedTypes(responder)
    const replayed = await answerTo(recording, notice)
    assert.deepEqual([replayed.end, replayed.sent.length], ['peer:x0-id-mismatch', 1], 'unchanged it is one')
    await inBatches(bodyPositions(notice), async (position) => {
      const { end, sent } = await answerTo(recording, flipped(notice, position, difference(position)))
      assert.equal(end, 'self:decrypt-failed', `position ${position}`)
      assert.equal(sent.length, position < 50 ? 1 : 2, `position ${position}`)
    })
    assert.deepEqual(
      reportedTypes(responder).slice(1),
      bodyPositions(notice).map(() => 'refused:decrypt-failed'),
    )
  })

  test(`${backend.name}: the initiator learns of a changed C, by the verdict where there can be one`, async (t) => {
    t.diagnostic(`X0_SEED=${seed}`)
    const { initiator, responder, frames } = await record(backend)
    const [statics, payload] = [bodyPositions(frames.C).slice(0, 48), bodyPositions(frames.C).slice(48)]
    const sampled = (positions: number[], runs: number) => fc.sample(fc.constantFrom(...positions), { numRuns: runs, seed })
    for (const [positions, expected] of [
      [sampled(statics, 12), 'self:no-verdict'],
      [sampled(payload, 24), 'peer:decrypt-failed'],
    ] as const) {
      await inBatches(positions, async (position) => {
        const tamper = changing('C', (framed) => flipped(framed, position, difference(position)))
        const both = outcomes(await meet(initiator, responder, tampered(tamper)))
        assert.deepEqual(both, [expected, 'self:decrypt-failed'], `position ${position}`)
      })
    }
    assert.equal(reportedTypes(initiator).filter((type) => type.startsWith('refused')).length, 36)
  })

  test(`${backend.name}: every changed byte of the verdict ends the dialler's session before it is accepted`, async () => {
    const { initiator, responder, frames } = await record(backend)
    await inBatches(bodyPositions(frames.verdict), async (position) => {
      const tamper = changing('verdict', (framed) => flipped(framed, position, difference(position)))
      const { initiator: ours } = await meet(initiator, responder, tampered(tamper))
      assert.equal(outcome(ours), 'self:record-damaged', `position ${position}`)
    })
    assert(!reportedTypes(initiator).includes('accepted'))
  })
}

test('a byte more or less, in any message, never makes a session', async () => {
  const { initiator, responder } = await record(NATIVE)
  const expected: Record<string, readonly [string, string]> = {
    'A shorter': ['self:closed', 'self:malformed-message'],
    'A longer': ['self:closed', 'self:malformed-message'],
    'B shorter': ['self:decrypt-failed', 'self:closed'],
    'B longer': ['self:decrypt-failed', 'self:closed'],
    'C shorter': ['peer:decrypt-failed', 'self:decrypt-failed'],
    'C longer': ['peer:decrypt-failed', 'self:decrypt-failed'],
    'verdict shorter': ['self:record-damaged', 'session'],
    'verdict longer': ['self:record-damaged', 'session'],
  }
  for (const letter of ['A', 'B', 'C', 'verdict'] as const) {
    for (const [size, by] of [
      ['shorter', -1],
      ['longer', 1],
    ] as const) {
      const tamper = changing(letter, (framed) => {
        const changed = new Uint8Array(framed.length + by)
        changed.set(framed.subarray(0, changed.length))
        new DataView(changed.buffer).setUint16(0, changed.length - 2)
        return changed
      })
      const both = outcomes(await meet(initiator, responder, tampered(tamper)))
      assert.deepEqual(both, expected[`${letter} ${size}`], `${letter} ${size}`)
    }
  }
})

test('a changed length prefix makes a frame too large, too short, or one that never ends', async () => {
  const clock = new HandClock()
  const { initiator, responder } = await record(NATIVE, clock)
  const prefix = async (letter: Letter, length: number): Promise<[string, string]> => {
    const tamper = changing(letter, (framed) => {
      const changed = Uint8Array.from(framed)
      new DataView(changed.buffer).setUint16(0, length)
      return changed
    })
    return outcomes(await meet(initiator, responder, tampered(tamper)))
  }
  // refused by its announcement: nobody waits for 64 KiB to come
  assert.deepEqual(await prefix('A', 0xffff), ['self:closed', 'self:malformed-message'])
  assert.deepEqual(await prefix('A', 1_217), ['self:closed', 'self:malformed-message'])
  assert.deepEqual(await prefix('B', 0xffff), ['self:payload-too-large', 'self:closed'])
  assert.deepEqual(await prefix('C', 0xffff), ['self:no-verdict', 'self:payload-too-large'])
  assert.deepEqual(await prefix('A', 0), ['self:closed', 'self:malformed-message'])
  assert.deepEqual(await prefix('B', 0), ['self:malformed-message', 'self:closed'])
  assert.deepEqual(await prefix('C', 0), ['self:no-verdict', 'self:malformed-message'])
  assert.deepEqual(await prefix('verdict', 0), ['self:record-damaged', 'session'])
  assert.deepEqual(await prefix('B', 1_183), ['self:malformed-message', 'self:closed'])
  assert.deepEqual(await prefix('B', 1_199), ['self:decrypt-failed', 'self:closed'])
  // both have the same deadline: one end runs into it, the other finds it gone
  assert((await hurried(clock, prefix('C', 6_000))).includes('self:timeout'))
  assert((await hurried(clock, prefix('B', 7_000))).includes('self:timeout'))
  assert(!reportedTypes(initiator).includes('accepted'))
})

test('messages swapped, repeated or left out never make a session', async () => {
  const clock = new HandClock()
  const { initiator, responder, frames } = await record(NATIVE, clock)
  const replaced = async (letter: Letter, by: Uint8Array | undefined): Promise<[string, string]> =>
    outcomes(await meet(initiator, responder, tampered(changing(letter, () => by))))
  const twice = (frame: Uint8Array): Uint8Array => Buffer.concat([frame, frame])

  assert.deepEqual(await replaced('A', frames.C), ['self:closed', 'self:malformed-message'])
  assert.deepEqual(await replaced('A', frames.B), ['self:closed', 'self:malformed-message'])
  assert.deepEqual(await replaced('B', frames.A), ['self:decrypt-failed', 'self:closed'])
  assert.deepEqual(await replaced('B', frames.C), ['self:decrypt-failed', 'self:closed'])
  assert.deepEqual(await replaced('C', frames.A), ['self:no-verdict', 'self:decrypt-failed'])
  assert.deepEqual(await replaced('C', frames.B), ['self:no-verdict', 'self:decrypt-failed'])
  // the second A is read where C should stand, the second B where the verdict should, the second C as a record
  const [ours, theirs] = await replaced('A', twice(frames.A))
  assert.match(ours, /^self:(closed|no-verdict)$/)
  assert.equal(theirs, 'self:decrypt-failed')
  assert.equal((await replaced('B', twice(frames.B)))[0], 'self:record-damaged')
  assert.deepEqual(await replaced('C', twice(frames.C)), ['session', 'session'])
  assert.deepEqual(await replaced('verdict', twice(frames.verdict)), ['session', 'session'])
  for (const letter of ['A', 'B', 'C', 'verdict'] as const) {
    assert((await hurried(clock, replaced(letter, undefined))).includes('self:timeout'), `${letter} left out`)
  }
  assert(reportedTypes(responder).includes('damaged'), 'a repeated C must end the session it follows')
  assert(reportedTypes(initiator).includes('damaged'), 'a repeated verdict must end the session it follows')
})
