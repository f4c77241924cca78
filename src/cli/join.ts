import type { JoinReport } from '../admin/network-documents.ts'
import type { OfflineNode } from '../node/offline-node.ts'
import { CommandFailure } from './failure.ts'
import { MOVE_MS } from './network.ts'
import type { JoinFlags } from './network-commands.ts'
import { offlineHome, runningNode } from './offline-home.ts'
import { readLine } from './standard-input.ts'
import { fields } from './table.ts'
import { type Call, printable, printJson } from './terminal.ts'

/** How long a knock waits to be accepted, unless --timeout says otherwise. */
const WAIT_MS = 600_000

/** `x0 join LINE`: at the running node, else in the home, which is made where it is missing. */
export async function join(call: Call, text: string, flags: JoinFlags): Promise<void> {
  const line = (text === '-' ? await readLine() : text).trim()
  const body = {
    line,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.note === undefined ? {} : { note: flags.note }),
  }
  const node = await runningNode(call)
  const report =
    node === undefined
      ? await offlineHome(call, flags.passphraseFile, (home) => untilDecided(call, () => attemptOffline(home, body)))
      : await untilDecided(call, () =>
          node.document<JoinReport>('x0.join/v1', { method: 'POST', path: '/network/join', body, timeoutMs: MOVE_MS }),
        )
  if (call.json) return printJson(call, report)
  call.terminal.out(
    fields([
      ['network', printable(report.network?.name ?? '-')],
      ['id', report.network?.id ?? '-'],
      ['this node', printable(report.spiffeId ?? 'without a name')],
      ['groups', report.groups.map(printable).join(', ') || '-'],
      ['expires', report.expiresAt ?? '-'],
    ]),
  )
  if (call.quiet) return
  if (report.state === 'already') call.terminal.err('This node was in that network already.\n')
  if (node === undefined) call.terminal.err(`Start the node with \`x0 run --home ${call.home}\`.\n`)
}

function attemptOffline(home: OfflineNode, body: { line: string; name?: string; note?: string }): Promise<JoinReport> {
  return home.join(body, AbortSignal.timeout(MOVE_MS))
}

/** Asks again until an operator of the network has decided. @throws CommandFailure notReady where nobody does in time */
async function untilDecided(call: Call, attempt: () => Promise<JoinReport>): Promise<JoinReport> {
  const deadline = performance.now() + (call.timeoutMs ?? WAIT_MS)
  for (let asked = 0; ; asked += 1) {
    const report = await attempt()
    if (report.state !== 'pending') return report
    if (asked === 0 && !call.quiet)
      call.terminal.err('Asked to be let in. A member accepts with `x0 pending accept`; waiting (Ctrl-C and again is no harm).\n')
    const waitMs = report.retryAfterMs ?? 3_000
    if (performance.now() + waitMs > deadline)
      throw new CommandFailure('notReady', 'Nobody has accepted this node yet.', {
        hint: 'Run the command again: the request keeps its place in the pending list for an hour.',
      })
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}
