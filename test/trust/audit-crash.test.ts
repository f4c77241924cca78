import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cryptoBackend } from '../../src/crypto/select.ts'
import { openHome } from '../../src/store/home.ts'
import { AuditShelf } from '../../src/trust/audit/audit-shelf.ts'
import { verifyTrail } from '../../src/trust/audit/verify-trail.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'

const WRITER = fileURLToPath(new URL('audit-writer.ts', import.meta.url))

test('a process that is killed between two writes leaves a trail that verifies, with all that the store had taken', {
  timeout: 120_000,
}, async (t) => {
  const folder = await temporaryFolder(t)
  const backend = await cryptoBackend('native')
  let unsignedTails = 0
  let confirmed = 0
  for (let round = 0; round < 8; round += 1) {
    const child = spawn(process.execPath, [WRITER, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const closed = once(child, 'close')
    const lines: string[] = []
    // a different moment each round, some of them behind a pruning
    const stopAt = 5 + round * 61
    for await (const line of createInterface({ input: child.stdout })) {
      if (lines.push(line) === stopAt) child.kill('SIGKILL')
    }
    await closed
    assert.equal(child.signalCode, 'SIGKILL')
    assert.deepEqual(
      lines.filter((line) => !/^\d+$/.test(line)),
      [],
      'nothing was damaged by the kill before',
    )
    confirmed = Math.max(confirmed, ...lines.map(Number))

    const home = await openHome(folder)
    const shelf = new AuditShelf(home.store)
    const report = await verifyTrail(backend, await shelf.head(), shelf.entries(0))
    await home.close()
    assert.equal(report.problem, undefined)
    assert.ok(report.last >= confirmed, `entry ${confirmed} was taken, the trail ends with ${report.last}`)
    if (report.unsigned > 0) unsignedTails += 1
  }
  assert.ok(unsignedTails > 0, 'some kill came between an entry and its head')
})
