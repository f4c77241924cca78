import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

/** What the figures depend on besides the code. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  readonly openssl: string
  /** Load average of the last minute when the run began: above the number of cores, others were at work too. */
  readonly loadBefore: number
}

export function machineFacts(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    openssl: process.versions.openssl,
    loadBefore: loadavg()[0] ?? 0,
  }
}
