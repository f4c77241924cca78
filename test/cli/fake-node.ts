import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { main } from '../../src/cli/main.ts'

/** What a request looked like to the fake node. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly body: string
  readonly over: 'socket' | 'port'
}

export interface FakeNode {
  readonly home: string
  readonly url: string
  readonly seen: Seen[]
  /** Rewrites api.json with these fields changed. */
  announce(changes: Record<string, unknown>): Promise<void>
}

export const TOKEN = 'x0a_token-of-the-fake-node'

/** A temporary home folder that goes with the test. */
export async function temporaryHome(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'x0-cli-'))
  t.after(() => rm(home, { recursive: true, force: true }))
  return home
}

/** An HTTP server that answers as `answer` says, on a unix socket and a port of 127.0.0.1, announced in an api.json. */
export async function fakeNode(
  t: TestContext,
  answer: (seen: Seen) => { status?: number; type?: string; body: unknown } | RequestListener,
): Promise<FakeNode> {
  const home = await temporaryHome(t)
  const seen: Seen[] = []
  const listener =
    (over: Seen['over']): RequestListener =>
    (request, response) => {
      void readAll(request).then((body) => {
        const { method = '', url = '' } = request
        const one: Seen = { method, url, authorization: request.headers.authorization, body, over }
        seen.push(one)
        const what = answer(one)
        if (typeof what === 'function') return what(request, response)
        response.writeHead(what.status ?? 200, { 'content-type': what.type ?? 'application/json' })
        response.end(typeof what.body === 'string' ? what.body : JSON.stringify(what.body))
      })
    }
  const socket = join(home, 'admin.sock')
  await listen(t, createServer(listener('socket')), socket)
  const port = await listen(t, createServer(listener('port')), 0)
  const url = `http://127.0.0.1:${port}`
  const tokenFile = join(home, 'token')
  await writeFile(tokenFile, `${TOKEN}\n`, { mode: 0o600 })
  // Whole or not at all, as a node writes it.
  const announce = async (changes: Record<string, unknown>): Promise<void> => {
    const names = { peerId: 'unused', x0Id: 'unused', addresses: [], bootstrap: [] }
    const document = { schema: 'x0.api/v1', pid: process.pid, admin: url, socket, tokenFile, ...names, ...changes }
    await writeFile(join(home, 'api.json.new'), JSON.stringify(document))
    await rename(join(home, 'api.json.new'), join(home, 'api.json'))
  }
  await announce({})
  return { home, url, seen, announce }
}

async function listen(t: TestContext, server: Server, where: string | number): Promise<number> {
  if (typeof where === 'string') server.listen(where)
  else server.listen(where, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return typeof where === 'string' ? 0 : (server.address() as AddressInfo).port
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs one command line in this process with a terminal that is no screen. */
export async function x0(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  let out = ''
  let err = ''
  const terminal = {
    env,
    interactive: false,
    out: (text: string) => {
      out += text
    },
    err: (text: string) => {
      err += text
    },
  }
  const code = await main(args, terminal)
  return { code, out, err }
}

export const PEER_A = '12D3KooWHHzSeKaY8xuZVzkLbKFfvNgPPeKhFBGrMbNzbm5akpqu'
export const PEER_B = '12D3KooWJRSrypvnpHgc6ZAgyCni4KcSmbV7uGRaMw5LgMKT18fq'
export const X0_A = 'a'.repeat(64)

export const SELF = {
  schema: 'x0.self/v1',
  version: '0.1.0',
  peerId: PEER_A,
  x0Id: X0_A,
  ed25519PublicKey: 'AAAA',
  mldsa65PublicKey: 'BBBB',
  networkId: 'c'.repeat(64),
  addresses: ['/ip4/127.0.0.1/tcp/4001', '/ip6/::1/tcp/4001'],
  bootstrap: [`/ip4/127.0.0.1/tcp/4001/p2p/${PEER_A}#${X0_A}`],
  protocols: ['/x0/noise/1.0.0'],
  backend: 'native',
  home: '/srv/x0',
  pid: 4711,
}

export const STATUS = {
  schema: 'x0.status/v1',
  version: '0.1.0',
  status: 'ok',
  ready: true,
  uptimeSeconds: 3723,
  peerId: PEER_A,
  x0Id: X0_A,
  network: { id: 'c'.repeat(64), name: 'open' },
  belonging: {
    kind: 'credential',
    spiffeId: 'spiffe://fleet/node/laptop',
    groups: ['ops'],
    expiresAt: '2026-02-01T00:00:00.000Z',
    level: true,
  },
  listen: ['/ip4/127.0.0.1/tcp/4001'],
  peers: { known: 3, up: 2, suspect: 0, down: 1, never: 0, blocked: 0, pqAuthenticated: 1, min: 2, target: 8, max: 64 },
  suites: { 'XXhfs_X25519+ML-KEM-768': 1, XX_25519: 1 },
  dht: { mode: 'server', routingTable: 2, records: 3 },
  gossip: { topics: ['presence'], meshPeers: 2, presenceHeard: 2 },
  clockOffsetMs: -12.3,
  eventLoopLagMs: { p50: 0.4, p99: 11.2 },
  memoryBytes: { rss: 123_456_789, heapUsed: 45_678_901 },
  alarms: [{ type: 'pin.mismatch', peer: PEER_B, at: '2026-01-01T00:00:00.000Z', message: 'another key' }],
  checks: [
    { name: 'listening', ok: true, detail: 'one address' },
    { name: 'peers', ok: false, detail: '2 of 3' },
  ],
}

const UP = {
  peerId: PEER_A,
  x0Id: X0_A,
  state: 'up/direct',
  since: '2026-01-01T00:00:00.000Z',
  wanted: true,
  source: 'bootstrap',
  path: '/ip4/127.0.0.1/tcp/4001',
  direction: 'outbound',
  suite: 'XXhfs_X25519+ML-KEM-768',
  pqKeyExchange: true,
  pqAuthenticated: true,
  rttMs: 0.74,
  lossRatio: 0.031,
  clockOffsetMs: 1.25,
  bytesIn: 100,
  bytesOut: 200,
  connectedAt: '2026-01-01T00:00:00.000Z',
  lastError: null,
  downReason: null,
  nextRetryAt: null,
  addresses: ['/ip4/127.0.0.1/tcp/4001'],
}

const DOWN = {
  ...UP,
  peerId: PEER_B,
  x0Id: null,
  state: 'down',
  since: '2026-01-01T00:58:00.000Z',
  path: null,
  direction: null,
  suite: null,
  pqKeyExchange: false,
  pqAuthenticated: false,
  rttMs: null,
  lossRatio: null,
  clockOffsetMs: null,
  connectedAt: null,
  // What a stranger wrote must not reach the terminal as an escape sequence.
  lastError: { code: 'unreachable', message: 'refused \u001b[31mred\u202e', at: '2026-01-01T00:59:30.000Z' },
  downReason: { code: 'closed-by-peer', message: 'it left', at: '2026-01-01T00:58:00.000Z' },
  nextRetryAt: '2026-01-01T01:00:07.000Z',
}

export const PEERS = { schema: 'x0.peers/v1', peers: [UP, DOWN] }
