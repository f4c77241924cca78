import assert from 'node:assert/strict'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { PROBLEMS } from '../../src/admin/problem.ts'
import { EXIT, EXIT_MEANINGS, type ExitName } from '../../src/cli/failure.ts'
import { fakeNode, PEER_A, SELF, TOKEN, temporaryHome, x0 } from './fake-node.ts'

const problem = (status: number, code: string, detail = 'the reason') => ({
  status,
  type: 'application/problem+json',
  body: { type: `urn:x0:problem:${code}`, title: 'T', status, detail, code },
})

describe('exit codes', () => {
  it('are the documented numbers, each with a meaning', () => {
    assert.deepEqual(Object.values(EXIT), [0, 1, 2, 3, 4, 5, 6, 7, 8])
    assert.deepEqual(Object.keys(EXIT_MEANINGS), Object.keys(EXIT))
  })

  const codes: Readonly<Record<keyof typeof PROBLEMS, ExitName>> = {
    'body-malformed': 'usage',
    'request-malformed': 'usage',
    'request-invalid': 'usage',
    'bad-address': 'usage',
    'name-invalid': 'usage',
    'invite-invalid': 'usage',
    'fields-invalid': 'usage',
    'account-exists': 'failure',
    'account-unknown': 'failure',
    'token-unknown': 'failure',
    'limit-reached': 'failure',
    'login-failed': 'denied',
    'login-limited': 'denied',
    'peer-is-self': 'usage',
    'token-required': 'denied',
    'not-a-member': 'denied',
    'admission-by-vote': 'denied',
    'join-refused': 'denied',
    'renewal-refused': 'denied',
    'origin-refused': 'denied',
    'scope-missing': 'denied',
    'route-unknown': 'failure',
    'peer-unknown': 'unreachable',
    'node-unknown': 'failure',
    'invite-unknown': 'failure',
    'method-unsupported': 'failure',
    'request-timeout': 'failure',
    'peer-ambiguous': 'usage',
    'in-network': 'failure',
    'no-network': 'failure',
    'last-member': 'failure',
    'name-taken': 'failure',
    'too-many': 'failure',
    'member-protected': 'failure',
    'revocation-refused': 'failure',
    'block-unknown': 'unreachable',
    'not-saved': 'badConfig',
    'body-too-large': 'usage',
    'body-type-unsupported': 'failure',
    'host-refused': 'denied',
    'rate-limited': 'notReady',
    'token-failures': 'denied',
    'headers-too-large': 'usage',
    'internal-error': 'failure',
    'store-failed': 'failure',
    unreachable: 'unreachable',
    'protocol-unsupported': 'failure',
    'identity-mismatch': 'verificationFailed',
    'refused-by-peer': 'denied',
    'handshake-failed': 'failure',
    'not-ready': 'notReady',
    busy: 'notReady',
    timeout: 'unreachable',
  }
  for (const [code, [status]] of Object.entries(PROBLEMS)) {
    const name = codes[code as keyof typeof PROBLEMS]
    it(`is ${EXIT[name]} (${name}) for the problem ${code}`, async (t) => {
      const node = await fakeNode(t, () => problem(status, code))
      const { code: exit, out, err } = await x0(['--home', node.home, 'handshake', PEER_A])
      assert.equal(exit, EXIT[name])
      assert.equal(out, '', 'stdout is data')
      assert.match(err, /^x0: The reason\.\n/)
    })
  }

  it('is 1 for an answer that is no problem document, with its status', async (t) => {
    const node = await fakeNode(t, () => ({ status: 500, type: 'text/html', body: '<h1>no</h1>' }))
    const { code, err } = await x0(['--home', node.home, 'self'])
    assert.equal(code, EXIT.failure)
    assert.match(err, /HTTP status 500/)
  })

  it('is 2 with a "did you mean" for a mistyped command or flag', async () => {
    for (const [args, meant] of [
      [['perrs'], 'peers'],
      [['config', 'shcema'], 'schema'],
      [['peers', '--jsn'], '--json'],
      [['run', '--bootstrp', 'x'], '--bootstrap'],
    ] as const) {
      const { code, err } = await x0(args)
      assert.equal(code, EXIT.usage, args.join(' '))
      assert.match(err, new RegExp(`Did you mean ${meant}\\?`))
      assert.doesNotMatch(err, /^\s+at /m, 'no stack trace')
    }
  })

  it('is 2 for missing, superfluous and malformed arguments', async () => {
    for (const args of [
      [],
      ['config'],
      ['ping'],
      ['self', 'extra'],
      ['ping', PEER_A, '--count', '0'],
      ['wait', '--peers', 'many'],
      ['--timeout', 'soon', 'self'],
      ['--timeout', '0', 'self'],
      ['--api', 'ftp://127.0.0.1', 'self'],
      ['--api', 'nowhere', 'self'],
      ['completion', 'tcsh'],
      ['run', '--log-level', 'loud'],
    ]) {
      const { code, out, err } = await x0(args)
      assert.equal(code, EXIT.usage, `x0 ${args.join(' ')}: ${err}`)
      assert.equal(out, '')
    }
  })

  it('is 0 for help, on stdout', async () => {
    const { code, out, err } = await x0(['peers', '--help'])
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /Usage: x0 peers/)
  })

  it('is 3 where no node ever ran in the home, and says how to start one', async (t) => {
    const home = await temporaryHome(t)
    const { code, err } = await x0(['self'], { X0_HOME: home })
    assert.equal(code, EXIT.noDaemon)
    assert.ok(err.includes(home))
    assert.match(err, /x0 run --home/)
  })

  it('is 3 where the node of the home was killed', async (t) => {
    const node = await fakeNode(t, () => ({ body: SELF }))
    // No Linux or Windows process has this id: pid_max is 2^22.
    await node.announce({ pid: 2 ** 22 + 1 })
    const { code, err } = await x0(['--home', node.home, 'self'])
    assert.equal(code, EXIT.noDaemon)
    assert.match(err, /process 4194305\) is gone/)
    assert.equal(node.seen.length, 0)
  })

  it('is 3 where nobody listens at --api', async (t) => {
    const node = await fakeNode(t, () => ({ body: SELF }))
    const { code, err } = await x0(['--api', 'http://127.0.0.1:1', 'self'], { X0_HOME: node.home })
    assert.equal(code, EXIT.noDaemon)
    assert.match(err, /No node answers at http:\/\/127\.0\.0\.1:1/)
  })

  it('is 4 where the node does not answer in time', async (t) => {
    const node = await fakeNode(t, () => () => undefined)
    const { code, err } = await x0(['--home', node.home, '--timeout', '50ms', 'self'])
    assert.equal(code, EXIT.notReady)
    assert.match(err, /within 0\.05 s/)
  })

  it('is 5 where the token may not be read', { skip: process.getuid?.() === 0 && 'root may read everything' }, async (t) => {
    const node = await fakeNode(t, () => ({ body: SELF }))
    await chmod(join(node.home, 'token'), 0)
    assert.equal((await x0(['--home', node.home, 'self'])).code, EXIT.denied)
  })

  it('is 6 for a peer that answers no ping, after the report was printed', async (t) => {
    const report = { schema: 'x0.ping/v1', peerId: PEER_A, path: '/ip4/127.0.0.1/tcp/1', sent: 3, received: 0, rttMs: [] }
    const node = await fakeNode(t, () => ({ body: report }))
    const { code, out } = await x0(['--home', node.home, '--json', 'ping', PEER_A])
    assert.equal(code, EXIT.unreachable)
    assert.deepEqual(JSON.parse(out), report)
  })

  it('is 1 where what answers is not a node of this version', async (t) => {
    for (const body of [{ schema: 'x0.self/v9' }, 'null', 'not json', '[]']) {
      const node = await fakeNode(t, () => ({ body }))
      const { code, err } = await x0(['--home', node.home, 'self'])
      assert.equal(code, EXIT.failure)
      assert.match(err, /not a node that this version of x0 understands/)
    }
  })

  it('is 1 where api.json is not what x0 writes', async (t) => {
    const home = await temporaryHome(t)
    for (const text of ['', '{', 'null', '{"schema":"x0.api/v2","pid":1}', '{"schema":"x0.api/v1","pid":"1"}']) {
      await writeFile(join(home, 'api.json'), text)
      const { code, err } = await x0(['--home', home, 'self'])
      assert.equal(code, EXIT.failure, text)
      assert.match(err, /api\.json is not what this version/)
    }
  })

  it('is 1 where the conversation breaks off', async (t) => {
    const node = await fakeNode(t, () => (_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{', () => response.destroy())
    })
    const { code, err } = await x0(['--home', node.home, 'self'])
    assert.equal(code, EXIT.failure)
    assert.match(err, /broke off/)
  })
})

