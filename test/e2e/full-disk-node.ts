// A node whose disk fills up while it runs; prints what it says of itself then. Run by full-disk.test.ts, which mounts a tiny
// file system where its store will be: libp2p's own store would end its connections before anything of ours is written.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Health, Status } from '../../src/admin/documents.ts'
import { resolveConfig } from '../../src/config/load.ts'
import { startNode } from '../../src/node/start-node.ts'
import { createLog } from '../../src/platform/log.ts'
import { until } from '../host/testing.ts'

const [, , home, other] = process.argv
if (home === undefined || other === undefined) throw new Error('usage: full-disk-node.ts HOME OTHER-HOME')
const lines: string[] = []
const log = createLog({ level: 'info', format: 'json', output: { write: (line) => lines.push(line) }, now: () => Date.now() })

function config(bootstrap: readonly string[]) {
  const settings = {
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap,
    admin: { address: '127.0.0.1:0', requestsPerSecond: 1_000, burst: 1_000 },
  }
  return resolveConfig({ flags: [], env: {}, file: { path: 'test', text: JSON.stringify(settings) }, folder: '/' })
}

const node = await startNode({ home, config: config([]), log })
const { admin, tokenFile, bootstrap } = JSON.parse(await readFile(join(home, 'api.json'), 'utf8'))
const authorization = `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}`
const ask = (path: string) => fetch(new URL(path, admin), { headers: { authorization } })
const statuses = async () => [(await ask('/readyz')).status, (await ask('/livez')).status]
const before = await statuses()

let error: unknown
for (let part = 0; error === undefined && part < 10_000; part += 1) {
  error = await writeFile(join(home, 'store', `filler-${part}`), new Uint8Array(4_096)).then(
    () => undefined,
    (cause: unknown) => cause,
  )
}
// Its record is the first thing to be written.
const peer = await startNode({ home: other, config: config(bootstrap.slice(0, 1)), log })
await until('the store has failed', async () => (await statuses()).includes(503), 20_000)

const health: Health = JSON.parse(await (await ask('/health')).text())
const status: Status = JSON.parse(await (await ask('/mesh/status')).text())
const metrics = await (await ask('/metrics')).text()
console.log(
  JSON.stringify({
    before,
    after: await statuses(),
    store: health.checks.find(({ name }) => name === 'store'),
    alarms: status.alarms.map(({ type }) => type),
    counted: /x0_store_errors_total\{code="full"\} (\d+)/.exec(metrics)?.[1],
    fatal: lines.some((line) => line.includes('takes no more writes')),
  }),
)
await peer.stop('test')
await node.stop('test').catch(() => undefined)
process.exit(0)
