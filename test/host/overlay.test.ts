import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { PinBook } from '../../src/channel/pins.ts'
import { resolveConfig } from '../../src/config/load.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { configuredWants } from '../../src/host/addresses.ts'
import { BlockBook } from '../../src/host/block-book.ts'
import { HostError } from '../../src/host/host-error.ts'
import { membershipTrust } from '../../src/host/membership-trust.ts'
import { startOverlay } from '../../src/host/overlay.ts'
import { healthChecks } from '../../src/host/overlay-health.ts'
import type { OverlayOptions } from '../../src/host/overlay-options.ts'
import type { Overlay } from '../../src/host/overlay-parts.ts'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import { formatX0Id, parseX0Id } from '../../src/identity/x0-id.ts'
import type { NodeEvent } from '../../src/observe/event.ts'
import { EventLoopLag } from '../../src/observe/event-loop-lag.ts'
import { assessHealth } from '../../src/observe/health.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { Blocks } from '../../src/trust/blocks.ts'
import { Membership } from '../../src/trust/membership.ts'
import { openNetwork, shortNetworkId } from '../../src/trust/open-network.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'
import { until } from './testing.ts'
import { closedNet, type Net } from './trusted-host.ts'

async function optionsFor(
  t: TestContext,
  listen: readonly string[],
  bootstrap: readonly string[] = [],
): Promise<OverlayOptions & { readonly lag: EventLoopLag }> {
  const crypto = nativeBackend()
  const network = openNetwork(crypto)
  const { config } = resolveConfig({
    flags: [],
    env: {},
    file: { path: 'f', text: `listen: ${JSON.stringify(listen)}\nbootstrap: ${JSON.stringify(bootstrap)}` },
    folder: '/',
  })
  const lag = new EventLoopLag(systemClock)
  const metrics = new Metrics({ version: '0', nodeVersion: '0', backend: 'native', httpRoutes: [], lag })
  t.after(() => {
    metrics.close()
    lag.stop()
  })
  return {
    config,
    listen: config.listen,
    listenIsWritten: true,
    crypto,
    identity: await generateNodeIdentity(crypto, systemRandom),
    networkId: network.id,
    network: shortNetworkId(network),
    version: '0.0.0-test',
    clock: systemClock,
    random: systemRandom,
    pins: new PinBook(),
    credential: () => undefined,
    admit: () => undefined,
    blocks: noBlocks(),
    wanted: configuredWants(config),
    datastorePath: join(await temporaryFolder(t), 'datastore'),
    records: { put: async () => undefined, delete: async () => undefined, entries: async function* () {} },
    sequence: { load: async () => undefined, save: async () => undefined },
    report: () => undefined,
    onChannelEvent: () => undefined,
    count: () => undefined,
    metrics,
    onStated: () => undefined,
    onError: () => undefined,
    lag,
  }
}

function noBlocks(): BlockBook {
  const shelf = { put: async () => undefined, delete: async () => undefined, entries: async function* () {} }
  return new BlockBook({ blocks: new Blocks(), shelf, clock: systemClock, report: () => undefined, onError: () => undefined })
}

/** Binds the port and lets it go. @throws EADDRINUSE where somebody listens */
async function bind(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  server.close()
  await once(server, 'close')
  return address.port
}

const started = async (t: TestContext, options: OverlayOptions): Promise<Overlay> => {
  const overlay = await startOverlay(options)
  t.after(() => overlay.stop())
  return overlay
}

test('what fails before or after the node listens leaves neither a listener nor an open data store', async (t) => {
  const port = await bind(0)
  const options = await optionsFor(t, [`/ip4/127.0.0.1/tcp/${port}`])
  const failure = new StoreError('io', 'the disk is gone')
  const failing = async (): Promise<never> => {
    throw failure
  }
  const sequence = { load: failing, save: async () => undefined }
  await assert.rejects(startOverlay({ ...options, sequence }), failure)
  assert.equal(await bind(port), port)
  const records = {
    ...options.records,
    entries: async function* (): AsyncGenerator<readonly [string, Uint8Array]> {
      yield await failing()
    },
  }
  await assert.rejects(startOverlay({ ...options, records }), failure)
  const overlay = await started(t, options)
  assert.equal(overlay.host.getMultiaddrs().length, 1)
})

