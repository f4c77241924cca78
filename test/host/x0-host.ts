import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Connection, Stream } from '@libp2p/interface'
import type { ChannelEvent } from '../../src/channel/channel-event.ts'
import type { Door } from '../../src/channel/join-door.ts'
import { PinBook } from '../../src/channel/pins.ts'
import { sessionOf } from '../../src/channel/session.ts'
import type { InteropRule } from '../../src/config/schema.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { type ChannelSetup, type ChannelSetupOptions, setUpChannel } from '../../src/host/channel-setup.ts'
import { createConnectionGater } from '../../src/host/connection-gater.ts'
import type { PeerFault } from '../../src/host/counter.ts'
import { fenceInteropSessions, type HandlerRegistry, openNamedProtocols } from '../../src/host/interop-fence.ts'
import { createHost, type Host } from '../../src/host/libp2p-host.ts'
import { createLiveness, type Liveness } from '../../src/host/liveness.ts'
import { createSessionRenewal, type SessionRenewal } from '../../src/host/session-renewal.ts'
import { createStreamRepair } from '../../src/host/stream-repair.ts'
import { createSupervisor, type PeerSupervisor } from '../../src/host/supervisor-runner.ts'
import type { WantedPeer } from '../../src/host/supervisor-state.ts'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import type { NodeEvent } from '../../src/observe/event.ts'
import type { Clock, Timer } from '../../src/platform/clock.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { NETWORK, TOPIC } from './testing.ts'

/** A clock that runs as real ones do and can be put forward; its timers fire then, and only then. */
export class LeapingClock implements Clock {
  #ahead = 0
  #timers: { dueAt: number; run: () => void }[] = []

  now(): number {
    return Date.now() + this.#ahead
  }

  monotonic(): number {
    return performance.now() + this.#ahead
  }

