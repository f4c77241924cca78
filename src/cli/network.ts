import type { Network } from '../admin/network-documents.ts'
import { ApiClient } from './api-client.ts'
import type { CreateFlags } from './network-commands.ts'
import { offlineHome, runningNode } from './offline-home.ts'
import { age } from './quantity.ts'
import { fields } from './table.ts'
import { type Call, printable, printJson } from './terminal.ts'

/** Milliseconds to rebuild the host under another network: a second or two on a busy machine. */
export const MOVE_MS = 30_000

/** `x0 network create NAME`: at the running node, else in the home. */
export async function createNetwork(call: Call, name: string, flags: CreateFlags): Promise<void> {
  const body = {
    name,
    admission: flags.admission,
    ...(flags.nodeName === undefined ? {} : { nodeName: flags.nodeName }),
    ...(flags.group === undefined ? {} : { groups: [...flags.group] }),
  }
  const node = await runningNode(call)
  const document =
    node === undefined
      ? await offlineHome(call, flags.passphraseFile, (home) => home.create(body))
      : await node.document<Network>('x0.network/v1', { method: 'POST', path: '/network/create', body, timeoutMs: MOVE_MS })
  print(call, document)
  if (call.json || call.quiet) return
  if (node === undefined) call.terminal.err(`Start the node with \`x0 run --home ${call.home}\`.\n`)
  call.terminal.err('Another machine joins by the line that `x0 invite` prints.\n')
}

/** `x0 network show` */
export async function showNetwork(call: Call): Promise<void> {
  print(call, await (await ApiClient.of(call)).document<Network>('x0.network/v1', { path: '/network' }))
}

/** `x0 leave` */
export async function leaveNetwork(call: Call, options: { readonly force?: true }): Promise<void> {
  const node = await runningNode(call)
  const document =
    node === undefined
      ? await offlineHome(call, undefined, (home) => home.leave(options))
      : await node.document<Network>('x0.network/v1', {
          method: 'POST',
          path: '/network/leave',
          body: options,
          timeoutMs: MOVE_MS,
        })
  print(call, document)
}

function print(call: Call, document: Network): void {
  if (call.json) {
    printJson(call, document)
    return
  }
  const { network, self, trust } = document
  const current = trust.level
    ? trust.syncedWith === null
      ? 'yes'
      : `yes, from ${trust.syncedWith}`
    : `no, for ${age(trust.since, Date.now())}: no member was reached yet`
  call.terminal.out(
    fields([
      ['network', printable(network.name)],
      ['id', network.id],
      ['admission', document.isDefault ? 'open: everybody, no members, no votes' : network.admission],
      ['members', String(document.members)],
      ['revocations', String(document.revocations)],
      ['up to date', current],
      ['this node', `${self.kind}${self.spiffeId === null ? '' : ` ${printable(self.spiffeId)}`}`],
      ['groups', self.groups.map(printable).join(', ') || '-'],
      ['expires', self.expiresAt ?? '-'],
    ]),
  )
}
