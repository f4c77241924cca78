import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { PlainFrames } from './middle.ts'
import { ended, Inbox, sendAll, still, streamEnd, streamPair, watchWrites } from './stream-pair.ts'
import { rawPair } from './two-ends.ts'

function filled(length: number, byte = 7): Uint8Array {
  return new Uint8Array(length).fill(byte)
}

test('a lone send is on the carrier before send returns', () => {
  const wires = rawPair()
  const writes = watchWrites(wires[0])
  const [{ stream }] = streamPair(wires)
  stream.send(filled(5))
  assert.equal(writes.length, 1)
  assert.equal(writes[0]?.length, 5 + 18)
})

test('the sends of one turn: the first at once, the others joined into one write and one record', async () => {
  const wires = rawPair()
  const writes = watchWrites(wires[0])
  const [{ stream }, far] = streamPair(wires)
  const inbox = new Inbox(far.stream)
  for (let byte = 0; byte < 20; byte += 1) stream.send(filled(10, byte))
  assert.deepEqual(
    writes.map((write) => write.length),
    [28],
  )
  await inbox.until(200)
  assert.deepEqual(
    writes.map((write) => write.length),
    [28, 190 + 18],
  )
  assert.deepEqual(inbox.all, Buffer.concat(Array.from({ length: 20 }, (_, byte) => filled(10, byte))))
})

test('one large send is one write of several records', async () => {
  const wires = rawPair()
  const writes = watchWrites(wires[0])
  const [{ stream }, far] = streamPair(wires)
  const inbox = new Inbox(far.stream)
  stream.send(filled(300_000))
  assert.equal(writes.length, 1)
  assert.equal(new PlainFrames().add(writes[0] ?? filled(0)).length, 5)
  assert.equal((await inbox.until(300_000)).length, 300_000)
})

test('a sender that never yields is told to wait all the same', async () => {
  const wires = rawPair()
  const writes = watchWrites(wires[0])
  const [{ stream }, far] = streamPair(wires)
  const inbox = new Inbox(far.stream)
  let sent = 0
  do sent += 1_000
  while (stream.send(filled(1_000)) && sent < 100_000_000)
  assert(sent <= 1_000_000, `${sent} bytes in one turn`)
  await stream.onDrain()
  assert.equal((await inbox.until(sent)).length, sent)
  assert(writes.length < 10)
})

test('a reader that stops keeps a well-mannered sender bounded, and loses nothing', async () => {
  const wires = rawPair()
  const [{ stream }, far] = streamPair(wires)
  const inbox = new Inbox(far.stream)
  far.stream.pause()
  const total = 20_000_000
  let sent = 0
  const sending = sendAll(
    stream,
    (function* () {
      for (; sent < total; sent += 20_000) yield filled(20_000, sent / 20_000)
    })(),
  )
  await still(() => sent)
  assert(sent < 2_000_000, `${sent} bytes went towards a reader that had stopped`)
  assert.equal(far.stream.status, 'open')
  far.stream.resume()
  await sending
  const all = await inbox.until(total)
  assert.equal(all.length, total)
  for (let at = 0; at < total; at += 20_000) assert.equal(all[at], (at / 20_000) & 0xff)
})

test('close sends what is queued, and the other end hears a clean end', async () => {
  const wires = rawPair()
  const [near, far] = streamPair(wires)
  const inbox = new Inbox(far.stream)
  const over = ended(far.stream)
  for (let part = 0; part < 40; part += 1) near.stream.send(filled(10_000, part))
  await near.stream.close()
  assert.equal(await over, undefined)
  assert.equal(inbox.length, 400_000)
  assert.equal(near.stream.status, 'closed')
  assert.throws(() => near.stream.send(filled(1)), { name: 'StreamStateError' })
  await near.stream.close()
})

test('from the first moment of close nothing more is taken', async () => {
  const [near, far] = streamPair(rawPair())
  const inbox = new Inbox(far.stream)
  near.stream.send(filled(10))
  const closing = near.stream.close()
  assert.throws(() => near.stream.send(filled(1)), { name: 'StreamStateError' })
  await closing
  assert.equal(inbox.length, 10)
})

test('close gives up where its signal says so, and abort still ends it', async () => {
  const [raw] = rawPair()
  const near = streamEnd(raw, 'initiator')
  near.stream.send(filled(10))
  await assert.rejects(near.stream.close({ signal: AbortSignal.timeout(5) }), { name: 'TimeoutError' })
  const over = ended(near.stream)
  near.stream.abort(new Error('enough'))
  assert.equal((await over)?.message, 'enough')
  assert.equal(raw.status, 'aborted')
})

test('close fails where the stream is cut before all was sent', async () => {
  const [raw] = rawPair()
  const near = streamEnd(raw, 'initiator')
  near.stream.send(filled(10))
  const closing = assert.rejects(near.stream.close(), /cut/)
  near.stream.abort(new Error('cut'))
  await closing
})

