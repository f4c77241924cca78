import { ApiClient } from './api-client.ts'
import { CommandFailure } from './failure.ts'
import { type Call, printJson } from './terminal.ts'

/** `x0 metrics [FILTER]` */
export async function metrics(call: Call, filter: string | undefined): Promise<void> {
  const text = await (await ApiClient.of(call)).text({ path: '/metrics' })
  const kept = filter === undefined ? text : selectFamilies(text, filter)
  if (kept === '') {
    throw new CommandFailure('failure', `No metric's name contains '${filter}'.`, { hint: '`x0 metrics` lists them all.' })
  }
  if (call.json) printJson(call, { schema: 'x0.metrics/v1', text: kept })
  else call.terminal.out(kept)
}

/** The families of a Prometheus text (version 0.0.4) whose name contains `part`, whole: help, type and samples. */
export function selectFamilies(text: string, part: string): string {
  const families: { name: string; lines: string[] }[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const comment = /^# (?:HELP|TYPE) (\S+)/.exec(line)?.[1]
    const current = families.at(-1)
    if (comment !== undefined && current?.name !== comment) families.push({ name: comment, lines: [line] })
    else if (current !== undefined) current.lines.push(line)
  }
  return families
    .filter(({ name }) => name.includes(part))
    .flatMap(({ lines }) => lines.map((line) => `${line}\n`))
    .join('')
}
