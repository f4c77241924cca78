import { writeFileSync } from 'node:fs'
import { ROUTE_LABELS } from '../src/admin/route-table.ts'
import { EventLoopLag } from '../src/observe/event-loop-lag.ts'
import { Metrics } from '../src/observe/metrics.ts'
import { systemClock } from '../src/platform/clock.ts'
import { metricsDocument } from './metrics-docs.ts'

// Writes docs/metrics.md. VERSION stands for the release, which would make the file stale with each.
const lag = new EventLoopLag(systemClock)
const metrics = new Metrics({ version: 'VERSION', nodeVersion: 'VERSION', backend: 'native', httpRoutes: ROUTE_LABELS, lag })
writeFileSync(new URL('../docs/metrics.md', import.meta.url), metricsDocument(metrics.families))
metrics.close()
lag.stop()
