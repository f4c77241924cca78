/** Bytes of a policy document: 1,024 rules of 700 bytes with as many tests of 200 stay below it. */
export const MAX_POLICY_BYTES = 1024 * 1024
/** Rules of a document: a fleet of 200 nodes with five services each, written out; the evaluator is measured at this size. */
export const MAX_RULES = 1_024
/** Tests of a document: one a rule. */
export const MAX_TESTS = 1_024
/** Selectors in `from` or in `to`, and actions: more of them are a group. */
export const MAX_SELECTORS = 64
export const MAX_ACTIONS = 64
/** Characters of a selector: a SPIFFE id has 2,048 at most by its standard, ours have 330 (network 255, node 63). */
export const MAX_SELECTOR_LENGTH = 512
/** Priorities go from 0 to this: three digits leave room between any two rules. */
export const MAX_PRIORITY = 1_000
/** Of a rate: more than a million an hour is no limit. */
export const MAX_RATE_LIMIT = 1_000_000
/** Problems of a document told at once: more do not help whoever reads them. */
export const MAX_PROBLEMS = 20
/** Uses of YAML aliases, see config/limits.ts. */
export const MAX_ALIASES = 50
/**
 * Buckets of all rates together, about 120 bytes each: 8 MB. Each rule with a rate has an equal share, so that no rule's
 * callers use up the places of another's.
 */
export const MAX_BUCKETS = 65_536
/** Buckets looked at, oldest use first, for one that is full again and can be forgotten. */
export const MAX_BUCKETS_SWEPT = 16
/** How often the file is looked at. A stat survives the symlink swaps of Kubernetes and the renames of editors. */
export const POLICY_POLL_MS = 5_000
