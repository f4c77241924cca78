import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AccountsView } from '../../src/admin/accounts-view.ts'
import { oneToken } from '../../src/admin/authentication.ts'
import { type AdminServer, type AdminServerOptions, openAdminServer } from '../../src/admin/server.ts'
import type { AdminSettings } from '../../src/admin/settings.ts'
import type { NodeEvent } from '../../src/observe/event.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { type FakeNode, fakeNode } from './fake-node.ts'

export const ADMIN_TOKEN = 'x0a_admin-token-of-the-test-0123456789abcdefghi'
export const READ_TOKEN = 'x0a_read-token-of-the-test-00123456789abcdefghi'
export const METRICS_TOKEN = 'x0a_metrics-token-of-the-test-0456789abcdefghi'

export const SETTINGS: AdminSettings = {
  openMetrics: true,
  allowedHosts: [],
  allowedOrigins: [],
  requestsPerSecond: 10_000,
  burst: 100_000,
  openRegistration: false,
}

export interface Port {
  readonly server: AdminServer
  readonly node: FakeNode
  readonly url: URL
  /** Everything logged: level, fields and message as one line of JSON each. */
  readonly lines: string[]
  readonly reported: Omit<NodeEvent, 'at'>[]
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** A listening port over a fake node (with real `accounts`, where given) on a free port of 127.0.0.1, closed with the test. */
export async function openPort(
  t: TestContext,
  given: Partial<Omit<AdminServerOptions, 'settings'>> & { settings?: Partial<AdminSettings>; accounts?: AccountsView } = {},
): Promise<Port> {
  const { accounts, ...options } = given
  const node = fakeNode(accounts)
  const lines: string[] = []
  const reported: Omit<NodeEvent, 'at'>[] = []
  const write = (level: string) => (fields: object, message: string) => {
    const errors = Object.values(fields).map((value) => (value instanceof Error ? value.message : ''))
    lines.push(JSON.stringify([level, fields, errors, message]))
  }
  const server = await openAdminServer({
    node,
    version: '0.1.0-test',
    log: { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') },
    report: (event) => {
      reported.push(event)
      node.events.report(event)
    },
    clock: systemClock,
    address: { host: '127.0.0.1', port: 0 },
    portIsDefault: false,
    verifiers: [
      oneToken(ADMIN_TOKEN, { name: 'admin', scopes: ['admin'] }),
      oneToken(READ_TOKEN, { name: 'reader', scopes: ['read'] }),
      oneToken(METRICS_TOKEN, { name: 'prometheus', scopes: ['metrics'] }),
      ...(accounts === undefined ? [] : [accounts]),
    ],
    ...options,
    settings: { ...SETTINGS, ...options.settings },
  })
  t.after(async () => {
    await server.close()
    node.stop()
  })
  return { server, node, url: new URL(server.url), lines, reported }
}

export interface Ask extends Omit<RequestOptions, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly token?: string
  readonly ca?: string
  readonly rejectUnauthorized?: boolean
}

/** One request on a connection of its own; the answer is read to its end. */
export function ask(url: URL | string, path: string, options: Ask = {}): Promise<Answer> {
  const { body, token, headers = {}, ...rest } = options
  const all = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  }
  const target = new URL(url)
  const request = target.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = request(
      { agent: false, hostname: target.hostname.replace(/[[\]]/g, ''), port: target.port, path, headers: all, ...rest },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString() }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The problem document of an answer. */
export function problemOf(answer: Answer): { status: number; code: string; detail: string; type: string } {
  const { status, code, detail, type } = JSON.parse(answer.text)
  return { status, code, detail, type }
}

/** A raw TCP connection to the port, and all that it ever says, once it is closed. */
export function rawConnection(t: TestContext, url: URL): { socket: Socket; said: Promise<string> } {
  const socket = connect(Number(url.port), url.hostname)
  t.after(() => socket.destroy())
  const parts: Buffer[] = []
  socket.on('data', (part) => parts.push(part))
  const said = new Promise<string>((resolve) => {
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Buffer.concat(parts).toString()))
  })
  return { socket, said }
}

/** A folder that goes away with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'x0-admin-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
