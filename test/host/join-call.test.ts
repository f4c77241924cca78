import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import type { Door, DoorApplicant } from '../../src/channel/join-door.ts'
import { JOIN_VISIT_MS } from '../../src/channel/limits.ts'
import { JOIN_PROTOCOL, X0_PROTOCOL } from '../../src/channel/profile.ts'
import { ChannelRefusal } from '../../src/channel/refusal.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { joinerContext } from '../../src/host/channel-setup.ts'
import { HostError } from '../../src/host/host-error.ts'
import { callJoinDoor, type JoinCall } from '../../src/host/join-call.ts'
import { INBOUND_UPGRADE_TIMEOUT_MS } from '../../src/host/limits.ts'
import { generateNodeIdentity } from '../../src/identity/node-identity.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { until } from './testing.ts'
import { startX0Host, type X0Host } from './x0-host.ts'

/* The join door on a whole libp2p host, and a process that has nothing but an identity. */

const NETWORK_ID = new Uint8Array(32).fill(7)
const ANSWER = Buffer.alloc(200 * 1024, 'genesis and credential')

/** A process without a host, as `x0 join` is one on a fresh home. */
async function joiner(): Promise<{ context: JoinCall['context']; x0Id: string }> {
  const crypto = nativeBackend()
  const identity = await generateNodeIdentity(crypto, systemRandom)
  return { context: joinerContext({ crypto, identity, clock: systemClock }), x0Id: formatX0Id(identity.x0Id) }
}

function addressOf({ host }: X0Host): string {
  return host.getMultiaddrs()[0]?.toString() ?? ''
}

interface Watched {
  readonly host: X0Host
  readonly applicants: DoorApplicant[]
  /** Connections that libp2p ever opened. */
  readonly opened: () => number
}

async function watched(t: TestContext, behind: Partial<Door> = {}): Promise<Watched> {
  const applicants: DoorApplicant[] = []
  const host = await startX0Host(t, {
    joinDoor: {
      admit: () => undefined,
      async answer(request, applicant) {
        applicants.push(applicant)
        return await (behind.answer?.(request, applicant) ?? ANSWER)
      },
      ...(behind.admit === undefined ? {} : { admit: behind.admit }),
    },
  })
  let opened = 0
  host.host.addEventListener('connection:open', () => {
    opened += 1
  })
  return { host, applicants, opened: () => opened }
}

const soon = (): AbortSignal => AbortSignal.timeout(8_000)
const doorEvents = ({ channelEvents }: X0Host): string[] =>
  channelEvents.flatMap((event) => (event.type === 'door' ? [event.result] : []))

test('a visit over TCP: the answer comes whole, and libp2p knows nothing of it', async (t) => {
  const { host, applicants, opened } = await watched(t)
  const { context, x0Id } = await joiner()
  const call = { context, address: addressOf(host), x0Id: host.x0Id, networkId: NETWORK_ID, signal: soon() }
  for (const size of [0, 10, 32 * 1024]) {
    const { answer, remote } = await callJoinDoor({ ...call, request: new Uint8Array(size) })
    assert.equal(Buffer.compare(answer, ANSWER), 0)
    assert.deepEqual(remote, { peerId: host.host.peerId.toString(), x0Id: host.x0Id, networkId: NETWORK_ID })
  }
  await until('each visit is over', () => doorEvents(host).length === 3)
  assert.deepEqual(doorEvents(host), ['answered', 'answered', 'answered'])
  assert.deepEqual(new Set(applicants.map((applicant) => formatX0Id(applicant.x0Id))), new Set([x0Id]))
  assert.match(applicants[0]?.remoteAddress ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/)
  assert.equal(opened(), 0)
  assert.deepEqual([host.host.getConnections(), host.host.getPeers(), await host.host.peerStore.all()], [[], [], []])
  assert.deepEqual(host.events, [], 'nobody came up or went down')
  assert.deepEqual(host.faults, [], 'and nobody did anything wrong')
  assert.deepEqual(
    host.channelEvents.filter(({ type }) => type !== 'door'),
    [],
  )
})

