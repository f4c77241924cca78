import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ArgumentError, HELP, parseArguments, SUITES } from '../../scripts/bench/options.ts'

describe('the arguments of the benchmark', () => {
  it('runs everything by default', () => {
    assert.deepEqual(parseArguments([]), {
      kind: 'run',
      options: { suites: SUITES, rounds: 9, quick: false, json: false, profile: undefined },
    })
  })

  it('reads every flag', () => {
    const argv = ['--only', 'crypto, dial', '--rounds=3', '--quick', '--json', '--profile', '/tmp/p']
    assert.deepEqual(parseArguments(argv), {
      kind: 'run',
      // in the order of the table, however they were written
      options: { suites: ['dial', 'crypto'], rounds: 3, quick: true, json: true, profile: '/tmp/p' },
    })
  })

  it('runs fewer rounds where it shall be quick, unless told how many', () => {
    const rounds = (argv: string[]): unknown => {
      const parsed = parseArguments(argv)
      return parsed.kind === 'run' && parsed.options.rounds
    }
    assert.equal(rounds(['--quick']), 2)
    assert.equal(rounds(['--quick', '--rounds', '5']), 5)
  })

  for (const argv of [
    ['--only', 'dial,speed'],
    ['--only', ''],
    ['--rounds', '0'],
    ['--rounds', '2.5'],
    ['--rounds', 'many'],
    ['--rounds', '1001'],
    ['--fast'],
    ['dial'],
  ]) {
    it(`refuses ${argv.join(' ')}`, () => {
      assert.throws(() => parseArguments(argv), ArgumentError)
    })
  }

  it('explains itself, every suite included', () => {
    assert.equal(parseArguments(['--quick', '--help']).kind, 'help')
    for (const suite of SUITES) assert.match(HELP, new RegExp(`\\b${suite}\\b`))
  })
})
