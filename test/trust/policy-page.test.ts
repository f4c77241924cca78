import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readPolicy } from '../../src/trust/policy/read-document.ts'
import { runPolicyTests } from '../../src/trust/policy/run-tests.ts'

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'policy.md'), 'utf8')
const examples = [...PAGE.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '')

test('docs/policy.md has examples', () => {
  assert.ok(examples.length >= 4)
})

examples.forEach((text, index) => {
  test(`example ${index + 1} of docs/policy.md can be used, and its tests pass`, () => {
    const results = runPolicyTests(readPolicy(text, 'docs/policy.md'))
    assert.ok(results.length > 0, 'it has tests')
    assert.deepEqual(
      results
        .filter(({ passed }) => !passed)
        .map(({ test: { line }, decision }) => `line ${line}: ${decision.effect} by ${decision.rule}`),
      [],
    )
  })
})
