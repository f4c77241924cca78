import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { HostError } from '../../src/host/host-error.ts'
import { lengthDecoder } from '../../src/host/length-decoder.ts'
import { hungUp, multistreamLine, openSocket } from '../e2e/raw-client.ts'
import { testHost } from './testing.ts'

/** Unsigned LEB128, by the book. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt(value)
  do {
    const low = Number(rest & 127n)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 128 : low)
  } while (rest > 0n)
  return Uint8Array.from(bytes)
}

test('a length is read when it is whole, asks for more until then, and is refused above the limit', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (one, other) => {
      const [value, most] = [Math.min(one, other), Math.max(one, other)]
      const decode = lengthDecoder(most)
      const whole = varint(value)
      assert.equal(decode(whole), value)
      assert.equal(decode(new Uint8ArrayList(...Array.from(whole, (byte) => Uint8Array.of(byte)))), value)
      for (let length = 0; length < whole.length; length += 1) assert.throws(() => decode(whole.subarray(0, length)), RangeError)
      if (most > value) assert.throws(() => lengthDecoder(value)(varint(most)), isTooLarge)
    }),
  )
})

function isTooLarge(error: unknown): boolean {
  return error instanceof HostError && error.code === 'frame-too-large'
}

test('a length that never ends is refused after as many bytes as the limit needs', () => {
  for (const [limit, bytes] of [
    [127, 1],
    [1024, 2],
    [65_536, 3],
  ] as const) {
    assert.throws(() => lengthDecoder(limit)(new Uint8Array(bytes - 1).fill(0xff)), RangeError)
    assert.throws(() => lengthDecoder(limit)(new Uint8Array(bytes).fill(0xff)), isTooLarge)
  }
})

/** Writes for as long as the other side takes it. */
function pour(socket: Socket, block: Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(block));
  }
  socket.on('error', () => undefined).on('drain', more)
  more()
}

const MEGABYTE = 1 << 20
/** A peer that pours this in before the secure channel is cut off within this, ms: it took seconds, and everybody waited. */
const WITHIN_MS = 2_000
const FLOODS = [
  ['an endless length', Buffer.alloc(MEGABYTE, 0xff)],
  ['questions without end', Buffer.concat(Array.from({ length: MEGABYTE / 4 }, () => multistreamLine('ls')))],
] as const

for (const [name, block] of FLOODS) {
  test(`${name} from somebody who dials us`, async (t) => {
    const host = await testHost()
    t.after(() => host.stop())
    await host.start()
    const port = Number(/tcp\/(\d+)/.exec(host.getMultiaddrs()[0]?.toString() ?? '')?.[1])
    const started = performance.now()
    const sockets = await Promise.all(Array.from({ length: 4 }, () => openSocket(port, '127.0.0.2')))
    await Promise.all(
      sockets.map((socket) => {
        const closed = hungUp(socket)
        pour(socket, block)
        return closed
      }),
    )
    const tookMs = performance.now() - started
    assert.ok(tookMs < WITHIN_MS, `${tookMs} ms`)
  })
}

test('an endless length from somebody whom we dial', async (t: TestContext) => {
  const host = await testHost()
  const server = createServer((socket) => pour(socket, Buffer.alloc(MEGABYTE, 0xff)))
  t.after(async () => {
    server.close()
    await host.stop()
  })
  await host.start()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const started = performance.now()
  await assert.rejects(host.dial(multiaddr(`/ip4/127.0.0.1/tcp/${address.port}`)))
  assert.ok(performance.now() - started < WITHIN_MS)
})