test('addresses that overlap are told in one sentence', async (t) => {
  const port = await bind(0)
  const options = await optionsFor(t, [`/ip4/127.0.0.1/tcp/${port}`, `/ip4/0.0.0.0/tcp/${port}`])
  await assert.rejects(startOverlay(options), (error) => {
    assert.ok(error instanceof HostError)
    assert.equal(error.code, 'listen-failed')
    assert.match(
      error.message,
      new RegExp(`^cannot listen on /ip4/[0-9.]+/tcp/${port} together with the others.*overlap[^\\n]*$`),
    )
    return true
  })
  assert.equal(await bind(port), port)
})

test('a node that only dials is ready; one that was to listen and does not is not', async (t) => {
  const options = await optionsFor(t, [])
  const overlay = await started(t, options)
  const health = (listens: boolean, storeFailure?: StoreError) =>
    assessHealth('running', healthChecks({ overlay: () => overlay, lag: options.lag, listens, storeFailure: () => storeFailure }))
  assert.equal(health(false).ready, true)
  assert.equal(health(true).ready, false)
  const full = health(false, new StoreError('full', 'no space left'))
  assert.equal(full.ready, false)
  assert.match(full.checks.find(({ name }) => name === 'store')?.detail ?? '', /no writes: no space left/)
})

/** The options of a node in a closed network, as the composition root makes them. */
async function closedOptions(
  t: TestContext,
  net: Net,
  identity: NodeIdentity,
  bootstrap: readonly string[] = [],
): Promise<OverlayOptions & { readonly events: Omit<NodeEvent, 'at'>[]; readonly deleted: string[] }> {
  const membership = new Membership({ backend: nativeBackend(), genesis: net.genesis })
  const shown = net.founders.includes(identity) ? undefined : await net.credentialOf(identity)
  const events: Omit<NodeEvent, 'at'>[] = []
  const deleted: string[] = []
  const options = await optionsFor(t, ['/ip4/127.0.0.1/tcp/0'], bootstrap)
  return {
    ...options,
    identity,
    networkId: net.genesis.id,
    network: Buffer.from(net.genesis.id).toString('hex').slice(0, 12),
    credential: () => shown,
    admit({ x0Id, credential }) {
      const judged = membership.judge({ x0Id: x0Id === undefined ? undefined : parseX0Id(x0Id), credential }, Date.now())
      return 'refusal' in judged ? judged.refusal : undefined
    },
    records: { ...options.records, delete: async (key) => void deleted.push(key) },
    report: (event) => events.push(event),
    trust: {
      ...membershipTrust({ backend: nativeBackend(), membership, x0Id: identity.x0Id, clock: systemClock }),
      damaged: false,
      keep: async () => undefined,
    },
    events,
    deleted,
  }
}

test('in a closed network: a node catches up with its founder, is known by it, and is forgotten when it is revoked', async (t) => {
  const net = await closedNet({ founders: 1, nodes: 1 })
  const [founderKeys, nodeKeys] = [...net.founders, ...net.nodes]
  assert.ok(founderKeys && nodeKeys)
  const options = await closedOptions(t, net, founderKeys)
  const founder = await started(t, options)
  const [address] = founder.host.getMultiaddrs()
  const line = `${address?.toString()}#${formatX0Id(founderKeys.x0Id)}`
  const node = await started(t, await closedOptions(t, net, nodeKeys, [line]))
  await until('the node is level', () => node.trust?.view().level === true)
  assert.equal(node.trust?.view().syncedWith, formatX0Id(founderKeys.x0Id))
  // asked for when the peer is identified, and again once the fence is gone
  await until('the founder holds its record', () => founder.records.get(nodeKeys.x0Id, Date.now()) !== undefined)
  await until('and hears its gossip', () => founder.host.services.gossip.getSubscribers(node.presence.topic).length === 1)
  await node.presence.beat()
  await until('and its presence', () => founder.presence.heard().length === 1)

  assert.equal(await founder.trust?.publish((await net.revoke(nodeKeys.x0Id)).bytes), 'new')
  await until('it is cut off', () => founder.host.getConnections().length === 0, 2_000)
  const [entry] = founder.supervisor.peers()
  assert.deepEqual([entry?.status, entry?.downReason?.code], ['down', 'revoked'])
  assert.deepEqual([founder.records.size(Date.now()), founder.presence.heard().length], [0, 0])
  await until('its record is off the shelf', () => options.deleted.includes(Buffer.from(nodeKeys.x0Id).toString('hex')))
  await until('the node is refused by that name', () => node.supervisor.peers()[0]?.lastError?.code === 'revoked', 20_000)
  assert.equal(founder.host.getConnections().length, 0)
})
