import assert from 'node:assert/strict'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { found, inviteLine, joinedHome } from './belonging.ts'
import { type Daemon, start, temporaryFolder, x0 } from './daemon.ts'

const LIMIT = { timeout: 120_000 }

interface Told {
  readonly status: number
  readonly body: string
}

/** POST (or GET, without a body) over the admin port with the token of the home, answered or not. */
async function ask(node: Daemon, path: string, body?: unknown): Promise<Told> {
  const { admin, tokenFile } = node.api
  assert.ok(admin !== null && tokenFile !== null)
  const token = (await readFile(tokenFile, 'utf8')).trim()
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(new URL(path, admin), {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, ...json },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  })
  return { status: response.status, body: await response.text() }
}

test('revocations that are asked for while a node leaves do not keep it from starting again', LIMIT, async (t) => {
  const hub = await found(t, 'fleet')
  const revoke = (): Promise<Told> =>
    ask(hub, '/network/revocations', { node: formatX0Id(systemRandom.bytes(32)), reason: 'stolen' })
  const before = Array.from({ length: 20 }, revoke)
  const leaving = ask(hub, '/network/leave', { force: true })
  const after = Array.from({ length: 60 }, revoke)
  const left = await leaving
  assert.equal(left.status, 200, left.body)
  // each was either done in the network, or told that there is none (any more)
  for (const { status, body } of await Promise.all([...before, ...after]))
    assert.ok(status === 200 || /"code":"(no-network|not-ready|rate-limited)"/.test(body), `${status} ${body}`)
  await hub.end('SIGTERM')
  const again = await start(t, { home: hub.home })
  assert.equal((await again.status()).network.name, 'open')
})

test('a name of another network names nobody, and whoever is blocked finds the door closed', LIMIT, async (t) => {
  const hub = await found(t, 'fleet')
  await joinedHome(t, await inviteLine(hub, '--name', 'laptop'))
  const foreign = await hub.run('credential', 'revoke', 'spiffe://other.example/node/laptop', '--reason', 'stolen')
  assert.equal(foreign.code, 1, foreign.stderr)
  assert.match(foreign.stderr, /spiffe:\/\/other\.example\/node\/laptop/)

  const home = join(await temporaryFolder(t), 'home')
  const made = await x0(['init', '--home', home, '--json'])
  const { x0Id }: { readonly x0Id: string } = JSON.parse(made.stdout)
  const blocked = await hub.run('peer', 'block', x0Id)
  assert.equal(blocked.code, 0, blocked.stderr)
  const line = await inviteLine(hub)
  const refused = await x0(['join', line, '--home', home])
  assert.equal(refused.code, 5, refused.stderr)
  assert.match(refused.stderr, /this node is blocked there/)
  assert.equal((await hub.run('peer', 'unblock', x0Id)).code, 0)
  const joined = await x0(['join', line, '--home', home])
  assert.equal(joined.code, 0, joined.stderr)
})

test('a node that can neither take its new seat nor the old one again says that it is not alive', LIMIT, async (t) => {
  const node = await start(t)
  assert.equal((await ask(node, '/livez')).status, 200)
  // no place for the data of any network's libp2p host
  await rename(join(node.home, 'datastores'), join(node.home, 'gone'))
  await writeFile(join(node.home, 'datastores'), 'in the way')
  const made = await ask(node, '/network/create', { name: 'fleet' })
  assert.ok(made.status >= 500, `${made.status} ${made.body}`)
  assert.equal((await ask(node, '/livez')).status, 503)
  assert.equal((await ask(node, '/readyz')).status, 503)
  await node.end('SIGTERM')
  await rename(join(node.home, 'datastores'), join(node.home, 'in-the-way'))
  await rename(join(node.home, 'gone'), join(node.home, 'datastores'))
  const again = await start(t, { home: node.home })
  assert.equal((await ask(again, '/livez')).status, 200)
  assert.equal((await again.status()).network.name, 'fleet', 'what was done before the move is not lost')
})
