import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Credential, Invite, JoinReport, Members, Network, Pending } from '../../src/admin/network-documents.ts'
import { ChannelRefusal } from '../../src/channel/refusal.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { openKeyStore } from '../../src/identity/key-store.ts'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { type CredentialBody, issueCredential } from '../../src/trust/credential.ts'
import { openNetwork } from '../../src/trust/open-network.ts'
import { makeEnd } from '../channel/two-ends.ts'
import { until } from '../host/testing.ts'
import { found, inviteLine, isUp, joinedHome } from './belonging.ts'
import { type Daemon, start, temporaryFolder, x0 } from './daemon.ts'
import { meetRaw } from './raw-client.ts'

const LIMIT = { timeout: 180_000 }
const HOUR_MS = 3_600_000
const crypto = nativeBackend()

test('from nothing: three commands make three nodes that run into a network whose nodes belong', LIMIT, async (t) => {
  const [hub, laptop, server] = await Promise.all([1, 2, 3].map(() => start(t, { measured: true })))
  assert.ok(hub !== undefined && laptop !== undefined && server !== undefined)
  const all = [hub, laptop, server]

  const began = performance.now()
  const made = await hub.json<Network>('x0.network/v1', 'network', 'create', 'fleet', '--node-name', 'hub')
  assert.deepEqual([made.network.name, made.isDefault, made.self.kind], ['fleet', false, 'member'])
  const line = await inviteLine(hub, '--uses', '2', '--group', 'ops')
  const joining = (node: Daemon, name: string) => node.json<JoinReport>('x0.join/v1', 'join', line, '--name', name)
  const [first, second] = await Promise.all([joining(laptop, 'laptop'), joining(server, 'server')])
  assert.deepEqual([first.state, first.spiffeId, first.groups], ['joined', 'spiffe://fleet/node/laptop', ['ops']])
  assert.equal(second.state, 'joined')
  await until(
    'everybody is connected to everybody',
    async () => (await Promise.all(all.map(async (node) => (await node.status()).peers.up))).every((up) => up === 2),
    30_000,
  )
  t.diagnostic(`three nodes together ${Math.round(performance.now() - began)} ms after the first command was typed`)
  // moving to another network, a node keeps its addresses: what the invite says stays true
  for (const node of all) assert.match((await node.status()).listen.join(), new RegExp(`/tcp/${node.port}/`))

  for (const [node, name] of [
    [laptop, 'laptop'],
    [server, 'server'],
  ] as const) {
    const credential = await node.json<Credential>('x0.credential/v1', 'credential', 'show')
    assert.deepEqual([credential.kind, credential.name, credential.issuer], ['credential', name, hub.api.x0Id])
    assert.ok((credential.secondsLeft ?? 0) > 29 * 24 * 3600)
  }
  const members = await hub.json<Members>('x0.members/v1', 'members')
  assert.deepEqual(
    members.members.map(({ name, self }) => [name, self]),
    [['hub', true]],
  )
  assert.deepEqual(members.nodes.map(({ name, up }) => [name, up]).sort(), [
    ['laptop', true],
    ['server', true],
  ])

  await t.test('the line was good for two; a third is told that it is used, and the founder counts it', async () => {
    const third = join(await temporaryFolder(t), 'home')
    const { code, stderr } = await x0(['join', line, '--home', third])
    assert.equal(code, 5, stderr)
    assert.match(stderr, /invite-used/)
    assert.equal(await hub.metric('x0_join_requests_total', { result: 'refused' }), 1)
    // who joined by it and asks again gets the same answer
    const again = await laptop.json<JoinReport>('x0.join/v1', 'join', line)
    assert.equal(again.state, 'already')
  })

  await t.test('membership survives a restart, a kill -9 too', async () => {
    await server.end('SIGKILL')
    const back = await start(t, { home: server.home })
    await until('it is back', async () => (await isUp(back, hub)) && (await isUp(hub, back)), 15_000)
    const credential = await back.json<Credential>('x0.credential/v1', 'credential', 'show')
    assert.equal(credential.name, 'server')
  })

  await t.test('who leaves forgets all of it and is alone in the open network', async () => {
    const left = await laptop.json<Network>('x0.network/v1', 'leave')
    assert.equal(left.isDefault, true)
    assert.equal((await laptop.status()).network.name, 'open')
    const refused = await laptop.run('handshake', hub.line)
    assert.equal(refused.code, 1, refused.stdout)
    assert.match(refused.stderr, /wrong-network/)
    const { code } = await hub.run('leave')
    assert.equal(code, 1, 'the last member does not leave by mistake')
  })
})

