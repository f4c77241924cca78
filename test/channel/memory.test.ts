import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { NATIVE } from '../crypto/backends.ts'
import { makeDoor, received } from './at-the-door.ts'
import { answer, dial, outcome } from './meeting.ts'
import { framed } from './middle.ts'
import { record } from './recorded.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes in use once what is garbage has gone. */
async function inUse(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test('thousands of refused handshakes, in both roles and from many addresses, leave no memory behind', async (t) => {
  const { initiator, responder, frames } = await record(NATIVE)
  const door = await makeDoor()
  let count = 0
  const wires = () => {
    count += 1
    // more addresses than are remembered, over and over
    const remoteAddr = multiaddr(`/ip4/10.${(count >> 16) & 255}.${(count >> 8) & 255}.${count & 255}/tcp/4000`)
    return multiaddrConnectionPair({ inbound: { remoteAddr }, outbound: { remoteAddr } })
  }
  const kinds: readonly (() => Promise<string>)[] = [
    // a stranger that sends rubbish
    async () => {
      const [theirs, ours] = wires()
      theirs.send(framed(new Uint8Array(1_000)))
      return outcome(await answer(responder, ours))
    },
    // one that announces a frame of 64 KiB
    async () => {
      const [theirs, ours] = wires()
      theirs.send(Uint8Array.of(0xff, 0xff, 0))
      return outcome(await answer(responder, ours))
    },
    // one that goes on to B and leaves
    async () => {
      const [theirs, ours] = wires()
      theirs.addEventListener('message', () => theirs.abort(new Error('seen enough')))
      theirs.send(frames.A)
      return outcome(await answer(responder, ours))
    },
    // the same at the join door
    async () => {
      const [theirs, ours] = wires()
      theirs.addEventListener('message', () => theirs.abort(new Error('seen enough')))
      theirs.send(frames.A)
      return await received(door, ours)
    },
    // a dialled peer that answers nonsense
    async () => {
      const [ours, theirs] = wires()
      theirs.addEventListener('message', () => theirs.send(framed(new Uint8Array(1_300).fill(9))), { once: true })
      return outcome(await dial(initiator, ours))
    },
  ]
  const refuse = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      const codes = await Promise.all(kinds.map((kind) => kind()))
      assert(!codes.includes('session'))
      assert(!codes.includes('finished'))
      initiator.events.length = 0
      door.end.events.length = 0
      responder.events.length = 0
    }
  }
  // fills the bounded tables and warms up what compiles
  await refuse(1_500)
  const before = await inUse()
  await refuse(1_500)
  const grown = (await inUse()) - before
  t.diagnostic(`${count} handshakes refused; grown by ${(grown / 1024).toFixed(0)} KiB over the last 7,500`)
  assert(grown < 1_500_000, `${grown} bytes more after 7,500 refused handshakes`)
  for (const { context } of [responder, door.end]) assert.equal(context.gate.underWay, 0)
})
