import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { CLOCK_SKEW_MS } from '../../src/trust/limits.ts'
import { HurriedClock } from './hurried-clock.ts'
import { until } from './testing.ts'
import {
  closedNet,
  connectionsTo,
  inLine,
  type Net,
  startTrustedHost,
  TRUST_TOPIC,
  type TrustedHost,
  type TrustedHostOptions,
} from './trusted-host.ts'

/** The founder first, then the others. */
async function fleet(t: TestContext, net: Net, options: TrustedHostOptions = {}): Promise<TrustedHost[]> {
  return await Promise.all([...net.founders, ...net.nodes].map((identity) => startTrustedHost(t, net, identity, options)))
}

/** Most have no member next to them, and would wait for half a minute. */
async function caughtUp(hosts: readonly TrustedHost[], clock: HurriedClock): Promise<void> {
  clock.hurry(30_000)
  await until('all have caught up', () => hosts.every(({ trust }) => trust.view().level))
}

const holds = (host: TrustedHost, subject: Uint8Array): boolean => host.membership.revocationOf(subject) !== undefined

for (const [way, options, ring] of [
  ['gossip and sync in a ring', {}, true],
  ['sync alone in a line', { gossip: false }, false],
] as const) {
  test(`a revocation reaches seven nodes and cuts its subject off from all of them within 5 s: ${way}`, async (t) => {
    const net = await closedNet({ founders: 1, nodes: 7 })
    const clock = new HurriedClock()
    const [founder, ...others] = await fleet(t, net, { ...options, clock })
    const thief = others.pop()
    assert.ok(founder && thief)
    const hosts = [founder, ...others]
    await inLine(hosts, { ring })
    await caughtUp(hosts, clock)
    for (const host of hosts) await host.host.dial(thief.host.getMultiaddrs())
    await until('the thief is connected to all', () => hosts.every((host) => connectionsTo(host, thief).length > 0))
    const revocation = await net.revoke(thief.identity.x0Id)
    const told = performance.now()
    assert.equal(await founder.trust.publish(revocation.bytes), 'new')
    await until('all know', () => hosts.every((host) => holds(host, thief.identity.x0Id)), 5_000)
    await until('nobody is connected to it', () => hosts.every((host) => connectionsTo(host, thief).length === 0), 5_000)
    t.diagnostic(`${way}: known and cut everywhere after ${Math.round(performance.now() - told)} ms`)
    for (const host of hosts) {
      // on the disk before it was acted on, and once
      assert.deepEqual(host.deeds, [`kept ${thief.x0Id}`, `dropped ${thief.x0Id}`])
      assert.ok(host.closings.every((code) => code === 'revoked'))
      const [event] = host.events.filter(({ type }) => type === 'trust.revoked')
      assert.deepEqual([event?.data.x0Id, event?.data.issuer, event?.data.self], [thief.x0Id, founder.x0Id, false])
    }
    assert.equal(new Set(hosts.map(({ membership }) => Buffer.from(membership.digest()).toString('hex'))).size, 1)
    const [source] = founder.events.filter(({ type }) => type === 'trust.revoked')
    assert.equal(source?.data.source, 'self')
  })
}

test('two halves that revoked apart tell each other all when one link joins them', async (t) => {
  const net = await closedNet({ founders: 2, nodes: 4 })
  const clock = new HurriedClock()
  const [left, right, ...nodes] = await fleet(t, net, { clock })
  assert.ok(left && right)
  const halves = [
    [left, ...nodes.slice(0, 2)],
    [right, ...nodes.slice(2)],
  ] as const
  for (const half of halves) await inLine(half)
  await caughtUp(halves.flat(), clock)
  const lost = await Promise.all(Array.from({ length: 40 }, (_, index) => Buffer.alloc(32, index + 1)))
  for (const [index, subject] of lost.entries()) {
    const [host, by] = index % 2 === 0 ? [left, net.founders[0]] : [right, net.founders[1]]
    await host.trust.publish((await net.revoke(subject, by)).bytes)
  }
  await until('each half knows its own', () =>
    halves.every((half) => half.every(({ membership }) => membership.revocations().length === 20)),
  )
  await halves[0][2]?.host.dial(halves[1][2]?.host.getMultiaddrs() ?? [])
  await until('all know all', () => halves.flat().every(({ membership }) => membership.revocations().length === 40), 5_000)
  assert.deepEqual(
    [...left.membership.revocations()].map(({ subject }) => Buffer.from(subject)),
    lost.sort(Buffer.compare),
  )
})

