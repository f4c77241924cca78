import { readdirSync, readFileSync } from 'node:fs'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import type { EventLoopLag } from './event-loop-lag.ts'
import type { Instruments } from './instruments.ts'

const GC_KINDS = ['major', 'minor', 'incremental', 'weakcb'] as const

/**
 * The process itself, under the names that every Prometheus dashboard knows (`process_`, `nodejs_`: no prefix of ours).
 * prom-client's own set is not used: it takes a hundred series, samples the event loop every 10 ms in a second
 * histogram that each scrape resets, and can never be stopped.
 * @returns what stops the garbage collection observer
 */
export function addProcessMetrics(instruments: Instruments, lag: EventLoopLag, version: string): () => void {
  const none = { labels: {} } as const
  instruments
    .gauge({ name: 'nodejs_version_info', help: 'Node.js that runs, value 1.', labels: { version: [version] } })
    .set({ version }, 1)
  instruments
    .gauge({ name: 'process_start_time_seconds', help: 'Start of the process, seconds since the Unix epoch.', ...none })
    .set({}, performance.timeOrigin / 1000)
  let counted = 0
  const cpu = instruments.counter({ name: 'process_cpu_seconds_total', help: 'CPU time used, user and system.', ...none }, () => {
    const { user, system } = process.cpuUsage()
    const seconds = (user + system) / 1e6
    cpu.inc({}, seconds - counted)
    counted = seconds
  })
  // the first of the four asks for all: the registry collects in the order of their making
  const heapTotal = instruments.gauge(
    { name: 'nodejs_heap_size_total_bytes', help: 'Heap that V8 has reserved.', ...none },
    () => {
      const memory = process.memoryUsage()
      heapTotal.set({}, memory.heapTotal)
      heapUsed.set({}, memory.heapUsed)
      external.set({}, memory.external)
      resident.set({}, memory.rss)
    },
  )
  const heapUsed = instruments.gauge({ name: 'nodejs_heap_size_used_bytes', help: 'Heap in use.', ...none })
  const external = instruments.gauge({
    name: 'nodejs_external_memory_bytes',
    help: 'Memory of buffers and native objects, outside of the heap.',
    ...none,
  })
  const resident = instruments.gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory.', ...none })
  const linux = process.platform === 'linux'
  const most = instruments.gauge({
    name: 'process_max_fds',
    help: 'Most file descriptors that the process may open; 0 off Linux.',
    ...none,
  })
  if (linux) most.set({}, maxFileDescriptors())
  const open = instruments.gauge({ name: 'process_open_fds', help: 'Open file descriptors; 0 off Linux.', ...none }, () => {
    // The listing itself holds one descriptor.
    if (linux) open.set({}, readdirSync('/proc/self/fd').length - 1)
  })
  const loopLag = instruments.gauge(
    {
      name: 'x0_event_loop_lag_seconds',
      help: 'How late timers run: quantiles over the last 30 to 60 s.',
      labels: { quantile: ['0.5', '0.99'] },
      zeroed: true,
    },
    () => {
      const { p50, p99 } = lag.read()
      loopLag.set({ quantile: '0.5' }, p50 / 1000)
      loopLag.set({ quantile: '0.99' }, p99 / 1000)
    },
  )
  return observeGarbageCollection(instruments)
}

function observeGarbageCollection(instruments: Instruments): () => void {
  const pauses = instruments.histogram(
    { name: 'nodejs_gc_duration_seconds', help: 'Garbage collection pauses by kind.', labels: { kind: GC_KINDS } },
    [0.001, 0.01, 0.1, 1],
  )
  const kinds = new Map<unknown, (typeof GC_KINDS)[number]>([
    [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
    [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
    [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
  ])
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const detail: unknown = 'detail' in entry ? entry.detail : undefined
      const kind = typeof detail === 'object' && detail !== null && 'kind' in detail ? kinds.get(detail.kind) : undefined
      pauses.observe({ kind: kind ?? 'other' }, entry.duration / 1000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => observer.disconnect()
}

/** 0 where the limit is unlimited or cannot be read: "not known", as prom-client and the Go client have it. */
function maxFileDescriptors(): number {
  const line = readFileSync('/proc/self/limits', 'utf8')
    .split('\n')
    .find((row) => row.startsWith('Max open files'))
  const soft = Number(line?.slice('Max open files'.length).trim().split(/\s+/)[0])
  return Number.isFinite(soft) ? soft : 0
}
