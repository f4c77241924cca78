import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { FrameSplitter, frame } from '../../src/channel/frames.ts'
import { seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { framed, PlainFrames } from './middle.ts'

const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.integer({ min: 0, max: 700 }).map((length) => new Uint8Array(length).fill(length)),
)

function drain(splitter: FrameSplitter): string[] {
  const found: string[] = []
  for (let next = splitter.next(); next !== undefined; next = splitter.next()) found.push(toHex(next))
  return found
}

test('however a stream is cut, the frames come out as a plain splitter gives them', (t) => {
  const cuts = fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 60 })
  fc.assert(
    fc.property(fc.array(body, { maxLength: 20 }), cuts, fc.boolean(), fc.boolean(), (bodies, sizes, asLists, late) => {
      const wire = Buffer.concat(bodies.map(framed))
      const [splitter, plain] = [new FrameSplitter(), new PlainFrames()]
      const [ours, theirs]: [string[], string[]] = [[], []]
      let at = 0
      for (const size of [...sizes, wire.length]) {
        const chunk = wire.subarray(at, at + size)
        at += chunk.length
        const half = chunk.length >> 1
        splitter.push(asLists ? new Uint8ArrayList(chunk.subarray(0, half), chunk.subarray(half)) : chunk)
        if (!late) ours.push(...drain(splitter))
        theirs.push(...plain.add(chunk).map((whole) => toHex(whole.subarray(2))))
      }
      ours.push(...drain(splitter))
      assert.deepEqual(ours, theirs)
      assert.deepEqual(ours, bodies.map(toHex))
      assert.equal(splitter.announced, undefined)
    }),
    seeded(t, 300),
  )
})

test('a byte at a time, through the largest frame', () => {
  const largest = new Uint8Array(65_535).map((_, index) => index * 7)
  const splitter = new FrameSplitter()
  const wire = Buffer.concat([framed(largest), framed(Uint8Array.of(9))])
  const found: string[] = []
  for (const byte of wire) {
    splitter.push(Uint8Array.of(byte))
    found.push(...drain(splitter))
  }
  assert.deepEqual(found, [toHex(largest), '09'])
})

test('the length of a frame is known before its body', () => {
  const splitter = new FrameSplitter()
  assert.equal(splitter.announced, undefined)
  splitter.push(Uint8Array.of(0xff))
  assert.equal(splitter.announced, undefined)
  splitter.push(Uint8Array.of(0xfe))
  assert.equal(splitter.announced, 65_534)
  assert.equal(splitter.next(), undefined)
})

test('a frame is its length and its body', () => {
  assert.equal(toHex(frame(new Uint8Array(258).fill(1)).subarray(0, 3)), '010201')
  assert.equal(toHex(frame(new Uint8Array(0))), '0000')
})
