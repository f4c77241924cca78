import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../host/testing.ts'
import { launch, start, temporaryFolder, x0 } from './daemon.ts'

const LIMIT = { timeout: 90_000 }
const LOOPBACK = 'listen: [/ip4/127.0.0.1/tcp/0]\nadmin: { address: "127.0.0.1:0" }\n'

test(
  'a flag wins over a variable, a variable over the file, the file over the default; and show says which',
  LIMIT,
  async (t) => {
    const home = await homeWith(t, `${LOOPBACK}peers: { min: 1, target: 5, max: 9 }\nlog: { level: error }\n`)
    const env = { X0_PEERS_TARGET: '6', X0_LOG_LEVEL: 'warn', X0_PEERS_MAX: '10' }
    const node = await start(t, { home, bare: true, env, flags: ['--log-level', 'debug'] })
    const { peers } = await node.status()
    assert.deepEqual([peers.min, peers.target, peers.max], [1, 6, 10])
    assert.equal((await node.run('log', 'level')).stdout, 'debug\n')

    const shown = await x0(['config', 'show', '--origin', '--home', home], env)
    assert.equal(shown.code, 0, shown.stderr)
    const file = join(home, 'config.yaml')
    for (const line of [
      `peers.min +1 +${file} line 3`,
      'peers.target +6 +X0_PEERS_TARGET',
      'log.level +"warn" +X0_LOG_LEVEL',
      'liveness.idleSeconds +\\d+ +default',
    ])
      assert.match(shown.stdout, new RegExp(`^${line}$`, 'm'))
  },
)

test(
  'SIGHUP applies what can be applied, names what needs a restart, and keeps the old settings where the new are wrong',
  LIMIT,
  async (t) => {
    const home = await homeWith(t, `${LOOPBACK}log: { level: info }\n`)
    const file = join(home, 'config.yaml')
    const node = await start(t, { home, bare: true })

    await writeFile(file, `${LOOPBACK}log: { level: debug }\nsecurity: { renewAfterHours: 12 }\n`)
    node.child.kill('SIGHUP')
    await until('it has read them', () => /changed settings need a restart/.test(node.stderr()))
    assert.match(node.stderr(), /changed settings are applied settings=.*log\.level/)
    assert.match(node.stderr(), /changed settings need a restart settings=.*security\.renewAfterHours/)
    assert.equal((await node.run('log', 'level')).stdout, 'debug\n')
    const events = await node.run('events', '--types', 'config.reloaded')
    assert.match(events.stdout, /applied=log\.level +needsRestart=security\.renewAfterHours/)

    // A level set by hand outlives a reload that is about something else, and what waits for a restart goes on waiting.
    assert.equal((await node.run('log', 'level', 'trace')).code, 0)
    await writeFile(
      file,
      `${LOOPBACK.replace('admin: {', 'admin: { burst: 77,')}log: { level: debug }\nsecurity: { renewAfterHours: 12 }\n`,
    )
    node.child.kill('SIGHUP')
    await until('it has read them again', () => /are applied settings=\S*admin\.burst/.test(node.stderr()))
    assert.equal((await node.run('log', 'level')).stdout, 'trace\n')
    assert.equal(node.stderr().match(/changed settings need a restart settings=.*security\.renewAfterHours/g)?.length, 2)

    await writeFile(file, 'log: { level: loud }\n')
    node.child.kill('SIGHUP')
    await until('it has refused them', () => /the configuration cannot be used/.test(node.stderr()))
    assert.equal((await node.run('log', 'level')).stdout, 'trace\n')
    assert.equal((await node.status()).ready, true)
  },
)

test('a configuration that cannot be used ends the start with exit code 7, all its problems and no home', LIMIT, async (t) => {
  const home = await homeWith(t, 'peers: { mim: 1 }\nlog: { level: loud }\n')
  const node = await launch(t, { home })
  assert.equal(await node.ended(), 7)
  assert.match(node.stderr(), /config\.yaml line 1.*peers\.mim.*did you mean.*min/is)
  assert.match(node.stderr(), /config\.yaml line 2.*log\.level/s)
  assert.doesNotMatch(node.stderr(), /^\s+at /m)

  const exposed = await launch(t, { flags: ['--admin', '0.0.0.0:0'] })
  assert.equal(await exposed.ended(), 7)
  assert.match(exposed.stderr(), /tls/i, 'no open admin port without TLS')
})

test('a port that was written and is taken is an error that names it', LIMIT, async (t) => {
  const taken = await occupy(t, 0)
  assert.ok(taken !== undefined)
  const { port } = taken.address() as AddressInfo
  const admin = await launch(t, { bare: true, flags: ['--listen', '/ip4/127.0.0.1/tcp/0', '--admin', `127.0.0.1:${port}`] })
  assert.equal(await admin.ended(), 7)
  assert.match(admin.stderr(), new RegExp(`127\\.0\\.0\\.1:${port}`))
  const listen = await launch(t, { listen: `/ip4/127.0.0.1/tcp/${port}` })
  assert.equal(await listen.ended(), 7)
  assert.match(listen.stderr(), new RegExp(`annot listen on /ip4/127\\.0\\.0\\.1/tcp/${port}: EADDRINUSE`))
})

test('a node that listens nowhere is ready, and reaches others', LIMIT, async (t) => {
  const peer = await start(t)
  const home = await homeWith(t, `listen: []\nadmin: { address: "127.0.0.1:0" }\nbootstrap: ["${peer.line}"]\n`)
  const node = await start(t, { home, bare: true })
  await node.peerThat(peer.peerId, 'it is up', ({ state }) => state === 'up/direct')
  const { ready, status, listen } = await node.status()
  assert.deepEqual([ready, status, listen], [true, 'ok', []])
})

test(
  'listen addresses that overlap end the start with exit code 7 and one sentence, and nothing goes on listening',
  LIMIT,
  async (t) => {
    const free = await occupy(t, 0)
    assert.ok(free !== undefined)
    const { port } = free.address() as AddressInfo
    free.close()
    await once(free, 'close')
    const node = await launch(t, { listen: `/ip4/127.0.0.1/tcp/${port}`, flags: ['--listen', `/ip4/0.0.0.0/tcp/${port}`] })
    assert.equal(await node.ended(), 7)
    assert.match(node.stderr(), /^x0: Cannot listen on \S+ together with the others in `listen`.*\.$/m)
    assert.ok((await occupy(t, port)) !== undefined)
  },
)

test('a default port that is taken yields to a free one, which api.json names', LIMIT, async (t) => {
  // Whoever has it, us or somebody else on this machine: it is taken.
  await occupy(t, 9690)
  const node = await start(t, { bare: true, flags: ['--listen', '/ip4/127.0.0.1/tcp/0'] })
  assert.match(node.api.admin ?? '', /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.notEqual(node.api.admin, 'http://127.0.0.1:9690')
  assert.equal((await node.run('status')).code, 0)
  assert.equal((await node.status()).ready, true)
})

async function homeWith(t: Parameters<typeof start>[0], config: string): Promise<string> {
  const home = join(await temporaryFolder(t), 'home')
  await mkdir(home, { mode: 0o700 })
  await writeFile(join(home, 'config.yaml'), config)
  return home
}

/** Listens on a port of 127.0.0.1; undefined where somebody else does already. */
async function occupy(t: Parameters<typeof start>[0], port: number): Promise<Server | undefined> {
  const server = createServer()
  t.after(() => server.close())
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined
    throw error
  }
}
