import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wallTimes } from '../../src/platform/wall-times.ts'

test('a time keeps its place on the wall clock while the clocks round, and moves when the clock is set', () => {
  let wall = 1_000_000
  let monotonic = 50.4
  const wallOf = wallTimes({ now: () => wall, monotonic: () => monotonic })
  const first = wallOf(20)
  for (const [later, rounded] of [
    [60.9, 1_000_010],
    [71.2, 1_000_021],
    [3_600_050.4, 4_600_001],
  ] as const) {
    monotonic = later
    wall = rounded
    assert.equal(wallOf(20), first)
  }
  wall += 3_600_000
  assert.ok(Math.abs(wallOf(20) - first - 3_600_000) <= 1)
})
