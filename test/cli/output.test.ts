import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HandshakeReport, Peers, Status } from '../../src/admin/documents.ts'
import { handshakeText } from '../../src/cli/handshake.ts'
import { blocksText } from '../../src/cli/peer.ts'
import { peersText } from '../../src/cli/peers.ts'
import { pingText } from '../../src/cli/ping.ts'
import { age, bytes, milliseconds, offset, percent, readDuration, readLongSpan, span } from '../../src/cli/quantity.ts'
import { statusText } from '../../src/cli/status.ts'
import { fields, table } from '../../src/cli/table.ts'
import { paint, printable } from '../../src/cli/terminal.ts'
import { fakeNode, PEER_A, PEER_B, PEERS, SELF, STATUS, X0_A, x0 } from './fake-node.ts'

const PLAIN = { color: false }
const NOW = Date.parse('2026-01-01T01:00:00.000Z')

const HANDSHAKE: HandshakeReport = {
  schema: 'x0.handshake/v1',
  peerId: PEER_B,
  remoteX0Id: X0_A,
  localX0Id: 'b'.repeat(64),
  address: '/ip4/127.0.0.1/tcp/4002',
  protocol: '/x0/noise/1.0.0',
  suite: 'XXhfs_X25519+ML-KEM-768',
  pqKeyExchange: true,
  pqAuthenticated: true,
  verdict: 'accepted',
  connectMs: 0.31,
  negotiateMs: 1.2,
  handshakeMs: 6.4,
  totalMs: 12.6,
  flights: [
    { name: 'A', direction: 'sent', bytes: 1250, atMs: 0 },
    { name: 'B', direction: 'received', bytes: 7012, atMs: 3.25 },
  ],
  bytesSent: 7100,
  bytesReceived: 7012,
  transcriptHash: 'd'.repeat(64),
}