  after(ms: number, run: () => void): Timer {
    const timer = { dueAt: this.monotonic() + ms, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  leap(ms: number): void {
    this.#ahead += ms
    const due = this.#timers.filter(({ dueAt }) => dueAt <= this.monotonic())
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { run } of due) run()
  }
}

/** A host over the real channel, with the parts of ours that follow its connections. */
export interface X0Host {
  readonly host: Host
  readonly x0Id: string
  readonly identity: NodeIdentity
  readonly channel: ChannelSetup
  readonly liveness: Liveness
  readonly supervisor: PeerSupervisor
  readonly renewal: SessionRenewal
  readonly renewals: ('renewed' | 'failed')[]
  readonly repairs: number[]
  readonly faults: PeerFault[]
  readonly events: Omit<NodeEvent, 'at'>[]
  readonly channelEvents: ChannelEvent[]
  /** While closed, new inbound connections are turned away before a byte is read. */
  readonly door: { closed: boolean }
}

export interface X0HostOptions {
  /** Of sessions and their renewal; everything else runs on the system's. */
  readonly clock?: Clock
  readonly afterMs?: number
  /** Of the repair of gossip streams. */
  readonly repairClock?: Clock
  readonly interop?: readonly InteropRule[]
  /** A host without the x0 channel: nothing but what interop names, and the join door where it has one. */
  readonly interopOnly?: boolean
  /** The node record that this host holds of a peer. */
  readonly recordOf?: (peerId: string) => { readonly x0Id: Uint8Array } | undefined
  /** The bootstrap lines of its supervisor. */
  readonly wanted?: readonly WantedPeer[]
  /** Whom its operator keeps out. */
  readonly bar?: ChannelSetupOptions['bar']
  /** Default: new keys. */
  readonly identity?: NodeIdentity
  /** What stands behind its join door; by default it has none. */
  readonly joinDoor?: Door
  /** 32 bytes. Default: one that all these hosts are in. */
  readonly networkId?: Uint8Array
  /** Stream protocols that echo, beside those of the host. */
  readonly echo?: readonly string[]
}

/** Starts one; the test's end stops it. */
export async function startX0Host(t: TestContext, options: X0HostOptions = {}): Promise<X0Host> {
  const crypto = nativeBackend()
  const clock = options.clock ?? systemClock
  const identity = options.identity ?? (await generateNodeIdentity(crypto, systemRandom))
  const channelEvents: ChannelEvent[] = []
  const events: Omit<NodeEvent, 'at'>[] = []
  const faults: PeerFault[] = []
  const renewals: ('renewed' | 'failed')[] = []
  const repairs: number[] = []
  const channel = await setUpChannel({
    crypto,
    identity,
    networkId: options.networkId ?? new Uint8Array(32).fill(7),
    clock: { ...systemClock, now: () => clock.now() },
    pins: new PinBook(),
    credential: () => undefined,
    bar: options.bar ?? (() => undefined),
    admit: () => undefined,
    flood: { perAddressPerSecond: 100, perAddressBurst: 100, concurrent: 32 },
    timeoutMs: 5_000,
    interop: options.interop ?? [],
    report: (event) => channelEvents.push(event),
    door: options.joinDoor,
  })
  const count = (fault: PeerFault): void => void faults.push(fault)
  let registry: (() => HandlerRegistry) | undefined
  const door = { closed: false }
  const gater = createConnectionGater({ clock: systemClock, count })
  const host = await createHost({
    privateKey: identity.libp2pKey,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    encrypters: channel.factories
      .filter((_, index) => index !== 0 || options.interopOnly !== true)
      .map((factory) => (components) => {
        registry = () => components.registrar
        return factory(components)
      }),
    network: NETWORK,
    version: '0.0.0-test',
    gater: { ...gater, denyInboundConnection: (raw) => door.closed || gater.denyInboundConnection?.(raw) === true },
    maxConnections: 100,
    gossip: { topics: [TOPIC] },
  })
  fenceInteropSessions(host)
  channel.identities.follow(() => host.getConnections(), options.recordOf ?? (() => undefined))
  const supervisor = createSupervisor({
    host,
    counts: { min: 1, target: 8, max: 16 },
    wanted: (options.wanted ?? []).map((peer) => ({ ...peer, source: 'bootstrap' })),
    bars: new Map(),
    forget: () => undefined,
    clock: systemClock,
    random: systemRandom,
    report: (event) => events.push(event),
    countDial: () => undefined,
    expectIdentity: () => undefined,
    search: () => undefined,
    interfaces: () => 'lo',
    explain: (dial) => channel.context.refusals.of(dial),
  })
  const liveness = createLiveness({
    host,
    clock: systemClock,
    random: systemRandom,
    count,
    idleMs: 200,
    onVerdict: (connection, verdict) => {
      if (verdict === 'down') supervisor.closing(connection, 'liveness', 'it stopped answering probes')
      else supervisor.health(connection, verdict)
    },
  })
  const renewal = createSessionRenewal({
    host,
    clock,
    afterMs: options.afterMs ?? 24 * 3_600_000,
    report: (event) => events.push(event),
    count: (result) => renewals.push(result),
  })
  const repair = createStreamRepair({ host, clock: options.repairClock ?? systemClock, repaired: () => repairs.push(Date.now()) })
  await liveness.start()
  for (const protocol of options.echo ?? []) await host.handle(protocol, echo)
  assert.ok(registry)
  await openNamedProtocols(registry(), host.getProtocols(), options.interop ?? [])
  await host.start()
  supervisor.start()
  renewal.start()
  repair.start()
  t.after(async () => {
    for (const part of [repair, renewal, supervisor, liveness]) part.stop()
    await host.stop()
  })
  return {
    door,
    host,
    x0Id: formatX0Id(identity.x0Id),
    identity,
    channel,
    liveness,
    supervisor,
    renewal,
    renewals,
    repairs,
    faults,
    events,
    channelEvents,
  }
}

export function connectionsBetween(from: X0Host, to: X0Host): Connection[] {
  return from.host.getConnections(to.host.peerId).filter(({ status }) => status === 'open')
}

/** The channel binding of the one session between two hosts, in hexadecimal. */
export function bindingBetween(from: X0Host, to: X0Host): string {
  const bindings = connectionsBetween(from, to).map((connection) => sessionOf(connection)?.handshakeHash ?? new Uint8Array())
  return bindings.map((binding) => Buffer.from(binding).toString('hex')).join()
}

function echo(stream: Stream): void {
  stream.addEventListener('message', ({ data }) => {
    stream.send(data)
  })
}
