import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ChannelRefusal } from '../../src/channel/refusal.ts'
import { seeded } from '../crypto/backends.ts'
import { meet, outcomes, reportedTypes, sessionIn } from './meeting.ts'
import { flipped, tampered } from './middle.ts'
import { ended, Inbox, streamPair } from './stream-pair.ts'
import { makeEnd } from './two-ends.ts'

/* Somebody on the wire of an established session. What is delivered is always the unbroken beginning of what was sent. */

type Attack = (frames: Uint8Array[], at: number) => Uint8Array[]

const ATTACKS: Readonly<Record<string, Attack>> = {
  'a changed byte': (frames, at) =>
    frames.map((frame, index) => (index === at ? flipped(frame, 2 + (at % (frame.length - 2))) : frame)),
  'a shorter record': (frames, at) =>
    frames.map((frame, index) => {
      if (index !== at) return frame
      const cut = Uint8Array.from(frame.subarray(0, -1))
      new DataView(cut.buffer).setUint16(0, cut.length - 2)
      return cut
    }),
  'a repeated record': (frames, at) => frames.flatMap((frame, index) => (index === at ? [frame, frame] : [frame])),
  'a record left out': (frames, at) => frames.filter((_, index) => index !== at),
  'two records swapped': (frames, at) => {
    const [one, other] = [frames[at], frames[at + 1]]
    return one === undefined || other === undefined ? [] : [...frames.slice(0, at), other, one, ...frames.slice(at + 2)]
  },
  'a record of nothing': (frames, at) => [...frames.slice(0, at), Uint8Array.of(0, 0), ...frames.slice(at)],
}

for (const [what, attack] of Object.entries(ATTACKS)) {
  test(`${what} ends the session: what came before it is all that is delivered`, async (t) => {
    const count = 8
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: count - 2 }), async (at) => {
        const held: Uint8Array[] = []
        const [one, other] = tampered(({ framed }) => {
          held.push(framed)
          return held.length < count ? undefined : Buffer.concat(attack(held, at))
        })
        const [near, far] = streamPair([one, other])
        const inbox = new Inbox(far.stream)
        const over = ended(far.stream)
        const sent = Array.from({ length: count }, (_, index) => new Uint8Array(50).fill(index))
        for (const chunk of sent) {
          near.stream.send(chunk)
          // a turn for each, so that each is a record
          await new Promise((resolve) => setImmediate(resolve))
        }
        const error = await over
        assert(error instanceof ChannelRefusal && error.code === 'record-damaged')
        assert.equal(far.damages.length, 1)
        const whole = Buffer.concat(sent)
        assert(whole.subarray(0, inbox.length).equals(inbox.all))
        assert(inbox.length <= 50 * (at + 1))
        assert.equal(far.stream.status, 'aborted')
      }),
      seeded(t, 8),
    )
  })
}

test('a damaged record of a real session is reported once, and the session is over at both ends', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  let damage = false
  const wires = tampered(({ letter, framed }) => (damage && letter === 'record' ? flipped(framed, 20) : framed))
  const { initiator, responder } = await meet(a, b, wires)
  const [ours, theirs] = [sessionIn(initiator).secured.connection, sessionIn(responder).secured.connection]
  const inbox = new Inbox(theirs)
  ours.send(Buffer.from('good'))
  assert.equal((await inbox.until(4)).toString(), 'good')
  damage = true
  const over = Promise.all([ended(ours), ended(theirs)])
  ours.send(Buffer.from('bad'))
  const [, error] = await over
  assert(error instanceof ChannelRefusal && error.code === 'record-damaged')
  assert.deepEqual(reportedTypes(b), ['completed', 'accepted', 'damaged'])
  assert.deepEqual(reportedTypes(a), ['completed', 'pin-learned', 'accepted'])
  assert.equal(inbox.all.toString(), 'good')
})

test('early data of an initiator whose C is refused reaches nobody', async () => {
  const [a, b] = [await makeEnd(), await makeEnd({ admit: () => 'not-admitted' })]
  const [one, other] = tampered(({ framed }) => framed)
  const answered = b.encrypter.secureInbound(other).then(
    () => 'session',
    (error) => {
      other.abort(error)
      return error.code
    },
  )
  const { connection } = await a.encrypter.secureOutbound(one)
  const over = ended(connection)
  connection.send(Buffer.from('early'))
  assert.equal(await answered, 'not-admitted')
  const error = await over
  assert(error instanceof ChannelRefusal && error.code === 'not-admitted' && error.by === 'peer')
})

test('early data of an accepted initiator is the first that the responder reads', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  const [one, other] = tampered(({ framed }) => framed)
  const [{ connection }, answered] = await Promise.all([
    a.encrypter.secureOutbound(one).then((secured) => {
      secured.connection.send(Buffer.from('early'))
      return secured
    }),
    b.encrypter.secureInbound(other),
  ])
  const inbox = new Inbox(answered.connection)
  connection.send(Buffer.from(' and late'))
  assert.equal((await inbox.until(14)).toString(), 'early and late')
})

test('an early record that is damaged ends the session after it was reported', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  const wires = tampered(({ letter, framed }) => {
    // C and a record of rubbish in one write, so that the responder has both when it has judged C
    return letter === 'C' ? Buffer.concat([framed, Uint8Array.of(0, 20), new Uint8Array(20)]) : framed
  })
  const both = outcomes(await meet(a, b, wires))
  assert.equal(both[1], 'session')
  assert.deepEqual(reportedTypes(b), ['completed', 'accepted', 'damaged'])
})
