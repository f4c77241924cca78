import { randomFillSync } from 'node:crypto'
import { connect } from 'node:net'
import { frame } from '../../src/channel/frames.ts'
import { KeyMaterial } from '../../src/channel/key-material.ts'
import { X0_PROTOCOL } from '../../src/channel/profile.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { choosing } from './raw-client.ts'

/**
 * A program, so that its own work is not in anybody's event loop: node flooder.ts PORT FROM RATE SECONDS.
 * Each connection chooses the x0 protocol and sends a message A of real keys, which costs the responder a signature; half
 * of them answer message B with garbage, the other half with silence. Prints what it did as JSON.
 */
const [port = 0, , rate = 0, seconds = 0] = process.argv.slice(2).map(Number)
const from = process.argv[3] ?? '127.0.0.1'

const STEP_MS = 20
const { ephemeralKey, kemKey } = new KeyMaterial(nativeBackend(), systemClock).take('initiator')
const opening = Buffer.concat([choosing(X0_PROTOCOL), frame(Buffer.concat([ephemeralKey.publicKey, kemKey.encapsulationKey]))])
const garbage = frame(randomFillSync(Buffer.alloc(5_600)))
/** What the far end says in clear, before message B. */
const clearBytes = choosing(X0_PROTOCOL).length

const counts = { opened: 0, connected: 0, answered: 0, hungUp: 0 }

function bogus(index: number): void {
  counts.opened += 1
  let heard = 0
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  socket.on('error', () => undefined)
  socket.on('connect', () => {
    counts.connected += 1
    socket.write(opening)
  })
  socket.on('data', (data: Buffer) => {
    const before = heard
    heard += data.length
    if (before > clearBytes || heard <= clearBytes) return
    counts.answered += 1
    if (index % 2 === 0) socket.write(garbage)
  })
  socket.on('close', () => {
    counts.hungUp += 1
  })
}

const started = performance.now()
const timer = setInterval(() => {
  const elapsed = performance.now() - started
  const due = Math.min(rate * seconds, Math.floor((rate * elapsed) / 1000))
  while (counts.opened < due) bogus(counts.opened)
  if (elapsed < seconds * 1000) return
  clearInterval(timer)
  process.stdout.write(`${JSON.stringify(counts)}\n`, () => process.exit(0))
}, STEP_MS)
