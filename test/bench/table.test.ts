import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type BenchDocument, measure } from '../../scripts/bench/document.ts'
import { plan } from '../../scripts/bench/network-suite.ts'
import { SUITES } from '../../scripts/bench/options.ts'
import { report, significant } from '../../scripts/bench/report.ts'
import { NETWORK_ROWS, type Row } from '../../scripts/bench/rows.ts'
import { spread } from '../../scripts/bench/statistics.ts'

const row = (figure: string, more: Partial<Row> = {}): Row => ({
  suite: 'dial',
  figure,
  title: `title of ${figure}`,
  unit: 'ms',
  better: 'lower',
  ...more,
})

describe('the rows of the benchmark', () => {
  it('takes the median of the ratios of the rounds, not the ratio of the medians', () => {
    const rounds = { x0: [{ a: 1 }, { a: 10 }, { a: 6 }], plain: [{ a: 1 }, { a: 5 }, { a: 2 }] }
    const [only] = measure([row('a')], rounds)
    assert.equal(only?.x0.median, 6)
    assert.equal(only?.plain?.median, 2)
    assert.deepEqual(only?.ratio, { median: 2, min: 1, max: 3, samples: [1, 2, 3] })
  })

  it('sets a figure beside one of another name, or beside none', () => {
    const rounds = { x0: [{ verdict: 9, wire: 1 }], plain: [{ upgraded: 6 }] }
    const rows = [row('verdict', { beside: 'upgraded' }), row('wire', { beside: null }), row('absent')]
    const [verdict, wire, ...rest] = measure(rows, rounds)
    assert.equal(verdict?.ratio?.median, 1.5)
    assert.equal(wire?.plain, null)
    assert.equal(wire?.ratio, null)
    assert.deepEqual(rest, [])
  })

  it('does not hide a round that lacks a figure', () => {
    assert.throws(() => measure([row('a')], { x0: [{ a: 1 }, {}], plain: [{ a: 1 }, { a: 1 }] }), /a is missing in 1 rounds/)
  })

  it('has a row for the CPU time of every task', () => {
    const figures = new Set(NETWORK_ROWS.map(({ figure }) => figure))
    for (const { cpuFigure } of plan(SUITES, false)) assert.ok(figures.has(cpuFigure), cpuFigure)
  })

  it('does in a quick run what it does in a long one, only less', () => {
    const long = plan(SUITES, false)
    const quick = plan(SUITES, true)
    assert.deepEqual(
      quick.map(({ task }) => task.kind),
      long.map(({ task }) => task.kind),
    )
    assert.deepEqual(plan(['crypto', 'node', 'join', 'policy'], false), [])
  })
})

describe('the table of the benchmark', () => {
  const document: BenchDocument = {
    schema: 'x0.bench/v1',
    at: '2026-01-01T00:00:00.000Z',
    machine: {
      cpu: 'A Processor',
      cores: 2,
      memoryBytes: 2 ** 33,
      kernel: 'linux 6 x64',
      node: 'v24.21.0',
      openssl: '3.5.8',
      loadBefore: 0.5,
    },
    quick: false,
    rounds: 2,
    measures: measure([row('a'), row('wire', { beside: null, unit: 'B/s' })], {
      x0: [
        { a: 6, wire: 812 },
        { a: 9, wire: 911 },
      ],
      plain: [{ a: 4 }, { a: 12 }],
    }),
    crypto: [
      {
        operation: 'seal',
        native: spread([2000]),
        portable: spread([100]),
        nativeMBs: 131.07,
        portableMBs: null,
        ratio: spread([20]),
      },
    ],
    skipped: [{ suite: 'node', reason: 'no /proc' }],
  }

  it('prints the machine, each row with its spread and ratio, and what was skipped', () => {
    assert.deepEqual(
      report(document)
        .split('\n')
        .map((line) => line.trimEnd().replaceAll(/ {2,}/g, ' | ')),
      [
        'A Processor, 2 cores, 8.0 GiB, linux 6 x64',
        'Node.js v24.21.0, OpenSSL 3.5.8, load before 0.50',
        '2 rounds',
        '',
        'median (min-max) of rounds | unit | x0 | plain | x0/plain | ratios | better',
        'title of a | ms | 7.50 (6.00-9.00) | 8.00 (4.00-12.0) | 1.13 | 0.75-1.50 | lower',
        'title of wire | B/s | 862 (812-911) | - | - | - | lower',
        '',
        'operation | native/s | portable/s | native/portable | ratios | native MB/s | portable MB/s',
        'seal | 2000 (2000-2000) | 100 (100-100) | 20.00 | 20.00-20.00 | 131 | -',
        '',
        'node skipped: no /proc',
        '',
      ],
    )
  })

  it('says so where a run was too small for figures', () => {
    assert.match(report({ ...document, quick: true }), /too small for figures/)
  })

  it('shows three digits and never an exponent', () => {
    assert.deepEqual([0.123, 9.876, 98.76, 987.6, 1e7, Number.NaN].map(significant), [
      '0.12',
      '9.88',
      '98.8',
      '988',
      '10000000',
      '-',
    ])
  })
})
