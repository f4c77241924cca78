import type { Self } from '../admin/documents.ts'
import { ApiClient } from './api-client.ts'
import { fields } from './table.ts'
import { type Call, printable, printJson } from './terminal.ts'

/** `x0 self` */
export async function self(call: Call): Promise<void> {
  const document = await (await ApiClient.of(call)).document<Self>('x0.self/v1', { path: '/mesh/self' })
  if (call.json) printJson(call, document)
  else call.terminal.out(selfText(document))
}

/** This node for people: what others need to reach it comes last, one pasteable line each. */
export function selfText(document: Self): string {
  return fields([
    ['peer id', document.peerId],
    ['x0 id', document.x0Id],
    ['network', document.networkId],
    ['version', `${document.version}, ${document.backend} cryptography`],
    ['home', printable(document.home)],
    ['process', String(document.pid)],
    ['protocols', document.protocols.map(printable)],
    ['addresses', document.addresses.map(printable)],
    ['bootstrap', document.bootstrap.map(printable)],
  ])
}
