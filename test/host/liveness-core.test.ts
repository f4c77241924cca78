import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LIVENESS_DOWN_AFTER } from '../../src/host/limits.ts'
import { clockOffset, initialLiveness, type LivenessEffect, livenessStep, lossRatio } from '../../src/host/liveness-core.ts'
import { decodeLiveness, encodeLiveness } from '../../src/host/liveness-frame.ts'

const WALL = 1_800_000_000_000

/** A peer behind a link: answers after `rtt` ms unless it is silent; its clock is `skew` ms ahead. */
class Link {
  now = 0
  state = initialLiveness(0, 10_000)
  readonly verdicts: { readonly at: number; readonly verdict: string }[] = []
  faults = 0
  probes = 0
  #inbox: { at: number; seq: number; t2: number }[] = []

  run(untilMs: number, peer: { rtt?: number; skew?: number; answers?: (seq: number) => boolean }): void {
    const { rtt = 20, skew = 0, answers = () => true } = peer
    while (this.now < untilMs && this.state.verdict !== 'down') {
      const due = Math.min(this.state.dueAt, ...this.#inbox.map(({ at }) => at))
      if (due > untilMs) break
      this.now = Math.max(this.now, due)
      const ripe = this.#inbox.filter(({ at }) => at <= this.now)
      this.#inbox = this.#inbox.filter(({ at }) => at > this.now)
      for (const { seq, t2 } of ripe)
        this.#take({ type: 'reply', seq, t2, t3: t2 + 1, wall: WALL + this.now }, rtt, skew, answers)
      if (ripe.length === 0) this.#take({ type: 'tick', wall: WALL + this.now }, rtt, skew, answers)
    }
    this.now = untilMs
  }

  #take(event: Parameters<typeof livenessStep>[1], rtt: number, skew: number, answers: (seq: number) => boolean): void {
    const result = livenessStep(this.state, event, this.now, 0.5)
    this.state = result.state
    for (const effect of result.effects) this.#effect(effect, rtt, skew, answers)
  }

  #effect(effect: LivenessEffect, rtt: number, skew: number, answers: (seq: number) => boolean): void {
    if (effect.type === 'verdict') this.verdicts.push({ at: this.now, verdict: effect.verdict })
    else if (effect.type === 'fault') this.faults += 1
    else {
      this.probes += 1
      if (answers(effect.seq)) this.#inbox.push({ at: this.now + rtt + 1, seq: effect.seq, t2: WALL + this.now + rtt / 2 + skew })
    }
  }
}

test('a healthy link: one probe per period, the round trip and the clock offset are found', () => {
  const link = new Link()
  link.run(200_000, { rtt: 40, skew: 5000 })
  assert.deepEqual(link.verdicts, [])
  assert.ok(link.probes >= 20 && link.probes <= 21, `${link.probes} probes`)
  assert.ok(Math.abs((link.state.rtt ?? 0) - 40) < 1)
  assert.ok(Math.abs((clockOffset(link.state) ?? 0) - 5000) < 1)
  assert.equal(lossRatio(link.state), 0)
})

test('a silent peer is suspect after two misses and down after four, within seconds, and only then', () => {
  const link = new Link()
  link.run(95_000, {})
  link.run(140_000, { answers: () => false })
  assert.deepEqual(
    link.verdicts.map(({ verdict }) => verdict),
    ['suspect', 'down'],
  )
  const [suspect, down] = link.verdicts
  assert.ok(suspect !== undefined && suspect.at - 95_000 <= 13_000)
  assert.ok(down !== undefined && down.at - suspect.at <= 3_000)
})

test('lost probes show as loss, and single ones raise no suspicion', () => {
  const link = new Link()
  link.run(600_000, { answers: (seq) => seq % 4 !== 3 })
  assert.deepEqual(link.verdicts, [])
  assert.ok(Math.abs((lossRatio(link.state) ?? 0) - 0.25) < 0.04)
})

