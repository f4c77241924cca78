// Fills the disk that HOME is on and tells what the store does then; run by full-disk.test.ts in a tiny file system.
import { writeFileAtomic } from '../../src/store/atomic-file.ts'
import { openHome } from '../../src/store/home.ts'
import { StoreError } from '../../src/store/store-error.ts'

const folder = process.argv[2]
if (folder === undefined) throw new Error('usage: full-disk-writer.ts HOME')
const failures: string[] = []
const home = await openHome(folder, { onWriteFailure: (error) => failures.push(error.code) })
const items = home.store.namespace('items')

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof StoreError) return error.code
    throw error
  }
}

let written = 0
let first = 'ok'
while (first === 'ok' && written < 1_000) {
  first = await codeOf(items.put(`item-${written}`, new Uint8Array(20_000).fill(written & 255), { sync: true }))
  if (first === 'ok') written += 1
}
const second = await codeOf(items.put('item-0', new Uint8Array(1)))
const file = await codeOf(writeFileAtomic(`${folder}/big`, new Uint8Array(8_000_000), 0o600))
let readable = 0
for (let item = 0; item < written; item += 1) if ((await items.get(`item-${item}`))?.[0] === (item & 255)) readable += 1
await home.close()
console.log(JSON.stringify({ written, first, second, file, readable, failures }))
