import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Peers, Self, Status } from '../../src/admin/documents.ts'
import { parseBootstrapLine } from '../../src/identity/bootstrap-line.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { until } from '../host/testing.ts'
import { launch, start } from './daemon.ts'

const LIMIT = { timeout: 90_000 }

async function mode(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

test(
  'the first run of an empty home makes everything that a node needs, says how to join, and leaves no trace of a running node',
  LIMIT,
  async (t) => {
    const began = performance.now()
    const node = await launch(t, { measured: true })
    await node.listening()
    const listeningMs = Math.round(performance.now() - began)

    const text = await readFile(join(node.home, 'api.json'), 'utf8')
    const api = JSON.parse(text)
    const promised = ['schema', 'pid', 'admin', 'socket', 'tokenFile', 'peerId', 'x0Id', 'addresses', 'bootstrap']
    assert.deepEqual(Object.keys(api).sort(), promised.sort())
    assert.equal(api.schema, 'x0.api/v1')
    assert.equal(api.pid, node.child.pid)
    assert.match(api.admin, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
    assert.deepEqual([api.socket, api.tokenFile], [join(node.home, 'x0.sock'), join(node.home, 'token')])
    assert.match(api.addresses[0], /^\/ip4\/127\.0\.0\.1\/tcp\/[1-9]\d*\/p2p\/12D3Koo\w+$/)
    assert.deepEqual(api.bootstrap, [`${api.addresses[0]}#${api.x0Id}`])

    assert.equal(await mode(node.home), '700')
    assert.equal(await mode(join(node.home, 'keys')), '700')
    for (const secret of ['keys/node.keys', 'token', 'api.json', 'x0.sock'])
      assert.equal(await mode(join(node.home, secret)), '600', secret)
    const token = (await readFile(join(node.home, 'token'), 'utf8')).trim()
    assert.ok(token.length >= 32 && !text.includes(token), 'api.json names the token, it does not hold it')

    await until('the line to paste is printed', () => node.stderr().includes('x0 run --bootstrap'))
    const printed = /^bootstrap +(\S+)$/m.exec(node.stdout())?.[1] ?? ''
    assert.equal(printed, api.bootstrap[0])
    const line = parseBootstrapLine(printed)
    assert.equal(line.peerId, api.peerId)
    assert.ok(line.x0Id !== undefined)
    assert.equal(formatX0Id(line.x0Id), api.x0Id)
    assert.ok(!`${node.stdout()}${node.stderr()}`.includes(token), "the token is nobody else's to read")

    const self = await node.json<Self>('x0.self/v1', 'self')
    assert.deepEqual(
      [self.peerId, self.x0Id, self.bootstrap, self.pid, self.home],
      [api.peerId, api.x0Id, api.bootstrap, api.pid, node.home],
    )
    assert.equal(Buffer.from(self.mldsa65PublicKey, 'base64').length, 1952)
    const status = await node.json<Status>('x0.status/v1', 'status')
    assert.deepEqual(
      [status.ready, status.peerId, status.listen, status.peers.up, status.alarms],
      [true, api.peerId, api.addresses, 0, []],
    )
    assert.deepEqual((await node.json<Peers>('x0.peers/v1', 'peers')).peers, [])

    assert.equal(await node.end('SIGTERM'), 0)
    for (const trace of ['api.json', 'x0.sock', 'process.json'])
      await assert.rejects(stat(join(node.home, trace)), { code: 'ENOENT' }, trace)
    const gone = await node.run('status')
    assert.equal(gone.code, 3)
    assert.match(gone.stderr, /No node runs in .*x0 run/s)

    const restarted = performance.now()
    const again = await start(t, { home: node.home, measured: true })
    const againMs = Math.round(performance.now() - restarted)
    t.diagnostic(`start to listening: ${listeningMs} ms, with a home ${againMs} ms (goal 1500)`)
    assert.ok(Math.min(listeningMs, againMs) < 10_000)
    assert.deepEqual([again.peerId, again.api.x0Id], [api.peerId, api.x0Id], 'the keys stay')
    assert.equal((await readFile(join(node.home, 'token'), 'utf8')).trim(), token, 'and so does the token')
  },
)

test('one Ctrl-C that arrives twice, from the terminal and from a parent, still stops in order', LIMIT, async (t) => {
  const node = await start(t)
  node.child.kill('SIGINT')
  node.child.kill('SIGINT')
  assert.equal(await node.ended(), 0)
  await assert.rejects(stat(join(node.home, 'api.json')), { code: 'ENOENT' })
})

test('a signal during the start stops the node in order as soon as it can', LIMIT, async (t) => {
  const node = await launch(t)
  // The home is being opened: the program runs and listens for signals.
  await until('the home is taken', async () => (await stat(join(node.home, 'process.json')).catch(() => undefined)) !== undefined)
  node.child.kill('SIGTERM')
  assert.equal(await node.ended(), 0, node.stderr())
  await assert.rejects(stat(join(node.home, 'api.json')), { code: 'ENOENT' })
})
