import * as prom from 'prom-client'

/** The values that a label may take. A value outside of its set is counted as `other`, so no peer can make series. */
export type LabelSets = Readonly<Record<string, readonly string[]>>

/** One value for each label. */
type LabelValues<Sets extends LabelSets> = { readonly [Name in keyof Sets]: Sets[Name][number] | 'other' }

export interface Family<Sets extends LabelSets> {
  /** In full, with its unit and `_total` where they belong. */
  readonly name: string
  readonly help: string
  readonly labels: Sets
  /** Show every combination from the start at 0, so that rate() sees the first one. For small families only. */
  readonly zeroed?: boolean
}

/** What one family is, for the documentation and the tests. */
export interface FamilyFacts {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: LabelSets
  readonly buckets?: readonly number[]
  /** Series that it can ever have. */
  readonly maxSeries: number
}

export interface LabelledCounter<Sets extends LabelSets> {
  inc(labels: LabelValues<Sets>, by?: number): void
}
export interface LabelledGauge<Sets extends LabelSets> {
  set(labels: LabelValues<Sets>, value: number): void
}
export interface LabelledHistogram<Sets extends LabelSets> {
  observe(labels: LabelValues<Sets>, value: number): void
}

/** The value where the set has it, else `other`: for codes that come from elsewhere. */
export function within<Value extends string>(set: readonly Value[], value: string): Value | 'other' {
  const found = set.find((known) => known === value)
  return found ?? 'other'
}

/**
 * Makes metric families in a registry of its own. Recording never throws: amounts that are not a finite
 * number (or negative, for a counter) are left out.
 */
export class Instruments {
  readonly registry = new prom.Registry()
  readonly families: FamilyFacts[] = []
  /** `collect` is called at every scrape, to add what is cheaper to ask than to follow. */
  counter<Sets extends LabelSets>(family: Family<Sets>, collect?: () => void): LabelledCounter<Sets> {
    const facts = this.#declare('counter', family, 1)
    const counter = new prom.Counter({
      name: facts.name,
      help: facts.help,
      labelNames: Object.keys(family.labels),
      registers: [this.registry],
      ...(collect === undefined ? {} : { collect }),
    })
    if (family.zeroed === true) for (const labels of combinations(family.labels)) counter.inc(labels, 0)
    return {
      inc: (labels, by = 1) => {
        if (Number.isFinite(by) && by >= 0) counter.inc(closed(family.labels, labels), by)
      },
    }
  }

  /** `collect` is called at every scrape, to set what is cheaper to ask than to follow. */
  gauge<Sets extends LabelSets>(family: Family<Sets>, collect?: () => void): LabelledGauge<Sets> {
    const facts = this.#declare('gauge', family, 1)
    const gauge = new prom.Gauge({
      name: facts.name,
      help: facts.help,
      labelNames: Object.keys(family.labels),
      registers: [this.registry],
      ...(collect === undefined ? {} : { collect }),
    })
    if (family.zeroed === true) for (const labels of combinations(family.labels)) gauge.set(labels, 0)
    return {
      set: (labels, value) => {
        if (Number.isFinite(value)) gauge.set(closed(family.labels, labels), value)
      },
    }
  }

  histogram<Sets extends LabelSets>(family: Family<Sets>, buckets: readonly number[]): LabelledHistogram<Sets> {
    const facts = this.#declare('histogram', family, buckets.length + 3, buckets)
    const histogram = new prom.Histogram({
      name: facts.name,
      help: facts.help,
      labelNames: Object.keys(family.labels),
      buckets: [...buckets],
      registers: [this.registry],
    })
    if (family.zeroed === true) for (const labels of combinations(family.labels)) histogram.zero(labels)
    return {
      observe: (labels, value) => {
        if (Number.isFinite(value)) histogram.observe(closed(family.labels, labels), value)
      },
    }
  }

  #declare(type: FamilyFacts['type'], family: Family<LabelSets>, seriesEach: number, buckets?: readonly number[]): FamilyFacts {
    const combined = Object.values(family.labels).reduce((product, values) => product * new Set([...values, 'other']).size, 1)
    const facts: FamilyFacts = {
      name: family.name,
      type,
      help: family.help,
      labels: family.labels,
      maxSeries: combined * seriesEach,
      ...(buckets === undefined ? {} : { buckets }),
    }
    this.families.push(facts)
    return facts
  }
}

function closed(sets: LabelSets, labels: Readonly<Record<string, string>>): Record<string, string> {
  const clean: Record<string, string> = {}
  for (const [name, values] of Object.entries(sets)) clean[name] = within(values, labels[name] ?? 'other')
  return clean
}

function combinations(sets: LabelSets): Record<string, string>[] {
  let rows: Record<string, string>[] = [{}]
  for (const [name, values] of Object.entries(sets))
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })))
  return rows
}
