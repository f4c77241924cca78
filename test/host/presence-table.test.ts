import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PRESENCE_MIN_PERIOD_MS } from '../../src/host/limits.ts'
import type { PresenceMessage } from '../../src/host/presence-message.ts'
import { PresenceTable } from '../../src/host/presence-table.ts'

const NOW = 1_800_000_000_000
const networkId = new Uint8Array(32).fill(7)

/** A message as its validator hands it over: its signature has been checked. */
function heardAt(now: number, author: number): PresenceMessage {
  return {
    networkId,
    x0Id: new Uint8Array(32).fill(author),
    sequence: BigInt(now),
    uptimeBucket: 0,
    periodMinutes: PRESENCE_MIN_PERIOD_MS / 60_000,
    version: '0.0.0',
    signed: new Uint8Array(),
    signature: new Uint8Array(),
  }
}

test('an author is present for two and a half of its periods, and then in neither the list nor the count', () => {
  const table = new PresenceTable(networkId)
  const period = PRESENCE_MIN_PERIOD_MS
  table.note(heardAt(NOW, 1), NOW)
  table.note(heardAt(NOW + period, 2), NOW + period)
  const authors = (now: number): number[] => table.entries(now).map(({ x0Id }) => x0Id[0] ?? 0)
  assert.deepEqual(authors(NOW + 2.5 * period - 1), [1, 2])
  assert.deepEqual(authors(NOW + 2.5 * period), [2])
  assert.equal(table.size(NOW + 2.5 * period), 1)
  assert.deepEqual(authors(NOW + 3.5 * period), [])
})
