import { CommandFailure } from './failure.ts'
import { offlineHome, runningNode } from './offline-home.ts'
import { fields } from './table.ts'
import { type Call, printJson } from './terminal.ts'

/** Milliseconds for all doors of the network together. */
const CARRY_OVER_MS = 30_000

/** `x0 credential rotate` */
export async function rotateKeys(call: Call, options: { readonly passphraseFile?: string }): Promise<void> {
  if ((await runningNode(call)) !== undefined) {
    throw new CommandFailure('failure', 'The node runs, and its keys are in use.', {
      hint: 'Stop it first; the command gives it new keys, and the next start uses them.',
    })
  }
  const rotation = await offlineHome(call, options.passphraseFile, (node) => node.rotate(AbortSignal.timeout(CARRY_OVER_MS)))
  if (call.json) {
    printJson(call, { schema: 'x0.rotation/v1', ...rotation })
    return
  }
  call.terminal.out(
    fields([
      ['peer id', rotation.peerId],
      ['x0 id', rotation.x0Id],
      ['before', rotation.oldX0Id],
      ['carried over', rotation.carriedOver ? 'yes' : 'not yet'],
    ]),
  )
  if (!rotation.carriedOver && !call.quiet)
    call.terminal.err(`Nobody has taken the new keys in yet (${rotation.detail}). The node asks again when it runs.\n`)
}
