import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { frame } from '../../src/channel/frames.ts'
import { KeyMaterial } from '../../src/channel/key-material.ts'
import { X0_PROTOCOL } from '../../src/channel/profile.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openNetwork } from '../../src/trust/open-network.ts'
import { makeEnd } from '../channel/two-ends.ts'
import { until } from '../host/testing.ts'
import { type Daemon, start } from './daemon.ts'
import { choosing, hungUp, meetRaw, multistreamLine, openSocket } from './raw-client.ts'

/** `security.handshake.timeoutMs`, and libp2p's own bound for what comes before the handshake (host/limits.ts). */
const HANDSHAKE_MS = 5_000
const UPGRADE_MS = 8_000
const SLACK_MS = 3_000
const ROUNDS = 6
/** Resident, bytes: the heap's own ups and downs. What so many peers could leave behind at their limits is a multiple of it. */
const MOST_GROWTH = 40e6

const { ephemeralKey, kemKey } = new KeyMaterial(nativeBackend(), systemClock).take('initiator')
const messageA = Buffer.concat([ephemeralKey.publicKey, kemKey.encapsulationKey])

/** `messageA` with `bytes` at `offset`. */
function changedA(offset: number, bytes: Uint8Array): Buffer {
  const changed = Buffer.from(messageA)
  changed.set(bytes, offset)
  return changed
}

async function trickle(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (const byte of bytes) {
    if (socket.destroyed) return
    socket.write(Uint8Array.of(byte))
    await setTimeout(50)
  }
}

interface Hostile {
  readonly name: string
  /** The refusal that x0_handshake_refusals_total counts; undefined where the peer never chose our protocol. */
  readonly result: string | undefined
  /** The node hangs up within this, ms. */
  readonly withinMs: number
  /** And not sooner. */
  readonly notBeforeMs?: number
  act(socket: Socket): void
}

/** After message B, whatever it is, `body` goes out as message C. */
function answerB(socket: Socket, body: Uint8Array): void {
  let heard = 0
  socket.on('data', (data: Buffer) => {
    heard += data.length
    if (heard > 2_000 && heard - data.length <= 2_000) socket.write(frame(body))
  })
  socket.write(Buffer.concat([choosing(X0_PROTOCOL), frame(messageA)]))
}

const HOSTILE: readonly Hostile[] = [
  { name: 'says nothing', result: undefined, withinMs: UPGRADE_MS + SLACK_MS, notBeforeMs: HANDSHAKE_MS, act: () => undefined },
  {
    name: 'speaks no multistream',
    result: undefined,
    withinMs: SLACK_MS,
    act: (socket) => socket.write(Buffer.alloc(2_000, 0x16)),
  },
  {
    name: 'sends an endless line',
    result: undefined,
    withinMs: SLACK_MS,
    act: (socket) => socket.write(Buffer.alloc(100_000, 0xff)),
  },
  {
    name: 'asks for the list of protocols again and again',
    result: undefined,
    withinMs: SLACK_MS,
    act: (socket) =>
      socket.write(
        Buffer.concat([multistreamLine('/multistream/1.0.0'), ...Array.from({ length: 100 }, () => multistreamLine('ls'))]),
      ),
  },
  {
    name: 'asks for protocols that are not offered, and stays',
    result: undefined,
    withinMs: UPGRADE_MS + SLACK_MS,
    act: (socket) => socket.write(Buffer.concat([choosing('/noise'), multistreamLine('/tls/1.0.0')])),
  },
  {
    name: 'chooses our protocol and falls silent',
    result: 'timeout',
    withinMs: HANDSHAKE_MS + SLACK_MS,
    notBeforeMs: HANDSHAKE_MS - 500,
    act: (socket) => socket.write(choosing(X0_PROTOCOL)),
  },
  {
    name: 'sends message A a byte at a time',
    result: 'timeout',
    withinMs: HANDSHAKE_MS + SLACK_MS,
    notBeforeMs: HANDSHAKE_MS - 500,
    act: (socket) => {
      socket.write(choosing(X0_PROTOCOL))
      void trickle(socket, frame(messageA))
    },
  },
  {
    name: 'sends message A and nothing more',
    result: 'timeout',
    withinMs: HANDSHAKE_MS + SLACK_MS,
    notBeforeMs: HANDSHAKE_MS - 500,
    act: (socket) => socket.write(Buffer.concat([choosing(X0_PROTOCOL), frame(messageA)])),
  },
  {
    name: 'announces the longest message A there is',
    result: 'malformed-message',
    withinMs: SLACK_MS,
    act: (socket) => socket.write(Buffer.concat([choosing(X0_PROTOCOL), Uint8Array.of(0xff, 0xff), messageA])),
  },
  {
    name: 'sends a short message A',
    result: 'malformed-message',
    withinMs: SLACK_MS,
    act: (socket) => socket.write(Buffer.concat([choosing(X0_PROTOCOL), frame(messageA.subarray(1))])),
  },
  {
    name: 'sends an encapsulation key that fails the modulus check',
    result: 'bad-encapsulation-key',
    withinMs: SLACK_MS,
    act: (socket) => socket.write(Buffer.concat([choosing(X0_PROTOCOL), frame(changedA(32, Uint8Array.of(0xff, 0xff, 0xff)))])),
  },
  {
    name: 'sends an X25519 key of small order',
    result: 'all-zero-secret',
    withinMs: SLACK_MS,
    act: (socket) => socket.write(Buffer.concat([choosing(X0_PROTOCOL), frame(changedA(0, new Uint8Array(32)))])),
  },
  {
    name: 'answers message B with garbage',
    result: 'decrypt-failed',
    withinMs: SLACK_MS,
    act: (socket) => answerB(socket, randomFillSync(Buffer.alloc(5_600))),
  },
  {
    name: 'answers message B with more than a payload may have',
    result: 'payload-too-large',
    withinMs: SLACK_MS,
    act: (socket) => answerB(socket, Buffer.alloc(40_000)),
  },
  {
    name: 'hangs up in the middle of message A',
    result: 'closed',
    withinMs: SLACK_MS,
    act: (socket) => socket.end(Buffer.concat([choosing(X0_PROTOCOL), frame(messageA).subarray(0, 700)])),
  },
]