describe('human output', () => {
  it('aligns the peers, says what is not known, and lets nothing command the terminal', () => {
    assert.equal(
      peersText(PLAIN, PEERS as Peers, NOW),
      `PEER                                                  STATE      PATH                     SUITE                    PQ   RTT     LOSS  OFFSET   AGE    LAST ERROR
${PEER_A}  up/direct  /ip4/127.0.0.1/tcp/4001  XXhfs_X25519+ML-KEM-768  yes  0.7 ms  3%    +1.3 ms  1h00m  -
${PEER_B}  down       -                        -                        -    -       -     -        2m00s  down closed-by-peer: it left (2m00s ago), unreachable: refused ?[31mred? (30s ago), next try in 7s
`,
    )
  })

  it('lists blocks with what the operator wrote, and no escape sequence', () => {
    const block = { x0Id: X0_A, peerId: null, since: '2026-01-01T00:00:00.000Z', until: null, reason: '' }
    const timed = { ...block, x0Id: null, peerId: PEER_B, until: '2026-01-01T03:00:00.000Z', reason: 'lou\u001b[31md' }
    assert.equal(
      blocksText(PLAIN, { schema: 'x0.blocks/v1', blocks: [block, timed] }, NOW),
      `X0 ID                                                             PEER                                                  SINCE  UNTIL           REASON
${X0_A}  -                                                     1h00m  unblocked       -
-                                                                 ${PEER_B}  1h00m  2h00m from now  lou?[31md
`,
    )
  })

  it('says of a peer without a post-quantum identity what it lacks', () => {
    const [peer] = PEERS.peers
    const row = (pqKeyExchange: boolean): string => {
      const document = { ...PEERS, peers: [{ ...peer, pqKeyExchange, pqAuthenticated: false }] } as Peers
      return peersText(PLAIN, document, NOW)
    }
    assert.match(row(true), / kem {2}0\.7 ms/)
    assert.match(row(false), / no {2}0\.7 ms/)
  })

  it('shows the status with what fails and what alarms', () => {
    assert.equal(
      statusText(PLAIN, STATUS as Status, NOW),
      `status        ok, ready
up for        1h02m, version 0.1.0
peer id       ${PEER_A}
x0 id         ${X0_A}
network       open (${'c'.repeat(64)})
belongs as    credential spiffe://fleet/node/laptop, for 30d23h more
listening     /ip4/127.0.0.1/tcp/4001
peers         2 up, 0 suspect, 1 down, 0 never reached, 3 known
              aims for 2 to 64, target 8
post-quantum  1 of 2 peers authenticated
suites        1 x XXhfs_X25519+ML-KEM-768
              1 x XX_25519
DHT           server, 2 in the routing table, 3 records
gossip        1 topics, 2 mesh peers, 2 nodes heard
clock         peers are -12 ms from ours (median)
event loop    lag p50 0.4 ms, p99 11 ms
memory        118 MiB resident, 43.6 MiB heap
failing       peers: 2 of 3
alarms        pin.mismatch ${PEER_B}, 1h00m ago: another key
`,
    )
  })

  it('shows a handshake flight by flight', () => {
    assert.match(
      handshakeText(PLAIN, HANDSHAKE),
      /pq authenticated {2}yes\n(?:.*\n)*bytes {13}7100 sent, 7012 received\n\nFLIGHT {2}DIRECTION {2}BYTES {2}AT\nA {7}sent {7}1250 {3}0\.0 ms\nB {7}received {3}7012 {3}3\.3 ms\n$/,
    )
  })

  it('sums up a ping', () => {
    const report = { schema: 'x0.ping/v1', peerId: PEER_A, path: '/ip4/127.0.0.1/tcp/1', sent: 4, received: 3 } as const
    assert.equal(
      pingText({ ...report, rttMs: [3, 1, 20] }),
      `${PEER_A} over /ip4/127.0.0.1/tcp/1\n1: 3.0 ms\n2: 1.0 ms\n3: 20 ms\n3 of 4 answered, min 1.0 ms, median 3.0 ms, max 20 ms\n`,
    )
  })

  it('colours only where asked to', () => {
    assert.equal(paint({ color: true }, 'red', 'x'), '\u001b[31mx\u001b[39m')
    assert.equal(paint(PLAIN, 'red', 'x'), 'x')
    const coloured = peersText({ color: true }, PEERS as Peers, NOW)
    assert.ok(coloured.includes('\u001b[32mup/direct\u001b[39m  '))
  })

  it('pads by what is seen', () => {
    assert.equal(
      table(
        ['A', 'B'],
        [
          [{ text: 'ab', paint: (text) => `<${text}>` }, 'c'],
          ['ü', 'd'],
        ],
        String,
      ),
      'A   B\n<ab>  c\nü   d\n',
    )
    assert.equal(
      fields([
        ['one', ['a', 'b']],
        ['two', []],
      ]),
      'one  a\n     b\ntwo  -\n',
    )
  })

  it('writes quantities for people', () => {
    assert.deepEqual([0, 59, 60, 3599, 3600, 86_400, 90_000, -1].map(span), [
      '0s',
      '59s',
      '1m00s',
      '59m59s',
      '1h00m',
      '1d00h',
      '1d01h',
      '0s',
    ])
    assert.deepEqual([0, 1023, 1024, 104_857_600, 2 ** 50].map(bytes), ['0 B', '1023 B', '1.0 KiB', '100 MiB', '1024 TiB'])
    assert.deepEqual(
      [milliseconds(null), offset(null), percent(null), age(null, NOW), age('never', NOW)],
      ['-', '-', '-', '-', '-'],
    )
    assert.deepEqual([offset(0), offset(-3.14), percent(0.5)], ['+0.0 ms', '-3.1 ms', '50%'])
    assert.equal(printable('a\u001b]0;x\u0007b\u2028'), 'a?]0;x?b?')
  })

  it('reads durations', () => {
    assert.deepEqual(['30', '1.5s', '250ms', '2m', '1h'].map(readDuration), [30_000, 1500, 250, 120_000, 3_600_000])
    for (const text of ['', '0', '-1', '1d', 'soon', '1e3', '9999h']) assert.equal(readDuration(text), undefined, text)
    const long = ['90', '3s', '30m', '12h', '7d', '10y'].map(readLongSpan)
    assert.deepEqual(long, [90, 3, 1_800, 43_200, 604_800, 315_360_000])
    for (const text of ['', '0', '1.5h', '500ms', '11y', '3651d', 'soon']) assert.equal(readLongSpan(text), undefined, text)
  })
})

