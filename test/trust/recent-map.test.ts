import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecentMap } from '../../src/trust/recent-map.ts'

test('what was put longest ago makes room; to be put again is to be new, to be read is not', () => {
  const map = new RecentMap<number>(2)
  map.put('a', 1)
  map.put('b', 2)
  map.put('a', 3)
  map.put('c', 4)
  assert.deepEqual([...map.values()], [3, 4])
  assert.deepEqual([map.get('a'), map.has('b'), map.get('b')], [3, false, undefined])
  map.put('d', 5)
  assert.deepEqual([...map.values()], [4, 5])
})
