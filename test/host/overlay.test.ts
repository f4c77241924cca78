import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { PinBook } from '../../src/channel/pins.ts'
import { resolveConfig } from '../../src/config/load.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { HostError } from '../../src/host/host-error.ts'
import { type Overlay, type OverlayOptions, startOverlay } from '../../src/host/overlay.ts'
import { healthChecks } from '../../src/host/overlay-health.ts'
import { generateNodeIdentity } from '../../src/identity/node-identity.ts'
import { EventLoopLag } from '../../src/observe/event-loop-lag.ts'
import { assessHealth } from '../../src/observe/health.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { openNetwork, shortNetworkId } from '../../src/trust/open-network.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'

async function optionsFor(t: TestContext, listen: readonly string[]): Promise<OverlayOptions & { readonly lag: EventLoopLag }> {
  const crypto = nativeBackend()
  const network = openNetwork(crypto)
  const { config } = resolveConfig({
    flags: [],
    env: {},
    file: { path: 'f', text: `listen: ${JSON.stringify(listen)}` },
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
    bootstrap: config.bootstrap,
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
