import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { median, pairedRatios, quantile, spread } from '../../scripts/bench/statistics.ts'

const samples = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 })

describe('the statistics of the benchmark', () => {
  it('interpolates between ranks as R (type 7) does', () => {
    // quantile(c(4, 1, 3, 2), c(0, .25, .5, .95, 1)) in R
    const of = (share: number): number => Number(quantile([4, 1, 3, 2], share).toFixed(9))
    assert.deepEqual([0, 0.25, 0.5, 0.95, 1].map(of), [1, 1.75, 2.5, 3.85, 4])
    assert.equal(median([10, 2, 9]), 9)
  })

  it('does not depend on the order of the samples, and stays within them', () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const answer = quantile(values, share)
        assert.equal(answer, quantile(values.toReversed(), share))
        // interpolation rounds
        assert.ok(answer >= Math.min(...values) - 1e-6 && answer <= Math.max(...values) + 1e-6)
      }),
    )
  })

  it('leaves the samples of a spread in the order of the rounds', () => {
    assert.deepEqual(spread([3, 1, 2]), { median: 2, min: 1, max: 3, samples: [3, 1, 2] })
  })

  it('refuses what has no quantile', () => {
    assert.throws(() => quantile([], 0.5), RangeError)
    assert.throws(() => quantile([1], 1.5), RangeError)
    assert.throws(() => quantile([1], Number.NaN), RangeError)
  })

  it('pairs rounds: a machine that is slower in one round does not move the ratio', () => {
    assert.deepEqual(pairedRatios([10, 20, 40], [5, 10, 20]), [2, 2, 2])
    assert.throws(() => pairedRatios([1, 2], [1]), RangeError)
  })
})