test('abort ends both ends, throws away what waits, and wakes who waits for drain', async () => {
  const [raw, otherRaw] = rawPair()
  const [near, far] = [streamEnd(raw, 'initiator'), streamEnd(otherRaw, 'responder')]
  far.start()
  const over = ended(far.stream)
  near.stream.send(filled(300_000))
  const drain = assert.rejects(near.stream.onDrain(), /no more/)
  near.stream.abort(new Error('no more'))
  await drain
  assert.equal((await over)?.name, 'StreamResetError')
  assert.equal(near.stream.writeBufferLength, 0)
  assert.equal(far.counts.received, 0)
  near.start()
  assert.equal(near.counts.sent, 0, 'keys that come too late send nothing')
})

test('before the keys: sends wait in order, and ask to wait beyond 256 KiB', async () => {
  const [raw, otherRaw] = rawPair()
  const [near, far] = [streamEnd(raw, 'initiator'), streamEnd(otherRaw, 'responder')]
  const inbox = new Inbox(far.stream)
  assert.equal(near.stream.send(filled(200_000, 1)), true)
  assert.equal(near.stream.send(filled(62_143, 2)), true)
  assert.equal(near.stream.send(filled(1, 3)), false)
  assert.equal(near.counts.sent, 0)
  far.start()
  const drained = near.stream.onDrain()
  near.start()
  await drained
  near.stream.send(filled(1, 4))
  const all = await inbox.until(262_145)
  assert.deepEqual([all[0], all[199_999], all[200_000], all[262_142], all[262_143], all[262_144]], [1, 1, 2, 2, 3, 4])
})

test('records that came with the end of the handshake wait for the keys', async () => {
  const [raw, otherRaw] = rawPair()
  const [near, far] = [streamEnd(raw, 'initiator'), streamEnd(otherRaw, 'responder')]
  near.start()
  near.stream.send(filled(1_000))
  await new Promise((resolve) => setImmediate(resolve))
  const inbox = new Inbox(far.stream)
  far.start()
  assert.equal((await inbox.until(1_000)).length, 1_000)
})

test('a half-closed carrier is passed on: the other direction goes on', async () => {
  const [raw, otherRaw] = rawPair()
  const [near, far] = streamPair([raw, otherRaw])
  const inbox = new Inbox(far.stream)
  let closedWrite = 0
  near.stream.addEventListener('remoteCloseWrite', () => {
    closedWrite += 1
  })
  raw.dispatchEvent(new Event('remoteCloseWrite'))
  assert.equal(closedWrite, 1)
  assert.equal(near.stream.remoteWriteStatus, 'closed')
  near.stream.send(filled(10))
  assert.equal((await inbox.until(10)).length, 10)
})

test('empty sends and empty records disturb nothing', async () => {
  const [near, far] = streamPair(rawPair())
  const inbox = new Inbox(far.stream)
  near.stream.send(filled(0))
  near.stream.send(filled(3))
  near.stream.send(filled(0))
  near.stream.send(filled(2))
  assert.equal((await inbox.until(5)).length, 5)
  assert.deepEqual([near.damages, far.damages], [[], []])
})

test('traffic is counted as it is on the wire, at both ends', async () => {
  const wires = rawPair()
  const writes = watchWrites(wires[0])
  const [near, far] = streamPair(wires)
  const inbox = new Inbox(far.stream)
  await sendAll(near.stream, [filled(1), filled(70_000), filled(5)])
  await inbox.until(70_006)
  const wire = writes.reduce((sum, write) => sum + write.length, 0)
  assert.deepEqual([near.counts.sent, far.counts.received], [wire, wire])
})

test('both directions, any sizes, small rekey limits: all arrives, and both ends count the same rekeys', async (t) => {
  const sizes = fc.array(fc.oneof(fc.nat({ max: 200 }), fc.integer({ min: 65_000, max: 66_000 })), {
    minLength: 1,
    maxLength: 25,
  })
  const limits = fc.record({ records: fc.integer({ min: 1, max: 7 }), bytes: fc.integer({ min: 50, max: 100_000 }) })
  await fc.assert(
    fc.asyncProperty(sizes, sizes, limits, async (there, back, rekey) => {
      const [one, other] = streamPair(rawPair(), rekey)
      const content = (lengths: number[]) => lengths.map((length, index) => filled(length, index + length))
      const [ours, theirs] = [new Inbox(one.stream), new Inbox(other.stream)]
      const [wanted, wantedBack] = [Buffer.concat(content(there)), Buffer.concat(content(back))]
      await Promise.all([sendAll(one.stream, content(there)), sendAll(other.stream, content(back))])
      assert.equal(toHex(await theirs.until(wanted.length)), toHex(wanted))
      assert.equal(toHex(await ours.until(wantedBack.length)), toHex(wantedBack))
      // an empty last record may be under way still: compare once everything has been received
      while (one.counts.sent !== other.counts.received || other.counts.sent !== one.counts.received) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      assert.equal(one.counts.rekeys, other.counts.rekeys)
      if (there.length > 3 * rekey.records) assert(one.counts.rekeys > 0 || rekey.records > 3)
      assert.deepEqual([one.damages, other.damages], [[], []])
    }),
    seeded(t, 25),
  )
})