describe('finding the node', () => {
  it('takes the unix socket first, with the token of the home', async (t) => {
    const node = await fakeNode(t, () => ({ body: SELF }))
    assert.equal((await x0(['self', '--home', node.home])).code, 0)
    assert.deepEqual(
      node.seen.map(({ over, authorization }) => [over, authorization]),
      [['socket', `Bearer ${TOKEN}`]],
    )
  })

  it('takes the port where the socket is not served', async (t) => {
    const node = await fakeNode(t, () => ({ body: SELF }))
    await node.announce({ socket: null })
    assert.equal((await x0(['self', '--home', node.home])).code, 0)
    await node.announce({ socket: join(node.home, 'gone.sock') })
    assert.equal((await x0(['self', '--home', node.home])).code, 0)
    assert.deepEqual(
      node.seen.map(({ over }) => over),
      ['port', 'port'],
    )
  })

  it('prefers a token in the environment', async (t) => {
    const node = await fakeNode(t, () => ({ body: SELF }))
    await rm(join(node.home, 'token'))
    assert.equal((await x0(['self', '--home', node.home], { X0_TOKEN: 'x0a_mine' })).code, 0)
    assert.equal(node.seen[0]?.authorization, 'Bearer x0a_mine')
  })

  it('gives the token of the home to the port of that home and to nobody else', async (t) => {
    const mine = await fakeNode(t, () => ({ body: SELF }))
    const other = await fakeNode(t, () => ({ body: SELF }))
    assert.equal((await x0(['self', '--home', mine.home, '--api', `${mine.url}/`])).code, 0)
    assert.equal((await x0(['self', '--home', mine.home, '--api', other.url])).code, 0)
    assert.equal(mine.seen[0]?.authorization, `Bearer ${TOKEN}`)
    assert.equal(other.seen[0]?.authorization, undefined)
    assert.equal(other.seen[0]?.over, 'port')
  })
})
