import { table } from '../../src/cli/table.ts'
import type { BenchDocument, CryptoMeasure, Measure } from './document.ts'
import type { Spread } from './statistics.ts'

/** The document for people: the machine, a table a kind of figure, and what was left out. */
export function report(document: BenchDocument): string {
  const { machine, measures, crypto, skipped } = document
  const parts = [
    [
      `${machine.cpu}, ${machine.cores} cores, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB, ${machine.kernel}`,
      `Node.js ${machine.node}, OpenSSL ${machine.openssl}, load before ${machine.loadBefore.toFixed(2)}`,
      `${document.rounds} rounds${document.quick ? ', quick: too small for figures, only a check that it runs' : ''}`,
      '',
    ].join('\n'),
  ]
  if (measures.length > 0) parts.push(table(MEASURE_HEADER, measures.map(measureRow), plainText))
  if (crypto.length > 0) parts.push(table(CRYPTO_HEADER, crypto.map(cryptoRow), plainText))
  if (skipped.length > 0) parts.push(skipped.map(({ suite, reason }) => `${suite} skipped: ${reason}\n`).join(''))
  return parts.join('\n')
}

const MEASURE_HEADER = ['median (min-max) of rounds', 'unit', 'x0', 'plain', 'x0/plain', 'ratios', 'better'] as const
const CRYPTO_HEADER = [
  'operation',
  'native/s',
  'portable/s',
  'native/portable',
  'ratios',
  'native MB/s',
  'portable MB/s',
] as const

const plainText = (text: string): string => text

function measureRow({ title, unit, x0, plain, ratio, better }: Measure): string[] {
  return [
    title,
    unit,
    withRange(x0),
    plain === null ? '-' : withRange(plain),
    ratio === null ? '-' : ratio.median.toFixed(2),
    range(ratio),
    better,
  ]
}

function cryptoRow({ operation, native, portable, ratio, nativeMBs, portableMBs }: CryptoMeasure): string[] {
  return [
    operation,
    withRange(native),
    withRange(portable),
    ratio.median.toFixed(2),
    range(ratio),
    nativeMBs === null ? '-' : significant(nativeMBs),
    portableMBs === null ? '-' : significant(portableMBs),
  ]
}

function withRange({ median, min, max }: Spread): string {
  return `${significant(median)} (${significant(min)}-${significant(max)})`
}

function range(ratio: Spread | null): string {
  return ratio === null ? '-' : `${ratio.min.toFixed(2)}-${ratio.max.toFixed(2)}`
}

/** Three significant digits, never an exponent: more would claim a precision that no row has. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}