test('a process that slept blames nobody: replies that wait in the socket are read first', () => {
  const link = new Link()
  link.run(95_000, {})
  // The probe is out, then this process sleeps for a minute; the reply came in meanwhile.
  const result = livenessStep(link.state, { type: 'tick', wall: WALL + 101_000 }, 101_000, 0.5)
  const probe = result.effects.find((effect) => effect.type === 'probe')
  assert.ok(probe?.type === 'probe')
  const late = livenessStep(result.state, { type: 'tick', wall: WALL + 161_000 }, 161_000, 0.5)
  assert.equal(late.state.misses, 0)
  const t2 = WALL + 101_010
  const read = livenessStep(late.state, { type: 'reply', seq: probe.seq, t2, t3: t2, wall: WALL + 161_001 }, 161_001, 0.5)
  assert.equal(read.state.misses, 0)
  assert.equal(read.state.verdict, 'healthy')
})

test('a reply that contradicts itself or answers nothing is a fault and changes nothing', () => {
  const start = livenessStep(initialLiveness(0), { type: 'tick', wall: WALL }, 0, 0.5).state
  for (const reply of [
    { seq: 0, t2: WALL + 10, t3: WALL },
    { seq: 0, t2: WALL, t3: WALL + 60_000 },
    { seq: 4_000_000, t2: WALL, t3: WALL },
  ]) {
    const { state, effects } = livenessStep(start, { type: 'reply', ...reply, wall: WALL + 20 }, 20, 0.5)
    assert.deepEqual(effects, [{ type: 'fault' }])
    assert.equal(state.rtt, undefined)
    assert.equal(state.outstanding.length, 1)
  }
})

test('whatever a peer answers and however time jumps, the state stays small and down is final', () => {
  const event = fc.record({
    passed: fc.nat(20_000),
    seq: fc.nat(40),
    t2: fc.double({ noNaN: true }),
    t3: fc.double({ noNaN: true }),
    isReply: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      let state = initialLiveness(0)
      let now = 0
      for (const { passed, seq, t2, t3, isReply } of events) {
        now += passed
        const wasDown = state.verdict === 'down'
        state = livenessStep(
          state,
          isReply ? { type: 'reply', seq, t2, t3, wall: WALL + now } : { type: 'tick', wall: WALL + now },
          now,
          0.5,
        ).state
        assert.ok(
          state.outstanding.length <= 2 * LIVENESS_DOWN_AFTER && state.answered.length <= 32 && state.offsets.length <= 16,
        )
        assert.ok(!wasDown || state.verdict === 'down')
        assert.ok(state.rtt === undefined || state.rtt >= 0)
      }
    }),
  )
})

test('frames: what is sent is read, anything else is nothing', () => {
  const reply = { kind: 'reply', seq: 7, t1: WALL, t2: WALL + 1, t3: WALL + 2 } as const
  assert.deepEqual(decodeLiveness(encodeLiveness(reply)), reply)
  assert.deepEqual(decodeLiveness(encodeLiveness({ kind: 'probe', seq: 2 ** 32 - 1, t1: 0.5 })), {
    kind: 'probe',
    seq: 2 ** 32 - 1,
    t1: 0.5,
  })
  assert.equal(decodeLiveness(encodeLiveness({ kind: 'probe', seq: 1, t1: Number.NaN })), undefined)
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }).filter(({ length }) => length !== 13 && length !== 29),
      (bytes) => decodeLiveness(bytes) === undefined,
    ),
  )
})

test('a peer that is gone goes down even where this process is late at every step', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 260, max: 60_000 }), { minLength: 40, maxLength: 40 }), (delays) => {
      let state = initialLiveness(0)
      let now = 0
      for (const late of delays) {
        now = state.dueAt + late
        state = livenessStep(state, { type: 'tick', wall: WALL + now }, now, 0.5).state
        if (state.verdict === 'down') return
      }
      assert.fail(`still ${state.verdict} after ${delays.length} late steps`)
    }),
  )
})
