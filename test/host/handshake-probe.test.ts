import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { X0_PROTOCOL } from '../../src/channel/profile.ts'
import { ChannelRefusal } from '../../src/channel/refusal.ts'
import { type ProbeTarget, probeHandshake } from '../../src/host/handshake-probe.ts'
import { HostError } from '../../src/host/host-error.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { testHost, until } from './testing.ts'
import { startX0Host, type X0Host } from './x0-host.ts'

const OTHER_X0_ID = formatX0Id(new Uint8Array(32).fill(9))

function encrypterOf({ channel }: X0Host): Parameters<typeof probeHandshake>[0] {
  const encrypter = channel.encrypter(X0_PROTOCOL)
  assert.ok(encrypter)
  return encrypter
}

function targetOf({ host, x0Id }: X0Host, change: Partial<ProbeTarget> = {}): ProbeTarget {
  const address =
    host
      .getMultiaddrs()[0]
      ?.toString()
      .replace(/\/p2p\/.*$/, '') ?? ''
  return { address, peerId: host.peerId.toString(), x0Id, ...change }
}

const soon = (): AbortSignal => AbortSignal.timeout(5_000)

/** Somebody who takes connections and does `act` with them. */
async function listener(t: TestContext, act: (socket: Socket) => void): Promise<ProbeTarget> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined))
    act(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { address: `/ip4/127.0.0.1/tcp/${address.port}`, peerId: undefined, x0Id: undefined }
}

const hostError = (code: HostError['code']) => (error: unknown) => error instanceof HostError && error.code === code
const refusal =
  (code: ChannelRefusal['code'], by: ChannelRefusal['by'] = 'self') =>
  (error: unknown) =>
    error instanceof ChannelRefusal && error.code === code && error.by === by

test('a probe is a whole new handshake, measured, and leaves no connection behind', async (t) => {
  const [prober, target] = [await startX0Host(t), await startX0Host(t)]
  const live = await prober.host.dial(target.host.getMultiaddrs())
  for (const change of [{}, { x0Id: undefined }, { x0Id: undefined, peerId: undefined }]) {
    const result = await probeHandshake(encrypterOf(prober), targetOf(target, change), soon())
    assert.equal(result.facts.remotePeerId, target.host.peerId.toString())
    assert.equal(formatX0Id(result.facts.remoteX0Id ?? new Uint8Array(32)), target.x0Id)
    assert.equal(result.facts.isAccepted, true)
    assert.deepEqual(
      result.facts.flights.map(({ name, direction }) => `${direction} ${name}`),
      ['sent A', 'received B', 'sent C', 'received verdict'],
    )
    for (const ms of [result.connectMs, result.negotiateMs, result.handshakeMs]) assert.ok(ms > 0 && ms < 5_000)
  }
  // message A is 32 + 1,184 bytes and its length
  const { facts } = await probeHandshake(encrypterOf(prober), targetOf(target), soon())
  assert.equal(facts.flights[0]?.bytes, 1_218)
  assert.deepEqual(
    prober.host.getConnections().map(({ id }) => id),
    [live.id],
  )
  assert.equal(target.host.getConnections().length, 1)
})

test('another identity than expected is refused by the prober', async (t) => {
  const [prober, target] = [await startX0Host(t), await startX0Host(t)]
  const probe = (change: Partial<ProbeTarget>) => probeHandshake(encrypterOf(prober), targetOf(target, change), soon())
  await assert.rejects(probe({ x0Id: OTHER_X0_ID }), refusal('x0-id-mismatch'))
  await assert.rejects(probe({ peerId: prober.host.peerId.toString(), x0Id: undefined }), refusal('peer-id-mismatch'))
  const told = (): string[] =>
    target.channelEvents.flatMap((event) => (event.type === 'refused' ? [`${event.by}:${event.code}`] : []))
  await until('the far end knows why', () => told().length === 2)
  assert.deepEqual(told(), ['peer:x0-id-mismatch', 'peer:peer-id-mismatch'])
  // no dial of the node tells the story of a probe
  const { refusals } = prober.channel.context
  const { peerId, address } = targetOf(target)
  for (const dialled of [peerId, prober.host.peerId.toString(), undefined])
    assert.equal(refusals.of({ peerId: dialled, addresses: [address], since: 0 }), undefined)
})

test('what the far end says against us comes back as its verdict', async (t) => {
  const [prober, target] = [await startX0Host(t), await startX0Host(t)]
  target.channel.context.pins.state(prober.host.peerId.toString(), OTHER_X0_ID, 'invite')
  await assert.rejects(probeHandshake(encrypterOf(prober), targetOf(target), soon()), refusal('x0-id-mismatch', 'peer'))
})

test('nobody there, nobody who speaks the protocol, and somebody who hangs up or says nothing are told apart', async (t) => {
  const prober = await startX0Host(t)
  const probe = (target: ProbeTarget, signal = soon()) => probeHandshake(encrypterOf(prober), target, signal)
  const gone = await listener(t, () => undefined)
  await assert.rejects(probe({ ...gone, address: '/ip4/127.0.0.1/tcp/1' }), hostError('dial-failed'))
  const plain = await testHost()
  t.after(() => plain.stop())
  await plain.start()
  const address =
    plain
      .getMultiaddrs()[0]
      ?.toString()
      .replace(/\/p2p\/.*$/, '') ?? ''
  await assert.rejects(probe({ address, peerId: undefined, x0Id: undefined }), hostError('protocol-unsupported'))
  await assert.rejects(probe(await listener(t, (socket) => void socket.end())), hostError('dial-failed'))
  await assert.rejects(probe(gone, AbortSignal.timeout(200)), hostError('dial-failed'))
  const endless = await listener(t, (socket) => void socket.write(Buffer.alloc(1 << 20, 0xff)))
  const started = performance.now()
  await assert.rejects(probe(endless), HostError)
  assert.ok(performance.now() - started < 2_000)
})
