import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type CatchUpEffect,
  type CatchUpEvent,
  type CatchUpState,
  catchUpDue,
  catchUpStep,
  initialCatchUp,
  type Moment,
} from '../../src/host/catch-up-core.ts'

const GRACE_MS = 30_000
const AWAY_MS = 600_000

const at = (ms: number, slept = 0): Moment => ({ monotonic: ms, wall: 1_700_000_000_000 + ms + slept })
const fresh = (now = at(0)): CatchUpState => initialCatchUp({ alone: false, damaged: false }, now)
const synced = (x0Id: string, isMember: boolean): CatchUpEvent => ({ type: 'synced', x0Id, isMember })

/** Runs a history; what came out, and when the node was level. */
function run(
  history: readonly (readonly [Moment, CatchUpEvent])[],
  start = fresh(),
): { state: CatchUpState; effects: CatchUpEffect[] } {
  const effects: CatchUpEffect[] = []
  let state = start
  for (const [now, event] of history) {
    const step = catchUpStep(state, event, now)
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}

test('a start catches up; the only member there is has nothing to catch up with, unless its disk lost something', () => {
  assert.equal(fresh().level, false)
  assert.equal(initialCatchUp({ alone: true, damaged: false }, at(0)).level, true)
  assert.equal(initialCatchUp({ alone: true, damaged: true }, at(0)).level, false)
  assert.equal(initialCatchUp({ alone: false, damaged: true }, at(0)).level, false)
})

test('one sync with a member ends it at once; syncs with others do not, before half a minute', () => {
  const { state, effects } = run([
    [at(100), synced('a', false)],
    [at(29_999), synced('b', false)],
    [at(29_999), { type: 'tick' }],
  ])
  assert.deepEqual([state.level, effects], [false, []])
  assert.equal(catchUpDue(state), GRACE_MS)
  const member = catchUpStep(state, synced('m', true), at(29_999))
  assert.deepEqual(member.effects, [{ type: 'release', with: 'm', isMember: true, tookMs: 29_999 }])
  assert.equal(catchUpDue(member.state), Number.POSITIVE_INFINITY)
  const waited = catchUpStep(state, { type: 'tick' }, at(GRACE_MS))
  assert.deepEqual(waited.effects, [{ type: 'release', with: 'b', isMember: false, tookMs: GRACE_MS }])
})

test('after half a minute the first sync with anybody ends it; nobody at all never does', () => {
  const lonely = run([
    [at(30_000), { type: 'tick' }],
    [at(500_000), { type: 'tick' }],
    [at(900_000), { type: 'contact' }],
  ])
  assert.deepEqual([lonely.state.level, lonely.effects], [false, []])
  assert.equal(catchUpDue(lonely.state), Number.POSITIVE_INFINITY)
  assert.equal(run([[at(45_000), synced('a', false)]]).state.level, true)
})

test('what a revoked node said does not count', () => {
  const { state } = run([
    [at(100), synced('thief', false)],
    [at(200), { type: 'revoked', x0Id: 'thief' }],
    [at(GRACE_MS), { type: 'tick' }],
  ])
  assert.equal(state.level, false)
  assert.equal(catchUpStep(state, synced('a', false), at(GRACE_MS + 1)).state.level, true)
})

test('a node that met nobody for ten minutes, or slept, catches up again, and what it had begun before counts no more', () => {
  const level = run([[at(10), synced('m', true)]]).state
  assert.equal(catchUpStep(level, { type: 'contact' }, at(10 + AWAY_MS - 1)).state.level, true)
  const alone = catchUpStep(level, { type: 'contact' }, at(10 + AWAY_MS))
  assert.deepEqual([alone.state.level, alone.effects], [false, [{ type: 'fence' }]])
  // the monotonic clock stands still in a sleep
  const woken = catchUpStep(level, synced('m', true), at(20, AWAY_MS))
  assert.deepEqual([woken.state.level, woken.effects], [false, [{ type: 'fence' }]])
  const heard = run([[at(10), synced('a', false)]]).state
  assert.equal(catchUpStep(heard, { type: 'tick' }, at(GRACE_MS, 3 * AWAY_MS)).state.level, false)
  const only = initialCatchUp({ alone: true, damaged: false }, at(0))
  assert.equal(catchUpStep(only, { type: 'contact' }, at(10 * AWAY_MS)).state.level, true)
})

/** The rule once more, told from the whole history instead of a state. */
function isLevelByRule(history: readonly (readonly [Moment, CatchUpEvent])[]): boolean {
  let begun = at(0)
  let contact = at(0)
  let level = false
  let heard = new Set<string>()
  for (const [now, event] of history) {
    const slept = event.type !== 'revoked' && Math.max(now.monotonic - contact.monotonic, now.wall - contact.wall) >= AWAY_MS
    if (slept) {
      level = false
      heard = new Set()
      begun = now
      contact = now
    }
    if (event.type === 'contact' || event.type === 'synced') contact = now
    if (event.type === 'synced' && !slept && !level) {
      heard.add(event.x0Id)
      if (event.isMember) level = true
    }
    if (event.type === 'revoked') heard.delete(event.x0Id)
    if (heard.size > 0 && now.monotonic - begun.monotonic >= GRACE_MS) level = true
    if (level) heard = new Set()
  }
  return level
}

test('whatever happens in whatever order: it ends by the rule and never before, says so once, and stays small', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'm')
  const event: fc.Arbitrary<CatchUpEvent> = fc.oneof(
    fc.constant<CatchUpEvent>({ type: 'contact' }),
    fc.constant<CatchUpEvent>({ type: 'tick' }),
    name.map((x0Id): CatchUpEvent => synced(x0Id, x0Id === 'm')),
    fc.integer().map((count): CatchUpEvent => synced(`n${count}`, false)),
    name.map((x0Id): CatchUpEvent => ({ type: 'revoked', x0Id })),
  )
  const wait = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 40_000 }) }, fc.constantFrom(AWAY_MS - 1, AWAY_MS))
  const sleep = fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 2 * AWAY_MS }))
  fc.assert(
    fc.property(fc.array(fc.tuple(wait, sleep, event), { maxLength: 60 }), (steps) => {
      const history: (readonly [Moment, CatchUpEvent])[] = []
      let state = fresh()
      let [ms, slept] = [0, 0]
      for (const [waited, asleep, happened] of steps) {
        ms += waited
        slept += asleep
        history.push([at(ms, slept), happened])
        const before = state.level
        const step = catchUpStep(state, happened, at(ms, slept))
        state = step.state
        assert.equal(state.level, isLevelByRule(history))
        const fences = step.effects.filter(({ type }) => type === 'fence').length
        const releases = step.effects.filter(({ type }) => type === 'release').length
        assert.equal(releases - fences, Number(state.level) - Number(before))
        assert.ok(fences <= 1 && releases <= 1)
        assert.ok(state.level || state.heard.length <= 16)
        // a shell that ticks when it is told to misses no end
        assert.ok(state.level || catchUpDue(state) > ms)
      }
    }),
  )
})