test('a running node may call at a door too, and a joiner may know no more than an address', async (t) => {
  const { host, opened } = await watched(t, { answer: async (request) => request })
  const caller = await startX0Host(t)
  const request = Uint8Array.of(1, 2, 3)
  const [address = ''] = addressOf(host).split('/p2p/')
  const bare = { address, x0Id: undefined, networkId: undefined, request, signal: soon() }
  const { answer, remote } = await callJoinDoor({ ...bare, context: caller.channel.context })
  assert.deepEqual([...answer], [1, 2, 3])
  assert.deepEqual([remote.x0Id, Buffer.from(remote.networkId).toString('hex')], [host.x0Id, '07'.repeat(32)])
  assert.deepEqual([opened(), caller.host.getConnections().length], [0, 0])
})

test('each way a call fails has its name, at both ends', async (t) => {
  const { host, opened } = await watched(t, { admit: () => 'revoked' })
  const [{ context }, plain] = [await joiner(), await startX0Host(t)]
  const call = (change: Partial<JoinCall>) =>
    callJoinDoor({
      context,
      address: addressOf(host),
      x0Id: host.x0Id,
      networkId: NETWORK_ID,
      request: new Uint8Array(0),
      signal: soon(),
      ...change,
    })
  const refused = (code: ChannelRefusal['code'], by: ChannelRefusal['by']) => (error: unknown) =>
    error instanceof ChannelRefusal && error.code === code && error.by === by
  const failed = (code: HostError['code']) => (error: unknown) => error instanceof HostError && error.code === code
  await assert.rejects(call({}), refused('revoked', 'peer'))
  await assert.rejects(call({ x0Id: plain.x0Id }), refused('x0-id-mismatch', 'self'))
  await assert.rejects(call({ networkId: new Uint8Array(32).fill(1) }), refused('wrong-network', 'self'))
  const [address = ''] = addressOf(host).split('/p2p/')
  await assert.rejects(call({ address: `${address}/p2p/${plain.host.peerId}` }), refused('peer-id-mismatch', 'self'))
  await assert.rejects(call({ address: `${address}/p2p/nobody` }), failed('dial-failed'))
  await assert.rejects(call({ address: '/ip4/127.0.0.1/tcp/1' }), failed('dial-failed'))
  await assert.rejects(call({ address: 'somewhere' }), failed('dial-failed'))
  await assert.rejects(call({ address: addressOf(plain), x0Id: plain.x0Id }), failed('protocol-unsupported'))
  const refusals = (): string[] =>
    host.channelEvents.flatMap((event) => (event.type === 'refused' ? [`${event.by}:${event.code}`] : []))
  await until('the door has heard of all', () => refusals().length === 4)
  assert.deepEqual(refusals(), ['self:revoked', 'peer:x0-id-mismatch', 'peer:wrong-network', 'peer:peer-id-mismatch'])
  assert.deepEqual([opened(), doorEvents(host)], [0, []])
})

test('libp2p leaves a visit its time', () => {
  assert.ok(JOIN_VISIT_MS < INBOUND_UPGRADE_TIMEOUT_MS)
})

test('two nodes with doors meet over the x0 channel; a dial that finds nothing but a door ends there', async (t) => {
  const [dialler, answerer] = [await watched(t), await watched(t)]
  const connection = await dialler.host.host.dial(answerer.host.host.getMultiaddrs())
  assert.equal(connection.encryption, X0_PROTOCOL)
  assert.deepEqual([doorEvents(answerer.host), answerer.applicants], [[], []])

  const onlyDoor = await startX0Host(t, {
    interopOnly: true,
    joinDoor: { admit: () => undefined, answer: async () => ANSWER },
  })
  const peerId = onlyDoor.host.peerId.toString()
  const since = systemClock.monotonic()
  await assert.rejects(dialler.host.host.dial(multiaddr(addressOf(onlyDoor))))
  const refusal = dialler.host.channel.context.refusals.of({ peerId, addresses: [], since })
  assert.deepEqual([refusal?.code, refusal?.by], ['protocol-mismatch', 'self'])
  assert.deepEqual(dialler.host.host.getConnections(onlyDoor.host.peerId), [])
  assert.equal(onlyDoor.channel.encrypter(JOIN_PROTOCOL), undefined, 'no handshake is measured through a door')
  await until('the other end is rid of it', () => onlyDoor.host.getConnections().length === 0)
})