test('who does not belong is refused for its own reason at both ends, and gets no foothold', LIMIT, async (t) => {
  const hub = await found(t, 'fleet')
  const elsewhere = await found(t, 'elsewhere')
  const member = await identityOf(hub)
  const foreigner = await identityOf(elsewhere)
  const { network } = await hub.json<Network>('x0.network/v1', 'network', 'show')
  const networkId = Buffer.from(network.id, 'hex')
  const elsewhereId = Buffer.from((await elsewhere.json<Network>('x0.network/v1', 'network', 'show')).network.id, 'hex')
  const now = Date.now()
  const good = {
    networkId,
    serial: new Uint8Array(16).fill(1),
    notBefore: now - 1_000,
    notAfter: now + HOUR_MS,
    name: 'guest',
    groups: [],
  }
  const issue = async (issuer: NodeIdentity, subject: NodeIdentity, changes: Partial<CredentialBody> = {}): Promise<Uint8Array> =>
    (await issueCredential(issuer, { ...good, subject: subject.x0Id, ...changes })).bytes

  const cases: [name: string, code: string, credential: (own: NodeIdentity) => Promise<Uint8Array | undefined>][] = [
    ['without a credential', 'not-admitted', async () => undefined],
    [
      'with one that has expired',
      'credential-expired',
      (own) => issue(member, own, { notBefore: now - HOUR_MS, notAfter: now - HOUR_MS / 2 }),
    ],
    ['with one that does not hold yet', 'credential-early', (own) => issue(member, own, { notBefore: now + HOUR_MS / 2 })],
    ['with a forged one', 'credential-forged', async (own) => flipped(await issue(member, own))],
    ['with one of another network', 'credential-foreign', (own) => issue(foreigner, own, { networkId: elsewhereId })],
    ['with that of another node', 'credential-mismatch', async () => issue(member, await anybody())],
    ['with one that no member signed', 'issuer-unknown', (own) => issue(foreigner, own)],
    ['with garbage for one', 'credential-malformed', async () => new Uint8Array(100).fill(7)],
  ]
  const [address = ''] = hub.api.addresses
  for (const [name, code, credential] of cases) {
    await t.test(`a node ${name}: ${code}`, async () => {
      const identity = await anybody()
      const shown = await credential(identity)
      const end = await makeEnd({ networkId, identity, ...(shown === undefined ? {} : { credential: shown }) })
      const counted = () => hub.metric('x0_handshake_refusals_total', { by: 'self', code })
      const before = await counted()
      await assert.rejects(meetRaw(end.encrypter, address), (error) => {
        assert.ok(error instanceof ChannelRefusal, String(error))
        assert.deepEqual([error.code, error.by], [code, 'peer'])
        return true
      })
      assert.equal(await counted(), before + 1)
      await expectNoFoothold(hub, identity)
    })
  }

  await t.test('a node of its own network: each end says wrong-network', async () => {
    const end = await makeEnd({ networkId: elsewhereId })
    await assert.rejects(
      meetRaw(end.encrypter, address),
      (error) => error instanceof ChannelRefusal && error.code === 'wrong-network',
    )
    await until(
      'the founder has counted it',
      async () => (await hub.metric('x0_handshake_refusals_total', { code: 'wrong-network' })) === 1,
    )
    const open = await makeEnd({ networkId: openNetwork(crypto).id })
    await assert.rejects(
      meetRaw(open.encrypter, address),
      (error) => error instanceof ChannelRefusal && error.code === 'wrong-network',
    )
  })

  await t.test('two networks on one machine that know each other do not mix', async () => {
    const stray = await start(t, { bootstrap: [hub.line, elsewhere.line] })
    for (const [node, other] of [
      [stray, hub],
      [stray, elsewhere],
    ] as const) {
      const { peer } = await node.peerThat(other.peerId, 'the dial was refused', ({ lastError }) => lastError !== null)
      assert.equal(peer.lastError?.code, 'wrong-network')
    }
    assert.equal((await hub.peers()).filter(({ state }) => state === 'up/direct').length, 0)
  })

  await t.test('a good credential gets in, so that the refusals above mean something', async () => {
    const identity = await anybody()
    const end = await makeEnd({ networkId, identity, credential: await issue(member, identity) })
    assert.equal((await meetRaw(end.encrypter, address)).pqAuthenticated, true)
  })
})

