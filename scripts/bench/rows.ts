import type { Suite } from './options.ts'

/** A row of the table: a figure of both stacks, or of one. */
export interface Row {
  readonly suite: Suite
  /** Name of x0's figure, and of the row in the JSON document. */
  readonly figure: string
  /** Plain's figure beside it, where it is another one or there is none (null). */
  readonly beside?: string | null
  readonly title: string
  readonly unit: string
  /** Which direction is good: says how to read the ratio x0/plain. */
  readonly better: 'lower' | 'higher'
}

const lower = { better: 'lower' } as const
const higher = { better: 'higher' } as const

const dial = (figure: string, title: string, more: Partial<Row> = {}): Row => ({
  suite: 'dial',
  figure: `dial.${figure}`,
  title,
  unit: 'ms',
  ...lower,
  ...more,
})

const throughput = (chunk: string, direction: 'up' | 'down'): Row[] => {
  const figure = `throughput.${chunk}.${direction}`
  const title = `one stream, ${chunk} writes, ${direction === 'up' ? 'dialler to listener' : 'listener to dialler'}`
  return [
    { suite: 'throughput', figure, title, unit: 'MB/s', ...higher },
    { suite: 'throughput', figure: `${figure}.cpu`, title: '  CPU of both ends per MB', unit: 'ms', ...lower },
  ]
}

/** The rows of the suites that two stacks run, in the order of the table. */
export const NETWORK_ROWS: readonly Row[] = [
  dial('upgraded.median', 'dial until libp2p.dial resolves, median'),
  dial('upgraded.p95', 'dial until libp2p.dial resolves, p95'),
  dial('verdict.median', "dial to the responder's verdict (plain has none: its dial), median", {
    beside: 'dial.upgraded.median',
  }),
  dial('verdict.p95', "dial to the responder's verdict (plain has none: its dial), p95", { beside: 'dial.upgraded.p95' }),
  dial('echo.median', 'dial to the first 32-byte echo, median'),
  dial('echo.p95', 'dial to the first 32-byte echo, p95'),
  dial('cpu', '  CPU of both ends per dial with its echo and close'),
  { suite: 'connections', figure: 'connections.rate', title: 'new connections, 8 diallers at once', unit: '1/s', ...higher },
  { suite: 'connections', figure: 'connections.cpu', title: '  CPU of both ends per connection', unit: 'ms', ...lower },
  ...throughput('64KiB', 'up'),
  ...throughput('64KiB', 'down'),
  ...throughput('1KiB', 'up'),
  ...throughput('1KiB', 'down'),
  { suite: 'round-trips', figure: 'round-trips.stream', title: '32-byte round trips on one stream', unit: '1/s', ...higher },
  { suite: 'round-trips', figure: 'round-trips.stream.cpu', title: '  CPU of both ends per round trip', unit: 'us', ...lower },
  {
    suite: 'round-trips',
    figure: 'round-trips.stream-each',
    title: '32-byte round trips with a stream each',
    unit: '1/s',
    ...higher,
  },
  {
    suite: 'round-trips',
    figure: 'round-trips.stream-each.cpu',
    title: '  CPU of both ends per round trip',
    unit: 'us',
    ...lower,
  },
]

const node = (figure: string, title: string, unit: string, more: Partial<Row> = {}): Row => ({
  suite: 'node',
  figure,
  title,
  unit,
  ...lower,
  ...more,
})

export const START_ROWS: readonly Row[] = [
  node('start.first', 'whole node, spawn to listening, empty home', 'ms'),
  node('start.again', 'whole node, spawn to listening, home with keys', 'ms'),
]

/** Plain has no networks to join. */
export const JOIN_ROWS: readonly Row[] = [
  { suite: 'join', figure: 'join.commands', beside: null, title: 'create, invite, two joins: answered', unit: 'ms', ...lower },
  { suite: 'join', figure: 'join.connected', beside: null, title: 'and all three nodes connected', unit: 'ms', ...lower },
]

/** One core, no stack beside it. */
export const POLICY_ROWS: readonly Row[] = [10, 100, 1_000].map((rules) => ({
  suite: 'policy',
  figure: `policy.${rules}`,
  beside: null,
  title: `policy decisions, ${rules} rules`,
  unit: '1/s',
  ...higher,
}))

/** The nodes of a net stand in for rounds here. */
export const REST_ROWS: readonly Row[] = [
  node('rest.rss', 'at rest with 5 peers: resident memory', 'MB'),
  node('rest.pss', 'at rest with 5 peers: proportional memory', 'MB'),
  node('rest.cpu', 'at rest with 5 peers: CPU, of one core', '%'),
  node('rest.wire', 'at rest with 5 peers: on the wire, both directions (x0 counts)', 'B/s', { beside: null }),
  node('rest.io', 'at rest with 5 peers: read(2) and write(2) of any kind', 'B/s'),
]
