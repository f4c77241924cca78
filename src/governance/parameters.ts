/**
 * What of a network can be set by a decision. A parameter has a number, a type and bounds for ever: other bounds are
 * another parameter with another number, so that a node of an older version sees that it does not know it.
 */
export type Parameter =
  | {
      readonly number: number
      readonly type: 'integer'
      readonly unit: 'ms' | 'days'
      readonly least: number
      readonly most: number
      readonly initial: number
    }
  /** The number that stands for a value is its place in `values`. */
  | { readonly number: number; readonly type: 'choice'; readonly values: readonly string[]; readonly initial: number }

export type ParameterName = 'admission' | 'credential-days' | 'delta-ms' | 'epsilon-ms'

export const PARAMETERS: Readonly<Record<ParameterName, Parameter>> = {
  /** Who may belong. A genesis says it first; the initial value stands where it does not. */
  admission: { number: 1, type: 'choice', values: ['open', 'sponsor', 'vote'], initial: 1 },
  /** How long a credential is valid that says nothing else. */
  'credential-days': { number: 2, type: 'integer', unit: 'days', least: 1, most: 90, initial: 30 },
  /** How long a message takes between any two attesters that the network is well for. */
  'delta-ms': { number: 3, type: 'integer', unit: 'ms', least: 50, most: 60_000, initial: 2_000 },
  /** How far apart two attesters' clocks are. */
  'epsilon-ms': { number: 4, type: 'integer', unit: 'ms', least: 50, most: 60_000, initial: 1_000 },
}

const BY_NUMBER: ReadonlyMap<number, ParameterName> = new Map(
  parameterNames().map((name) => [PARAMETERS[name].number, name] as const),
)

export function parameterNames(): readonly ParameterName[] {
  return ['admission', 'credential-days', 'delta-ms', 'epsilon-ms']
}

/** Undefined for a number that this version does not know. */
export function parameterOf(number: number): ParameterName | undefined {
  return BY_NUMBER.get(number)
}

/** Whether `value` (for a choice, the place of it) is one that the parameter can have. */
export function isWithinBounds(name: ParameterName, value: number): boolean {
  const parameter = PARAMETERS[name]
  const [least, most] = parameter.type === 'integer' ? [parameter.least, parameter.most] : [0, parameter.values.length - 1]
  return Number.isInteger(value) && value >= least && value <= most
}

/** The number for a value in words, as an operator writes it; undefined for one that the parameter cannot have. */
export function parameterValue(name: ParameterName, text: string): number | undefined {
  const parameter = PARAMETERS[name]
  const value = parameter.type === 'choice' ? parameter.values.indexOf(text) : /^\d{1,9}$/.test(text) ? Number(text) : -1
  return isWithinBounds(name, value) ? value : undefined
}

/** A value for people. */
export function formatParameter(name: ParameterName, value: number): string {
  const parameter = PARAMETERS[name]
  return parameter.type === 'choice' ? (parameter.values[value] ?? String(value)) : `${value} ${parameter.unit}`
}