/** All of them at once, each from an address of its own, so that no cap hides what is refused. */
async function attack(node: Daemon, round: number): Promise<void> {
  await Promise.all(
    HOSTILE.map(async (hostile, index) => {
      const socket = await openSocket(node.port, `127.0.${round + 1}.${index + 10}`)
      const over = hungUp(socket)
      hostile.act(socket)
      const { afterMs } = await over
      assert.ok(afterMs < hostile.withinMs, `a peer that ${hostile.name} is cut off only after ${afterMs.toFixed(0)} ms`)
      assert.ok(afterMs > (hostile.notBeforeMs ?? 0), `a peer that ${hostile.name} gets only ${afterMs.toFixed(0)} ms`)
    }),
  )
}

const openFiles = async (node: Daemon): Promise<number> => (await readdir(`/proc/${node.api.pid}/fd`)).length

test('slow, silent, oversize and garbage peers are cut off, each counted by its reason, and cost nothing that stays', async (t) => {
  const node = await start(t, { measured: true })
  const honest = await makeEnd({ networkId: openNetwork(nativeBackend()).id })
  const [address = ''] = node.api.addresses
  const meet = async (): Promise<void> => {
    assert.equal((await meetRaw(honest.encrypter, address, '127.0.0.3')).pqAuthenticated, true)
  }
  await meet()
  const { rss: before } = (await node.status()).memoryBytes
  const filesBefore = await openFiles(node)
  await Promise.all(Array.from({ length: ROUNDS }, (_, round) => attack(node, round)))
  // and honest peers still get in
  await meet()

  for (const code of new Set(HOSTILE.map(({ result }) => result))) {
    if (code === undefined) continue
    const expected = ROUNDS * HOSTILE.filter(({ result }) => result === code).length
    assert.equal(await node.metric('x0_handshake_refusals_total', { code }), expected, code)
  }
  // those that never began a handshake are in here too; the two honest ones hung up before the muxer, but were known
  assert.equal(await node.metric('x0_peer_faults_total', { fault: 'inbound-unfinished' }), ROUNDS * HOSTILE.length)
  assert.equal(await node.metric('x0_handshakes_shed_total'), 0)
  await until('no socket is left', async () => (await openFiles(node)) <= filesBefore)
  const { rss: after } = (await node.status()).memoryBytes
  t.diagnostic(
    `${ROUNDS * HOSTILE.length} hostile peers; resident ${Math.round(before / 1e6)} MB, then ${Math.round(after / 1e6)} MB; ${filesBefore} open files before and after`,
  )
  assert.ok(after - before < MOST_GROWTH, `${after - before} bytes more`)
  assert.ok(node.alive)
})
