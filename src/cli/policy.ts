import {
  type ExplainRequest,
  explanationDocument,
  type PolicyDocument,
  type PolicyExplanation,
} from '../admin/policy-documents.ts'
import { homePaths } from '../store/home-paths.ts'
import { parseAction } from '../trust/policy/action.ts'
import { Budgets } from '../trust/policy/budgets.ts'
import { CompiledPolicy } from '../trust/policy/compile.ts'
import { explain } from '../trust/policy/explain.ts'
import { readPolicyFile } from '../trust/policy/live-policy.ts'
import { type Party, parseParty } from '../trust/policy/party.ts'
import { PolicyError } from '../trust/policy/policy-error.ts'
import { parseTime } from '../trust/policy/read-tests.ts'
import type { PolicyDocument as Policy } from '../trust/policy/rule.ts'
import { runPolicyTests, type TestResult } from '../trust/policy/run-tests.ts'
import { ApiClient } from './api-client.ts'
import { CommandFailure } from './failure.ts'
import type { ExplainFlags } from './policy-commands.ts'
import { age } from './quantity.ts'
import { type Cell, fields, table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'

/** `x0 policy test [FILE]`: exit 7 where the document is wrong, 8 where one of its tests fails. */
export async function policyTest(call: Call, file: string | undefined): Promise<void> {
  const path = file ?? homePaths(call.home).policy
  const document = { schema: 'x0.policy-test/v1', file: path }
  let policy: Policy
  try {
    policy = await readPolicyFile(path)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    if (call.json) printJson(call, { ...document, ok: false, problems: error.problems, tests: [] })
    throw badDocument(error)
  }
  const results = runPolicyTests(policy)
  const failed = results.filter(({ passed }) => !passed)
  if (call.json) printJson(call, { ...document, ok: failed.length === 0, problems: [], tests: results.map(resultDocument) })
  else if (results.length > 0) call.terminal.out(resultsText(call, results))
  if (results.length === 0 && !call.quiet) {
    call.terminal.err(`${path} can be used: ${policy.rules.length} rules. It has no tests.\n`)
  }
  if (failed.length > 0) {
    throw new CommandFailure('verificationFailed', `${failed.length} of ${results.length} tests of ${path} failed.`, {
      hint: '`x0 policy explain --file` says which rules fit a request and which decides.',
    })
  }
}

/** `x0 policy show` */
export async function policyShow(call: Call): Promise<void> {
  const document = await (await ApiClient.of(call)).document<PolicyDocument>('x0.policy/v1', { path: '/policy' })
  if (call.json) printJson(call, document)
  else call.terminal.out(policyText(call, document, Date.now()))
}

/** `x0 policy explain SOURCE ACTION DESTINATION` */
export async function policyExplain(
  call: Call,
  request: Pick<ExplainRequest, 'source' | 'action' | 'destination'>,
  flags: ExplainFlags,
): Promise<void> {
  const { group = [], toGroup = [], at, file } = flags
  const body: ExplainRequest = {
    ...request,
    ...(group.length === 0 ? {} : { groups: [...group] }),
    ...(toGroup.length === 0 ? {} : { destinationGroups: [...toGroup] }),
    ...(at === undefined ? {} : { at }),
  }
  const document =
    file === undefined
      ? await (await ApiClient.of(call)).document<PolicyExplanation>('x0.policy-explanation/v1', {
          method: 'POST',
          path: '/policy/explain',
          body,
        })
      : await explainByFile(file, body)
  if (call.json) printJson(call, document)
  else call.terminal.out(explanationText(call, document))
}

async function explainByFile(file: string, body: ExplainRequest): Promise<PolicyExplanation> {
  const source = partyOf('source', body.source, body.groups)
  const destination = partyOf('destination', body.destination, body.destinationGroups)
  const parsed = parseAction(body.action)
  if ('problem' in parsed) throw new CommandFailure('usage', `Action: ${parsed.problem}.`)
  const at = body.at === undefined ? Date.now() : parseTime(body.at)
  if (at === undefined)
    throw new CommandFailure('usage', `--at ${printable(body.at ?? '')} is no time.`, { hint: 'Example: 2026-11-25T10:00:00Z.' })
  try {
    const policy = new CompiledPolicy(await readPolicyFile(file))
    return explanationDocument(explain(policy, { source, action: parsed.action, destination, at }, new Budgets(), 0), at)
  } catch (error) {
    throw error instanceof PolicyError ? badDocument(error) : error
  }
}

function partyOf(what: string, text: string, groups: readonly string[] = []): Party {
  const parsed = parseParty(text, groups)
  if ('problem' in parsed) throw new CommandFailure('usage', `The ${what} ${printable(text)}: ${parsed.problem}.`)
  return parsed.party
}

function badDocument(error: PolicyError): CommandFailure {
  return new CommandFailure('badConfig', `The policy document cannot be used.\n${printableLines(error.message)}`, {
    cause: error,
    hint: 'docs/policy.md explains the document.',
  })
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/** The rules for people at `now`, ms since the Unix epoch. */
export function policyText(call: Pick<Call, 'color'>, document: PolicyDocument, now: number): string {
  const summary = fields([
    ['file', printable(document.file)],
    ['hash', document.hash ?? 'there is no file: everything is denied'],
    ['in force for', age(document.since, now)],
    ['rules', String(document.rules.length)],
  ])
  if (document.rules.length === 0) return summary
  const rows = document.rules.map((rule): Cell[] => [
    String(rule.priority),
    rule.name,
    effectCell(call, rule.effect),
    rule.from.join(' '),
    rule.to.join(' '),
    rule.actions.join(' '),
    [rule.when ?? '', rule.rate === null ? '' : `${rule.rate.limit} in ${rule.rate.periodMs / 1000}s`, rule.audit ? 'audit' : '']
      .filter((part) => part !== '')
      .join(', ') || '-',
  ])
  return `${summary}\n${table(['PRIORITY', 'RULE', 'EFFECT', 'FROM', 'TO', 'ACTIONS', 'CONDITIONS'], rows, (text) => paint(call, 'bold', text))}`
}

/** The decision for people, and every rule that fits. */
export function explanationText(call: Pick<Call, 'color'>, document: PolicyExplanation): string {
  const reasons = { rule: 'the rule says so', rate: 'its rate is used up', 'no-rule': 'no rule fits that holds now' }
  const summary = fields([
    ['decision', effectCell(call, document.effect)],
    ['rule', `${document.rule} (${reasons[document.reason]})`],
    ['at', document.at],
    ['audit trail', document.audit ? 'yes' : 'no'],
  ])
  if (document.rules.length === 0) return summary
  const rows = document.rules.map((rule): Cell[] => [String(rule.priority), rule.name, effectCell(call, rule.effect), rule.why])
  return `${summary}\n${table(['PRIORITY', 'RULE', 'EFFECT', 'WHY'], rows, (text) => paint(call, 'bold', text))}`
}

function resultsText(call: Pick<Call, 'color'>, results: readonly TestResult[]): string {
  const rows = results.map(({ test, decision, passed }): Cell[] => [
    String(test.line),
    partyText(test.from),
    test.action,
    partyText(test.to),
    test.rule === undefined ? test.expect : `${test.expect} by ${test.rule}`,
    `${decision.effect} by ${decision.rule}`,
    { text: passed ? 'ok' : 'FAILED', paint: (text) => paint(call, passed ? 'green' : 'red', text) },
  ])
  return table(['LINE', 'FROM', 'ACTION', 'TO', 'EXPECTED', 'DECIDED', 'RESULT'], rows, (text) => paint(call, 'bold', text))
}

function resultDocument({ test, decision, passed }: TestResult): object {
  const { line, from, to, action, at, expect, rule = null } = test
  return {
    line,
    from: partyText(from),
    to: partyText(to),
    action,
    at: new Date(at).toISOString(),
    expect,
    rule,
    passed,
    decided: { effect: decision.effect, rule: decision.rule, reason: decision.reason },
  }
}

function partyText({ spiffeId, x0Id, groups }: Party): string {
  const name = spiffeId ?? x0Id ?? 'any'
  return groups.length === 0 ? name : `${name} (${groups.join(' ')})`
}

function effectCell(call: Pick<Call, 'color'>, effect: 'allow' | 'deny'): Cell {
  return { text: effect, paint: (text) => paint(call, effect === 'allow' ? 'green' : 'red', text) }
}
