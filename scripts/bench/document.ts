import type { Machine } from './machine.ts'
import type { Suite } from './options.ts'
import type { Row } from './rows.ts'
import { pairedRatios, type Spread, spread } from './statistics.ts'
import type { Figures, Stack } from './tasks.ts'

/** A measured row: x0 and plain in the row's unit, and their ratio round by round. */
export interface Measure {
  readonly suite: Suite
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly better: 'lower' | 'higher'
  readonly x0: Spread
  readonly plain: Spread | null
  /** x0 / plain: the spread of the ratios of the rounds; null where nothing stands beside. */
  readonly ratio: Spread | null
}

/** One operation of the cryptography under one backend. */
export interface CryptoMeasure {
  readonly operation: string
  /** Operations a second. */
  readonly native: Spread
  readonly portable: Spread
  /** 10^6 bytes a second, where the operation is about bytes. */
  readonly nativeMBs: number | null
  readonly portableMBs: number | null
  /** native / portable, round by round. */
  readonly ratio: Spread
}

export interface Skipped {
  readonly suite: Suite
  readonly reason: string
}

/** What `--json` prints. */
export interface BenchDocument {
  readonly schema: 'x0.bench/v1'
  /** ISO 8601, when the run ended. */
  readonly at: string
  readonly machine: Machine
  readonly quick: boolean
  readonly rounds: number
  readonly measures: readonly Measure[]
  readonly crypto: readonly CryptoMeasure[]
  readonly skipped: readonly Skipped[]
}

/** The figures of each round of each stack; the rounds pair up by index. */
export type Rounds = Readonly<Record<Stack, readonly Figures[]>>

/**
 * Rows that were measured, in their order. A row whose figure no round has is left out.
 * @throws Error where a figure is there in some rounds only: a bug of the benchmark
 */
export function measure(rows: readonly Row[], rounds: Rounds): Measure[] {
  return rows.flatMap((row) => {
    const x0 = column(rounds.x0, row.figure)
    const plain = row.beside === null ? undefined : column(rounds.plain, row.beside ?? row.figure)
    if (x0 === undefined) return []
    const { suite, title, unit, better } = row
    return [
      {
        suite,
        id: row.figure,
        title,
        unit,
        better,
        x0: spread(x0),
        plain: plain === undefined ? null : spread(plain),
        ratio: plain === undefined ? null : spread(pairedRatios(x0, plain)),
      },
    ]
  })
}

function column(rounds: readonly Figures[], figure: string): number[] | undefined {
  const values = rounds.map((figures) => figures[figure]).filter((value) => value !== undefined)
  if (values.length === 0) return undefined
  if (values.length < rounds.length) throw new Error(`${figure} is missing in ${rounds.length - values.length} rounds`)
  return values
}
