// Writes the same number under a key of two namespaces in one batch, for ever, and prints each number once it is
// written: what the parent of home-crash.test.ts kills.
import { writeSync } from 'node:fs'
import { openHome } from '../../src/store/home.ts'

const [folder, mode] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: pair-writer.ts HOME [sync]')
const home = await openHome(folder)
const left = home.store.namespace('left')
const right = home.store.namespace('right')
const last = await left.get('count')
const start = last === undefined ? 0 : Buffer.from(last).readUInt32BE()
writeSync(1, 'open\n')
for (let count = start + 1; ; count += 1) {
  const value = new Uint8Array(1_500)
  Buffer.from(value.buffer).writeUInt32BE(count)
  await home.store.batch(
    [
      { type: 'put', namespace: left, key: 'count', value },
      { type: 'put', namespace: left, key: `history-${count}`, value },
      { type: 'put', namespace: right, key: 'count', value },
    ],
    { sync: mode === 'sync' },
  )
  writeSync(1, `${count}\n`)
}
