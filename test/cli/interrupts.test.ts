import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Interrupts } from '../../src/cli/interrupts.ts'

it('one Ctrl-C stops, though it arrives from the terminal, npm and the launcher; a later one forces', () => {
  const interrupts = new Interrupts()
  assert.deepEqual(
    [1000, 1003, 1499, 1500, 9000].map((now) => interrupts.arrived(now)),
    ['stop', 'none', 'none', 'force', 'force'],
  )
})