describe('--json', () => {
  const documents: [args: string[], path: string, document: object][] = [
    [['self'], 'GET /mesh/self', SELF],
    [['status'], 'GET /mesh/status', STATUS],
    [['peers'], 'GET /mesh/peers', PEERS],
    [['handshake', PEER_B], 'POST /security/handshake', HANDSHAKE],
    [['log', 'level'], 'GET /log/level', { schema: 'x0.log-level/v1', level: 'info' }],
    [['log', 'level', 'debug'], 'PUT /log/level', { schema: 'x0.log-level/v1', level: 'debug' }],
  ]
  for (const [args, path, document] of documents) {
    it(`prints the document of ${path} unchanged`, async (t) => {
      const node = await fakeNode(t, () => ({ body: document }))
      const { code, out, err } = await x0([...args, '--json', '--home', node.home])
      assert.deepEqual([code, err], [0, ''])
      assert.deepEqual(JSON.parse(out), document)
      assert.deepEqual(
        node.seen.map(({ method, url }) => `${method} ${url}`),
        [path],
      )
      const human = await x0([...args, '--home', node.home])
      assert.equal(human.code, 0)
      assert.doesNotMatch(human.out, /[{}"]/, 'for people it is no JSON')
    })
  }

  it('sends what was asked for', async (t) => {
    const node = await fakeNode(t, ({ url }) => ({
      body:
        url === '/security/handshake'
          ? HANDSHAKE
          : { schema: 'x0.ping/v1', peerId: PEER_B, path: '/', sent: 7, received: 7, rttMs: [1] },
    }))
    await x0(['--home', node.home, 'handshake', PEER_B, '--protocol', '/noise'])
    await x0(['--home', node.home, 'ping', PEER_B, '-c', '7'])
    assert.deepEqual(
      node.seen.map(({ body }) => JSON.parse(body)),
      [
        { peer: PEER_B, protocol: '/noise' },
        { peer: PEER_B, count: 7 },
      ],
    )
  })

  it('names its schema for the version too', async () => {
    const { out } = await x0(['version', '--json'])
    const document = JSON.parse(out)
    assert.deepEqual(
      [document.schema, document.node, document.openssl],
      ['x0.version/v1', process.versions.node, process.versions.openssl],
    )
  })
})

it('peers says on stderr that there are none, and -q does not', async (t) => {
  const node = await fakeNode(t, () => ({ body: { schema: 'x0.peers/v1', peers: [] } }))
  const loud = await x0(['peers', '--home', node.home])
  assert.deepEqual([loud.code, loud.out], [0, ''])
  assert.match(loud.err, /knows no peers yet/)
  assert.deepEqual(await x0(['peers', '-q', '--home', node.home]), { code: 0, out: '', err: '' })
})

it('metrics selects whole families', async (t) => {
  const text =
    '# HELP x0_a A.\n# TYPE x0_a counter\nx0_a{k="x0_b"} 1\n# HELP x0_b B.\n# TYPE x0_b histogram\nx0_b_bucket{le="1"} 2\nx0_b_sum 3\n'
  const node = await fakeNode(t, () => ({ type: 'text/plain', body: text }))
  assert.equal((await x0(['metrics', '--home', node.home])).out, text)
  assert.equal((await x0(['metrics', 'x0_b', '--home', node.home])).out, text.slice(text.indexOf('# HELP x0_b')))
  const none = await x0(['metrics', 'absent', '--home', node.home])
  assert.deepEqual([none.code, none.out], [1, ''])
})
