import type { FamilyFacts } from '../src/observe/instruments.ts'
import { MAX_SERIES, MAX_SERIES_AT_REST } from '../src/observe/limits.ts'

const INTRODUCTION = `# Metrics

\`GET /metrics\` answers in the text format of Prometheus. This file is made from the sources by
\`bin/node scripts/make-metrics-docs.ts\`; a test fails when it is stale.

Names begin with \`x0_\`, units are base units, counters end in \`_total\`. The process itself goes by the names that every
dashboard knows (\`process_\`, \`nodejs_\`). Labels take only the values listed here (what fits none is \`other\`): never a peer
id, an address or a text. An idle node has at most ${MAX_SERIES_AT_REST} series; no number of peers and nothing that they do makes it more
than ${MAX_SERIES.toLocaleString('en-US')}.
`

/** docs/metrics.md as it must be. */
export function metricsDocument(families: readonly FamilyFacts[]): string {
  const sections = [...families].sort((a, b) => (a.name < b.name ? -1 : 1)).map(section)
  return `${INTRODUCTION}\n${sections.join('\n')}`
}

function section({ name, type, help, labels, buckets }: FamilyFacts): string {
  const lines = [`## ${name}`, '', `${type}. ${help}`, '']
  for (const [label, values] of Object.entries(labels))
    lines.push(`- \`${label}\`: ${values.map((value) => `\`${value}\``).join(', ')}`)
  if (buckets !== undefined) lines.push(`- buckets: ${buckets.join(', ')}`)
  return lines.at(-1) === '' ? lines.join('\n') : `${lines.join('\n')}\n`
}
