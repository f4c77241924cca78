import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventDocument } from '../../src/admin/documents.ts'
import type { Credential, Members, Network, RevocationDocument } from '../../src/admin/network-documents.ts'
import { until } from '../host/testing.ts'
import { found, inviteLine, isUp, joinedHome } from './belonging.ts'
import { type Daemon, launch, start } from './daemon.ts'

const LIMIT = { timeout: 240_000 }
const CUT_MS = 5_000
const NAMES = ['a', 'b', 'c', 'd', 'away', 'stolen'] as const

test(
  `a node revoked in a network of seven has no connection left ${CUT_MS / 1000} s later, and one that was away learns of it before it serves anybody`,
  LIMIT,
  async (t) => {
    const hub = await found(t, 'fleet', { measured: true })
    const line = await inviteLine(hub, '--uses', String(NAMES.length))
    const homes: string[] = []
    for (const name of NAMES) homes.push(await joinedHome(t, line, '--name', name))
    const others = await Promise.all(homes.map((home) => launch(t, { home, measured: true })))
    await Promise.all(others.map((node) => node.listening()))
    const [away, stolen] = others.slice(-2)
    assert.ok(away !== undefined && stolen !== undefined)
    const all = [hub, ...others]
    await until(
      'everybody is connected to everybody',
      async () => (await upCounts(all)).every((up) => up === all.length - 1),
      30_000,
    )

    await away.end()
    const staying = all.filter((node) => node !== away && node !== stolen)
    const revoked = await hub.json<RevocationDocument>(
      'x0.revocation/v1',
      'credential',
      'revoke',
      'stolen',
      '--reason',
      'left in a train',
    )
    assert.deepEqual([revoked.x0Id, revoked.issuer], [stolen.api.x0Id, hub.api.x0Id])
    const cut = await until(
      'no node keeps a connection with it',
      async () =>
        (await stolen.status()).peers.up === 0 && !(await Promise.all(staying.map((node) => isUp(node, stolen)))).includes(true),
      CUT_MS,
    )
    t.diagnostic(`cut off everywhere ${Math.round(cut)} ms after the command had answered`)
    const digests = await Promise.all(staying.map(async (node) => (await networkOf(node)).revocationDigest))
    assert.equal(new Set(digests).size, 1)
    for (const node of staying) assert.equal(await node.metric('x0_network_revocations'), 1)

    await t.test('it is refused by everybody, and both ends know why', async () => {
      const [one] = staying.slice(1)
      assert.ok(one !== undefined)
      const refusals = (node: Daemon, by: string) => node.metric('x0_handshake_refusals_total', { by, code: 'revoked' })
      const { code, stderr } = await stolen.run('handshake', one.line)
      assert.equal(code, 5, stderr)
      assert.match(stderr, /revoked/)
      assert.ok((await refusals(one, 'self')) >= 1)
      assert.ok((await refusals(stolen, 'peer')) >= 1)
    })

    await t.test(
      'who was away meets the revoked node first, gives it nothing, learns of it from a member and refuses it',
      async () => {
        const back = await start(t, { home: away.home, bootstrap: [stolen.line], measured: true })
        await until('it has caught up', async () => (await networkOf(back)).trust.level, 20_000)
        const { revocations, trust } = await networkOf(back)
        assert.deepEqual([revocations, trust.syncedWith], [1, hub.api.x0Id])
        const { stdout } = await back.run('events', '--json')
        const events = stdout
          .trim()
          .split('\n')
          .map((text): EventDocument => JSON.parse(text))
        const order = events.map(({ type }) => type).filter((type) => type === 'trust.catching-up' || type === 'trust.level')
        assert.deepEqual(order, ['trust.catching-up', 'trust.level'])
        const refused = await stolen.run('handshake', back.line)
        assert.equal(refused.code, 5, refused.stderr)
        assert.match(refused.stderr, /revoked/)
        assert.equal(await isUp(back, stolen), false)
        await until('it is one of them again', async () => (await back.status()).peers.up === staying.length, 20_000)
      },
    )

    await t.test('a member is not revoked by a signature, and the revoked name is free again', async () => {
      const { code, stderr } = await hub.run('credential', 'revoke', 'hub', '--reason', 'x')
      assert.equal(code, 1)
      assert.match(stderr, /member/)
      await joinedHome(t, await inviteLine(hub), '--name', 'stolen')
    })
  },
)

test('a credential is renewed at half of its life, and new keys carry name and groups over', LIMIT, async (t) => {
  const hub = await found(t, 'fleet')
  const home = await joinedHome(t, await inviteLine(hub, '--validity', '20s', '--group', 'ops'), '--name', 'laptop')
  const node = await start(t, { home })
  const first = await credentialOf(node)
  await until('it was renewed', async () => (await credentialOf(node)).serial !== first.serial, 25_000)
  const renewed = await credentialOf(node)
  assert.deepEqual([renewed.name, renewed.groups, renewed.lastRenewal?.ok], ['laptop', ['ops'], true])
  assert.ok(Date.parse(renewed.expiresAt ?? '') > Date.parse(first.expiresAt ?? ''))
  assert.ok((await node.metric('x0_credential_renewals_total', { result: 'renewed' })) >= 1)
  // the peer is told without a new connection
  const shown = async (): Promise<string | null | undefined> =>
    (await hub.json<Members>('x0.members/v1', 'members')).nodes.find(({ name }) => name === 'laptop')?.expiresAt
  await until('the member sees the new end', async () => Date.parse((await shown()) ?? '') >= Date.parse(renewed.expiresAt ?? ''))

  const running = await node.run('credential', 'rotate')
  assert.equal(running.code, 1, 'not while the keys are in use')
  const before = node.api
  await node.end()
  const rotated = await node.run('credential', 'rotate', '--json')
  assert.equal(rotated.code, 0, rotated.stderr)
  assert.equal(JSON.parse(rotated.stdout).carriedOver, true, rotated.stdout)
  const again = await start(t, { home })
  assert.notEqual(again.api.x0Id, before.x0Id)
  assert.notEqual(again.peerId, before.peerId)
  await until('it is back', async () => isUp(hub, again), 15_000)
  const carried = await credentialOf(again)
  assert.deepEqual([carried.name, carried.groups, carried.kind], ['laptop', ['ops'], 'credential'])
  const { stdout } = await hub.run('credential', 'revocations')
  assert.match(stdout, new RegExp(`${before.x0Id}.*rotated to ${again.api.x0Id}`))
})

function upCounts(nodes: readonly Daemon[]): Promise<number[]> {
  return Promise.all(nodes.map(async (node) => (await node.status()).peers.up))
}

function networkOf(node: Daemon): Promise<Network> {
  return node.json<Network>('x0.network/v1', 'network', 'show')
}

function credentialOf(node: Daemon): Promise<Credential> {
  return node.json<Credential>('x0.credential/v1', 'credential', 'show')
}