test('a node whose disk takes nothing cuts the revoked one off all the same, says so, and tells on', async (t) => {
  const net = await closedNet({ founders: 1, nodes: 2 })
  const [founderKeys, nodeKeys, thiefKeys] = [...net.founders, ...net.nodes]
  assert.ok(founderKeys && nodeKeys && thiefKeys)
  const founder = await startTrustedHost(t, net, founderKeys)
  const full = await startTrustedHost(t, net, nodeKeys, { keepFails: true })
  const thief = await startTrustedHost(t, net, thiefKeys)
  await full.host.dial(founder.host.getMultiaddrs())
  await thief.host.dial(full.host.getMultiaddrs())
  await until('they are connected', () => full.host.getConnections().length === 2)
  await founder.trust.publish((await net.revoke(thiefKeys.x0Id)).bytes)
  await until('it is cut', () => connectionsTo(full, thief).length === 0, 5_000)
  assert.deepEqual(full.deeds, ['failed to write a revocation', `dropped ${thief.x0Id}`])
})

test('a node that is revoked itself is told so', async (t) => {
  const net = await closedNet({ founders: 1, nodes: 1 })
  const [founder, node] = await fleet(t, net)
  assert.ok(founder && node)
  await node.host.dial(founder.host.getMultiaddrs())
  await until('the node has caught up', () => node.trust.view().level)
  await until('gossip knows the node', () => founder.host.services.gossip.getSubscribers(TRUST_TOPIC).length === 1)
  await founder.trust.publish((await net.revoke(node.identity.x0Id)).bytes)
  await until('it is cut', () => connectionsTo(founder, node).length === 0, 5_000)
  const alarms = node.events.filter(({ type, level }) => type === 'trust.revoked' && level === 'alarm')
  assert.ok(alarms.every(({ data }) => data.self === true && data.x0Id === formatX0Id(node.identity.x0Id)))
})

test('what gossip brings: forged and malformed are held against the bearer, what depends on this node is not', async (t) => {
  const net = await closedNet({ founders: 2, nodes: 1 })
  const clock = new HurriedClock()
  const [first, second, node] = await fleet(t, net, { clock })
  assert.ok(first && second && node)
  await node.host.dial(first.host.getMultiaddrs())
  await node.host.dial(second.host.getMultiaddrs())
  await caughtUp([first, second, node], clock)
  await until('all hear the topic', () => node.host.services.gossip.getSubscribers(TRUST_TOPIC).length === 2)
  const other = await closedNet({ founders: 1, nodes: 0 })
  const [otherFounder] = other.founders
  assert.ok(otherFounder)
  const good = await net.revoke(Buffer.alloc(32, 1))
  const forged = Uint8Array.from(good.bytes)
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
  const send = (bytes: Uint8Array): Promise<unknown> => node.host.services.gossip.publish(TRUST_TOPIC, bytes)
  const counted = (): string[] => first.faults.filter((fault) => fault.startsWith('revocation-')).sort()
  await send(forged)
  await send(Uint8Array.of(1, 2, 3))
  await send((await other.revoke(Buffer.alloc(32, 2))).bytes)
  await send((await net.revoke(Buffer.alloc(32, 3), node.identity)).bytes)
  await send((await net.revoke(second.identity.x0Id)).bytes)
  await until('all are judged', () => counted().length === 5)
  assert.deepEqual(counted(), [
    'revocation-forged',
    'revocation-ignored',
    'revocation-ignored',
    'revocation-ignored',
    'revocation-invalid',
  ])
  assert.equal(first.membership.revocations().length, 0)
  assert.deepEqual(first.deeds, [])
  await send(good.bytes)
  await until('a good one is taken', () => holds(first, good.subject) && holds(second, good.subject))
})

