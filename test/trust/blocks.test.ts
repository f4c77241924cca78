import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Block, type BlockedKeys, Blocks, isInForce } from '../../src/trust/blocks.ts'
import { MAX_BLOCKS } from '../../src/trust/limits.ts'

const block = (x0Id: string | undefined, peerId: string | undefined, until?: number, since = 0): Block => ({
  x0Id,
  peerId,
  since,
  until,
  reason: `${x0Id} ${peerId}`,
})

test('either key of a block keeps out; new keys do not', () => {
  const blocks = new Blocks()
  assert.deepEqual(blocks.put(block('x-a', 'p-a')), [])
  assert.equal(blocks.judge({ x0Id: 'x-a', peerId: 'p-a' }, 0)?.reason, 'x-a p-a')
  assert.equal(blocks.judge({ x0Id: undefined, peerId: 'p-a' }, 0)?.reason, 'x-a p-a', 'over a channel that proves no x0 id')
  assert.equal(blocks.judge({ x0Id: 'x-a', peerId: undefined }, 0)?.reason, 'x-a p-a')
  assert.equal(blocks.judge({ x0Id: 'x-b', peerId: 'p-b' }, 0), undefined)
  assert.equal(blocks.judge({ x0Id: undefined, peerId: undefined }, 0), undefined)
  assert.throws(() => blocks.put(block(undefined, undefined)), TypeError)
})

test('a block holds until its end, not at it, whether or not it was swept', () => {
  const blocks = new Blocks()
  blocks.put(block('x', undefined, 1000))
  blocks.put(block('y', undefined, 2000))
  blocks.put(block('z', undefined))
  assert.equal(blocks.nextEnd(), 1000)
  assert.ok(blocks.judge({ x0Id: 'x', peerId: undefined }, 999))
  assert.equal(blocks.judge({ x0Id: 'x', peerId: undefined }, 1000), undefined)
  assert.deepEqual(
    blocks.list(1000).map(({ x0Id }) => x0Id),
    ['y', 'z'],
  )
  assert.deepEqual(
    blocks.sweep(1000).map(({ x0Id }) => x0Id),
    ['x'],
  )
  assert.equal(blocks.size, 2)
  assert.equal(blocks.nextEnd(), 2000)
  blocks.sweep(1e15)
  assert.equal(blocks.nextEnd(), undefined, 'one without an end stays')
  assert.equal(blocks.size, 1)
})

test('a full table refuses another block and keeps all it has; one in place of another still has room', () => {
  const blocks = new Blocks()
  for (let index = 0; index < MAX_BLOCKS; index += 1) blocks.put(block(`x${index}`, `p${index}`))
  assert.equal(blocks.put(block('one', 'more')), 'full')
  assert.equal(blocks.judge({ x0Id: 'one', peerId: 'more' }, 0), undefined)
  assert.deepEqual(blocks.put(block('x7', 'p7', 5)), [block('x7', 'p7')])
  assert.equal(blocks.size, MAX_BLOCKS)
})

/** An x0 id is a hash over both keys: it goes with one peer id. */
const keys = fc
  .record({ peer: fc.nat(4), mldsa: fc.nat(1), knows: fc.constantFrom('both', 'x0', 'peer') })
  .map(({ peer, mldsa, knows }): BlockedKeys => {
    return { x0Id: knows === 'peer' ? undefined : `x${peer}.${mldsa}`, peerId: knows === 'x0' ? undefined : `p${peer}` }
  })
const step = fc.oneof(
  fc.record({ put: keys, until: fc.option(fc.nat(100), { nil: undefined }) }),
  fc.record({ remove: keys }),
  fc.record({ sweep: fc.nat(100) }),
)

test('whatever is blocked and taken back: judged as a list of rules would be', () => {
  const names = (rule: BlockedKeys, who: BlockedKeys): boolean =>
    (rule.x0Id !== undefined && rule.x0Id === who.x0Id) || (rule.peerId !== undefined && rule.peerId === who.peerId)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(120), (steps, now) => {
      const blocks = new Blocks()
      let rules: Block[] = []
      for (const one of steps) {
        if ('put' in one) {
          const rule = block(one.put.x0Id, one.put.peerId, one.until)
          rules = [...rules.filter((other) => !names(other, rule)), rule]
          blocks.put(rule)
        } else if ('remove' in one) {
          rules = rules.filter((rule) => !names(rule, one.remove))
          blocks.remove(one.remove)
        } else {
          rules = rules.filter((rule) => isInForce(rule, one.sweep))
          blocks.sweep(one.sweep)
        }
      }
      assert.equal(blocks.size, rules.length)
      for (let peer = 0; peer <= 4; peer += 1) {
        for (const x0Id of [undefined, `x${peer}.0`, `x${peer}.1`]) {
          const who = { x0Id, peerId: `p${peer}` }
          const expected = rules.some((rule) => names(rule, who) && isInForce(rule, now))
          assert.equal(blocks.judge(who, now) !== undefined, expected, JSON.stringify(who))
        }
      }
    }),
    { numRuns: 500 },
  )
})
