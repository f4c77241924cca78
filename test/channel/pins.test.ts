import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_FIRST_USE_PINS, MAX_STATED_PINS } from '../../src/channel/limits.ts'
import { PIN_SOURCES, PinBook } from '../../src/channel/pins.ts'
import { seeded } from '../crypto/backends.ts'

const source = fc.constantFrom(...PIN_SOURCES)
const x0Id = fc.constantFrom('x0a', 'x0b', 'x0c')
const action = fc.oneof(
  fc.record({ does: fc.constant('state' as const), x0Id, source }),
  fc.record({ does: fc.constant('learn' as const), x0Id }),
  fc.record({ does: fc.constant('intend' as const) }),
  fc.record({ does: fc.constant('follow' as const), oldX0Id: x0Id, newX0Id: x0Id, sequence: fc.integer({ min: 0, max: 3 }) }),
)

test('whatever happens: belief never falls back on a weaker source, and judge agrees with what is held', (t) => {
  const strength = (of: (typeof PIN_SOURCES)[number]) => -PIN_SOURCES.indexOf(of)
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const pins = new PinBook()
      for (const act of actions) {
        const before = pins.get('peer')
        if (act.does === 'state') pins.state('peer', act.x0Id, act.source)
        else if (act.does === 'learn') pins.learn('peer', act.x0Id)
        else if (act.does === 'intend') pins.intend('peer')
        else pins.follow('peer', act)
        const after = pins.get('peer')
        if (before !== undefined) {
          assert(after !== undefined, 'a pin was lost')
          assert(strength(after.source) >= strength(before.source), 'a weaker source replaced a stronger one')
          if (act.does === 'learn' || act.does === 'intend') assert.deepEqual(after, before)
          if (before.frozen && act.does !== 'state') assert.deepEqual(after, before)
        }
        for (const id of ['x0a', 'x0b', 'x0c', undefined]) {
          const verdict = pins.judge('peer', id)
          const believed = after === undefined || (!after.frozen && after.x0Id === id)
          assert.equal(verdict === undefined, believed)
        }
        assert.deepEqual(new PinBook(pins.entries()).get('peer'), after, 'a stored book reads differently')
      }
    }),
    seeded(t, 500),
  )
})

test('each answer of judge', () => {
  const pins = new PinBook()
  assert.equal(pins.judge('p', 'x0a'), undefined)
  assert.equal(pins.judge('p', undefined), undefined)
  pins.intend('p')
  assert.equal(pins.learn('p', 'x0a'), true)
  assert.equal(pins.learn('p', 'x0b'), false)
  assert.equal(pins.judge('p', 'x0b'), 'pin-mismatch')
  assert.equal(pins.judge('p', undefined), 'missing-authentication')
  assert.equal(pins.state('p', 'x0c', 'credential'), 'conflict')
  assert.equal(pins.judge('p', 'x0a'), 'x0-id-mismatch')
  assert.equal(pins.judge('p', 'x0c'), undefined)
})

test('state says what it met, and keeps the stronger', () => {
  const pins = new PinBook()
  assert.equal(pins.state('p', 'x0a', 'invite'), 'new')
  assert.equal(pins.state('p', 'x0a', 'bootstrap'), 'same')
  assert.equal(pins.get('p')?.source, 'invite')
  assert.equal(pins.state('p', 'x0b', 'bootstrap'), 'conflict')
  assert.equal(pins.get('p')?.x0Id, 'x0a')
  assert.equal(pins.state('p', 'x0a', 'genesis'), 'same')
  assert.equal(pins.get('p')?.source, 'genesis')
  assert.equal(pins.state('p', 'x0b', 'genesis'), 'conflict')
  assert.equal(pins.get('p')?.x0Id, 'x0b')
})

test('nobody is pinned by having called us', () => {
  const pins = new PinBook()
  assert.equal(pins.learn('caller', 'x0a'), false)
  assert.equal(pins.get('caller'), undefined)
})

test('successors: followed in order, repeated in vain, contradicted once and for all', () => {
  const pins = new PinBook()
  const fact = (oldX0Id: string, newX0Id: string, sequence: number) => ({ oldX0Id, newX0Id, sequence })
  assert.equal(pins.follow('p', fact('x0a', 'x0b', 1)), 'ignored')
  pins.state('p', 'x0a', 'invite')
  assert.equal(pins.follow('p', fact('x0z', 'x0b', 1)), 'ignored')
  assert.equal(pins.follow('p', fact('x0a', 'x0b', 1)), 'followed')
  assert.equal(pins.get('p')?.source, 'invite')
  assert.equal(pins.follow('p', fact('x0a', 'x0b', 1)), 'ignored')
  assert.equal(pins.follow('p', fact('x0b', 'x0c', 1)), 'ignored', 'the sequence must grow')
  assert.equal(pins.follow('p', fact('x0b', 'x0c', 2)), 'followed')
  assert.equal(pins.follow('p', fact('x0b', 'x0d', 3)), 'frozen')
  assert.equal(pins.judge('p', 'x0c'), 'pin-frozen')
  assert.equal(pins.follow('p', fact('x0c', 'x0e', 9)), 'ignored')
})

test('first use is bounded, and never costs what was stated', () => {
  const pins = new PinBook()
  pins.state('stated', 'x0s', 'bootstrap')
  for (let peer = 0; peer < MAX_FIRST_USE_PINS + 10; peer += 1) {
    pins.intend(`p${peer}`)
    assert.equal(pins.learn(`p${peer}`, 'x0a'), true)
  }
  assert.equal([...pins.entries()].length, MAX_FIRST_USE_PINS + 1)
  assert.deepEqual(
    pins.takeDropped(),
    Array.from({ length: 10 }, (_, peer) => `p${peer}`),
  )
  assert.deepEqual(pins.takeDropped(), [])
  assert.equal(pins.get('p9'), undefined)
  assert.equal(pins.get('p10')?.x0Id, 'x0a')
  assert.equal(pins.get('stated')?.x0Id, 'x0s')
})

test('what was stated is bounded too, and so is the list of peers dialled on purpose', () => {
  const pins = new PinBook()
  for (let peer = 0; peer < MAX_STATED_PINS + 5; peer += 1) pins.state(`p${peer}`, 'x0a', 'credential')
  assert.equal([...pins.entries()].length, MAX_STATED_PINS)
  for (let peer = 0; peer <= MAX_FIRST_USE_PINS; peer += 1) pins.intend(`q${peer}`)
  assert.equal(pins.learn('q0', 'x0a'), false)
  assert.equal(pins.learn('q1', 'x0a'), true)
})