test('a peer that floods gossip with revocations is heard within its rate, and all come by sync', async (t) => {
  const net = await closedNet({ founders: 2, nodes: 0 })
  const [flooder, host] = await fleet(t, net)
  assert.ok(flooder && host)
  await flooder.host.dial(host.host.getMultiaddrs())
  await until('all hear the topic', () => flooder.host.services.gossip.getSubscribers(TRUST_TOPIC).length === 1)
  const many = await Promise.all(Array.from({ length: 60 }, (_, index) => net.revoke(Buffer.alloc(32, index + 1))))
  for (const { bytes } of many) await flooder.trust.publish(bytes)
  await until('all are known', () => host.membership.revocations().length === 60, 5_000)
  assert.ok(host.events.some(({ type, data }) => type === 'trust.revoked' && data.source === 'sync'))
})

test('credentials that end while their bearers are connected: each is cut when it ends, members never', async (t) => {
  const net = await closedNet({ founders: 1, nodes: 2 })
  const [founderKeys, soonKeys, laterKeys] = [...net.founders, ...net.nodes]
  assert.ok(founderKeys && soonKeys && laterKeys)
  const clock = new HurriedClock()
  const hour = 3_600_000
  const founder = await startTrustedHost(t, net, founderKeys, { clock })
  const soon = await startTrustedHost(t, net, soonKeys, { credential: await net.credentialOf(soonKeys, Date.now() + hour) })
  const later = await startTrustedHost(t, net, laterKeys, {
    credential: await net.credentialOf(laterKeys, Date.now() + 2 * hour),
  })
  for (const each of [soon, later]) await each.host.dial(founder.host.getMultiaddrs())
  await until('both are in', () => founder.host.getConnections().length === 2)
  clock.hurry(hour)
  assert.deepEqual([connectionsTo(founder, soon).length, connectionsTo(founder, later).length], [1, 1])
  clock.hurry(CLOCK_SKEW_MS)
  await until('the first is cut', () => connectionsTo(founder, soon).length === 0)
  assert.deepEqual(founder.closings, ['credential-expired'])
  // a renewed one reaches the peer over the live connection, and counts
  later.shows.credential = await net.credentialOf(laterKeys, Date.now() + 10 * hour)
  await later.trust.presentCredential()
  clock.hurry(2 * hour)
  assert.equal(connectionsTo(founder, later).length, 1)
  clock.hurry(8 * hour)
  await until('at its end this one is cut as well', () => connectionsTo(founder, later).length === 0)
  assert.deepEqual(founder.closings, ['credential-expired', 'credential-expired'])
})

test('what nobody told is found by the sync of every half minute, and so is a renewed credential that a peer missed', async (t) => {
  const net = await closedNet({ founders: 1, nodes: 1 })
  const [founderKeys, nodeKeys] = [...net.founders, ...net.nodes]
  assert.ok(founderKeys && nodeKeys)
  const clock = new HurriedClock()
  const founder = await startTrustedHost(t, net, founderKeys, { clock })
  const node = await startTrustedHost(t, net, nodeKeys, { clock })
  const connection = await node.host.dial(founder.host.getMultiaddrs())
  await until('the node has caught up', () => node.trust.view().level)
  // neither gossip nor the other's sync hears of this one
  const quiet = await net.revoke(Buffer.alloc(32, 1))
  assert.equal((await founder.membership.take(quiet.bytes)).verdict, 'new')
  assert.equal(holds(node, quiet.subject), false)
  clock.hurry(33_000)
  await until('the sync brings it', () => holds(node, quiet.subject))

  // the founder is busy with this peer when the news comes
  while (!founder.faults.includes('sync-rate')) await node.trust.syncWith(connection)
  const notAfter = Date.now() + 20 * 3_600_000
  node.shows.credential = await net.credentialOf(nodeKeys, notAfter)
  await node.trust.presentCredential()
  const known = (): number | undefined => founder.membership.standingOf(node.x0Id, clock.now())?.expiresAt
  assert.notEqual(known(), notAfter)
  clock.hurry(33_000)
  await until('it is shown again', () => known() === notAfter)
})
