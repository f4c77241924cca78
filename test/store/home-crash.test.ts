import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { openHome } from '../../src/store/home.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { temporaryFolder } from './temporary-folder.ts'

const WRITER = new URL('pair-writer.ts', import.meta.url).pathname

/** Starts the writer; `until` resolves once it has printed a line for which `done` is true, with all lines so far. */
function startWriter(folder: string, mode = '') {
  const child = spawn(process.execPath, [WRITER, folder, mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  // After `exit` there may still be lines in the pipe; after `close` there are none.
  const closed = once(child, 'close')
  const until = (done: (line: string) => boolean) =>
    new Promise<void>((resolve, reject) => {
      reader.on('line', (line) => {
        lines.push(line)
        if (done(line)) resolve()
      })
      child.on('exit', () => reject(new Error(`the writer ended by itself after ${lines.length} lines`)))
    })
  const kill = async () => {
    child.kill('SIGKILL')
    await closed
  }
  return { child, lines, until, kill }
}

test('a home whose process is killed in the middle of writes opens again with every written batch, whole', {
  timeout: 120_000,
}, async (t) => {
  const folder = await temporaryFolder(t)
  let before = 0
  for (let round = 0; round < 12; round += 1) {
    const writer = startWriter(folder, round % 3 === 0 ? 'sync' : '')
    // A different moment each round, from the very first write on.
    const stopAt = before + 1 + round * 17
    await writer.until((line) => Number(line) >= stopAt)
    await writer.kill()

    const home = await openHome(folder)
    const left = home.store.namespace('left')
    const right = home.store.namespace('right')
    const leftCount = Buffer.from((await left.get('count')) ?? []).readUInt32BE()
    const rightCount = Buffer.from((await right.get('count')) ?? []).readUInt32BE()
    const printed = Math.max(...writer.lines.map(Number).filter(Number.isInteger))
    assert.equal(leftCount, rightCount, 'half of a batch survived')
    assert.ok(leftCount >= printed, `batch ${printed} was confirmed, but only ${leftCount} is there`)
    let history = 0
    for await (const key of left.keys({ gte: 'history-', lt: 'history.' })) history += key.length > 0 ? 1 : 0
    assert.equal(history, leftCount, 'an earlier batch is missing')
    assert.deepEqual((await home.store.scrub()).corrupt, [])
    await home.close()
    before = leftCount
  }
})

test('a second process on the same home is refused with the id of the first, and gets in once that one is killed', {
  timeout: 60_000,
}, async (t) => {
  const folder = await temporaryFolder(t)
  const writer = startWriter(folder)
  t.after(() => writer.child.kill('SIGKILL'))
  await writer.until((line) => line === 'open')
  await assert.rejects(openHome(folder), (error) => {
    assert.ok(error instanceof StoreError)
    assert.equal(error.code, 'locked')
    assert.ok(error.message.includes(`process ${writer.child.pid}`), error.message)
    return true
  })
  await writer.kill()
  const home = await openHome(folder)
  assert.equal(home.created, false)
  await home.close()
})

test('of many processes that open a home at once exactly one gets it', { timeout: 60_000 }, async (t) => {
  const folder = await temporaryFolder(t)
  const script = `
    const { openHome } = await import(${JSON.stringify(new URL('../../src/store/home.ts', import.meta.url).href)})
    process.stdin.once('data', async () => {
      try { await openHome(${JSON.stringify(folder)}); console.log('got it') } catch (error) { console.log(error.code) }
    })
    process.stdin.once('end', () => process.exit(0))
    console.log('ready')`
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  t.after(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  const readers = children.map((child) => createInterface({ input: child.stdout })[Symbol.asyncIterator]())
  for (const reader of readers) assert.equal((await reader.next()).value, 'ready')
  for (const child of children) child.stdin.write('go\n')
  const answers = await Promise.all(readers.map(async (reader) => (await reader.next()).value))
  assert.deepEqual(answers.sort(), ['got it', 'locked', 'locked', 'locked'])
  for (const child of children) child.stdin.end()
  await Promise.all(children.map((child) => once(child, 'exit')))
})
