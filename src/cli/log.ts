import { ApiClient } from './api-client.ts'
import { type Call, printJson } from './terminal.ts'

interface LevelDocument {
  readonly schema: 'x0.log-level/v1'
  readonly level: string
}

/** `x0 log level [LEVEL]`: the node says which levels there are. */
export async function logLevel(call: Call, level: string | undefined): Promise<void> {
  const client = await ApiClient.of(call)
  const document = await client.document<LevelDocument>('x0.log-level/v1', {
    path: '/log/level',
    ...(level === undefined ? {} : { method: 'PUT' as const, body: { level } }),
  })
  if (call.json) printJson(call, document)
  else call.terminal.out(`${document.level}\n`)
}
