import { setTimeout as pause } from 'node:timers/promises'
import type { Peers, Status } from '../admin/documents.ts'
import { ApiClient } from './api-client.ts'
import { CommandFailure } from './failure.ts'
import { span } from './quantity.ts'
import { type Call, printable, printJson } from './terminal.ts'

const DEFAULT_TIMEOUT_MS = 60_000
/** Milliseconds between two looks: short beside what is waited for, and far below the port's rate limit. */
const INTERVAL_MS = 250
/** Milliseconds for one look: a node that starts may be busy for a moment. */
const LOOK_MS = 5_000

export interface WaitFor {
  readonly ready?: boolean
  readonly peers?: number
  readonly for?: string
}

interface Look {
  readonly status: Status
  readonly peers: Peers | undefined
}

/** `x0 wait`: also waits for a node that is not there yet. */
export async function wait(call: Call, wanted: WaitFor): Promise<void> {
  const conditions: WaitFor = wanted.peers === undefined && wanted.for === undefined ? { ...wanted, ready: true } : wanted
  const timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const began = performance.now()
  const end = began + timeoutMs
  let last: Look | undefined
  let absent: CommandFailure | undefined
  for (;;) {
    const left = end - performance.now()
    if (left <= 0) break
    try {
      last = await look({ ...call, timeoutMs: Math.ceil(Math.min(left, LOOK_MS)) }, conditions)
      if (missing(conditions, last).length === 0) {
        if (call.json) printJson(call, last.status)
        else if (!call.quiet) call.terminal.out(reachedText(last.status, performance.now() - began))
        return
      }
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error
      if (error.code === 'noDaemon') absent = error
      else if (error.code !== 'notReady') throw error
    }
    await pause(Math.max(0, Math.min(INTERVAL_MS, end - performance.now())))
  }
  if (last === undefined && absent !== undefined) throw absent
  const reason = last === undefined ? 'the node does not answer' : missing(conditions, last).join('; ')
  throw new CommandFailure('notReady', `Not within ${timeoutMs / 1000} s: ${reason}.`, {
    hint: 'See `x0 status` and `x0 peers`, or allow more with --timeout.',
  })
}

async function look(call: Call, conditions: WaitFor): Promise<Look> {
  const client = await ApiClient.of(call)
  const status = await client.document<Status>('x0.status/v1', { path: '/mesh/status' })
  const peers = conditions.for === undefined ? undefined : await client.document<Peers>('x0.peers/v1', { path: '/mesh/peers' })
  return { status, peers }
}

/** What of the conditions does not hold yet, one phrase each. */
export function missing(conditions: WaitFor, { status, peers }: Look): string[] {
  const found: string[] = []
  if (conditions.ready && !status.ready) {
    const failing = status.checks.filter((check) => !check.ok).map((check) => `${check.name}: ${check.detail}`)
    found.push(printable(['the node is not ready', ...failing].join(', ')))
  }
  if (conditions.peers !== undefined && status.peers.up < conditions.peers) {
    found.push(`${status.peers.up} of ${conditions.peers} peers are up`)
  }
  if (conditions.for !== undefined) {
    const peer = peers?.peers.find(({ peerId, x0Id }) => peerId === conditions.for || x0Id === conditions.for)
    if (peer === undefined) found.push(printable(`the node does not know ${conditions.for}`))
    else if (!peer.state.startsWith('up/')) found.push(printable(`${conditions.for} is ${peer.state}`))
  }
  return found
}

function reachedText(status: Status, elapsedMs: number): string {
  const after = elapsedMs < 10_000 ? `${(elapsedMs / 1000).toFixed(1)}s` : span(elapsedMs / 1000)
  return `${status.ready ? 'ready' : 'not ready'}, ${status.peers.up} peers up, after ${after}\n`
}