test('a knock waits in the pending list until it is accepted or ignored', LIMIT, async (t) => {
  const hub = await found(t, 'fleet')
  const home = join(await temporaryFolder(t), 'home')
  const knocking = x0(['join', hub.line, '--name', 'visitor', '--note', 'it is me', '--home', home, '--json'])
  const asked = await until('it stands in the list', async () => (await pendingOf(hub)).length === 1).then(() => pendingOf(hub))
  assert.deepEqual([asked[0]?.name, asked[0]?.note], ['visitor', 'it is me'])
  assert.equal(await hub.metric('x0_pending_requests'), 1)
  const accepted = await hub.run('pending', 'accept', 'visitor', '--group', 'guests')
  assert.equal(accepted.code, 0, accepted.stderr)
  const { code, stdout, stderr } = await knocking
  assert.equal(code, 0, stderr)
  const report: JoinReport = JSON.parse(stdout)
  assert.deepEqual([report.state, report.name, report.groups], ['joined', 'visitor', ['guests']])
  assert.deepEqual(await pendingOf(hub), [])

  const unwanted = join(await temporaryFolder(t), 'home')
  const second = x0(['join', hub.line, '--name', 'nuisance', '--home', unwanted])
  await until('it stands in the list', async () => (await pendingOf(hub)).length === 1)
  assert.equal((await hub.run('pending', 'ignore', 'nuisance')).code, 0)
  const turned = await second
  assert.equal(turned.code, 5, turned.stderr)
  assert.match(turned.stderr, /ask-ignored/)
})

test('an invite names the node, expires, and can be withdrawn; nobody but a member invites', LIMIT, async (t) => {
  const hub = await found(t, 'fleet')
  const refusal = async (line: string): Promise<string> => {
    const { code, stderr } = await x0(['join', line, '--home', join(await temporaryFolder(t), 'home')])
    assert.equal(code, 5, stderr)
    return stderr
  }
  const named = await start(t, { home: await joinedHome(t, await inviteLine(hub, '--name', 'db-1')) })
  assert.equal((await named.json<Credential>('x0.credential/v1', 'credential', 'show')).name, 'db-1')
  const brief = await inviteLine(hub, '--ttl', '1s')
  const { line, id } = await hub.json<Invite>('x0.invite/v1', 'invite')
  assert.equal((await hub.run('invites', 'withdraw', id)).code, 0)
  assert.match(await refusal(line), /invite-withdrawn/)
  await until('a second has passed', async () => /invite-expired/.test(await refusal(brief)), 5_000)
  assert.match((await named.run('invite')).stderr, /no member/)
  assert.equal((await named.run('invite')).code, 5)
  const { code, stderr } = await x0(['join', `${line.slice(0, -3)}zzz`, '--home', join(await temporaryFolder(t), 'home')])
  assert.equal(code, 2, stderr)
  assert.match(stderr, /typing error/)
})

test('in a network where members vote, an invite says why it cannot be', LIMIT, async (t) => {
  const home = join(await temporaryFolder(t), 'home')
  assert.equal((await x0(['network', 'create', 'council', '--admission', 'vote', '--home', home])).code, 0)
  const hub = await start(t, { home })
  const { code, stderr } = await hub.run('invite')
  assert.equal(code, 5)
  assert.match(stderr, /vote/)
})

async function pendingOf(node: Daemon): Promise<Pending['requests']> {
  return (await node.json<Pending>('x0.pending/v1', 'pending', 'list')).requests
}

function anybody(): Promise<NodeIdentity> {
  return generateNodeIdentity(crypto, systemRandom)
}

function identityOf(node: Daemon): Promise<NodeIdentity> {
  return openKeyStore({ backend: crypto, random: systemRandom, home: node.home }).load()
}

/** The last byte of the signature changed. */
function flipped(bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes)
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  return changed
}

/** Nothing of the stranger: no peer, no connection, no record, no place in the DHT or the gossip meshes. */
async function expectNoFoothold(node: Daemon, stranger: NodeIdentity): Promise<void> {
  const { peers, dht, gossip } = await node.status()
  assert.deepEqual([peers.up, dht.routingTable, dht.records, gossip.meshPeers], [0, 0, 0, 0])
  assert.equal(await node.peer(stranger.peerId), undefined)
  const members = await node.json<Members>('x0.members/v1', 'members')
  assert.ok(!members.nodes.some(({ x0Id }) => x0Id === formatX0Id(stranger.x0Id)))
}
