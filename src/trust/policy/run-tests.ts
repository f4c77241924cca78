import { Budgets } from './budgets.ts'
import { CompiledPolicy } from './compile.ts'
import { type Decision, decide } from './decide.ts'
import type { PolicyDocument, PolicyTest } from './rule.ts'

export interface TestResult {
  readonly test: PolicyTest
  readonly decision: Decision
  readonly passed: boolean
}

/** Runs the tests that a document brings along. Each begins with rates of which nothing is used up. */
export function runPolicyTests(document: PolicyDocument): TestResult[] {
  const policy = new CompiledPolicy(document)
  return document.tests.map((test) => {
    const { from: source, to: destination, action, at } = test
    const decision = decide(policy, { source, action, destination, at }, new Budgets(), 0)
    const passed = decision.effect === test.expect && (test.rule === undefined || test.rule === decision.rule)
    return { test, decision, passed }
  })
}
