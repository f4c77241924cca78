import { parseArgs } from 'node:util'
import { MUTANTS } from './mutants.ts'
import { randomScenario, SOUND } from './random-scenario.ts'
import { runScenario } from './world.ts'

/*
 * npm run sim -- --runs N --seed S [--mutant NAME]
 * Runs the seeds S, S + 1, ... and stops at the first that fails, which it prints. One seed always makes the same run.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    mutant: { type: 'string' },
  },
})
const runs = Number(values.runs)
const first = Number(values.seed)
const parts = values.mutant === undefined ? SOUND : MUTANTS.get(values.mutant)
if (parts === undefined || !Number.isInteger(runs) || !Number.isInteger(first)) {
  console.error(`--runs and --seed are whole numbers, --mutant is one of: ${[...MUTANTS.keys()].join(', ')}`)
  process.exit(2)
}

const startedAt = performance.now()
const totals = { heights: 0, crashes: 0, maxRound: 0, virtualMs: 0 }
for (let seed = first; seed < first + runs; seed++) {
  const outcome = runScenario(randomScenario(seed, parts))
  if (outcome.failure !== undefined) {
    console.error(`seed ${seed}: ${outcome.failure}`)
    console.error(
      `again: npm run sim -- --runs 1 --seed ${seed}${values.mutant === undefined ? '' : ` --mutant ${values.mutant}`}`,
    )
    process.exit(1)
  }
  totals.heights += outcome.heights
  totals.crashes += outcome.crashes
  totals.maxRound = Math.max(totals.maxRound, outcome.maxRound)
  totals.virtualMs += outcome.took
}
const seconds = (performance.now() - startedAt) / 1000
console.log(
  `${runs} runs from seed ${first} in ${seconds.toFixed(1)} s: ${totals.heights} decisions, ${totals.crashes} crashes, ` +
    `highest round ${totals.maxRound}, ${(totals.virtualMs / 3_600_000).toFixed(1)} h of virtual time; nothing broke`,
)
