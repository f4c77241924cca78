import { TENDERMINT } from '../../src/governance/log/consensus-form.ts'
import { SOUND } from './random-scenario.ts'
import type { NodeParts } from './sim-node.ts'
import { firstOnly } from './votes.ts'

/** Nodes with one wrong part, each of a kind that has broken real systems. */
export const MUTANTS: ReadonlyMap<string, NodeParts> = new Map([
  ['half-quorum', { ...SOUND, rules: { ...TENDERMINT, isQuorum: (weight: number, total: number) => weight * 2 >= total } }],
  ['no-lock', { ...SOUND, rules: { ...TENDERMINT, mayPrevote: () => true } }],
  ['no-cut-check', { ...SOUND, ways: { ...SOUND.ways, judgesCut: false } }],
  ['no-relay', { ...SOUND, rules: { ...TENDERMINT, mayCarry: (author: number, self: number | undefined) => author === self } }],
  ['lock-not-persisted', { ...SOUND, storesLock: false }],
  ['first-k-cap', { ...SOUND, ways: { ...SOUND.ways, sets: firstOnly(3) } }],
])
