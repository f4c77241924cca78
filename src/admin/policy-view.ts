import type { Explanation } from '../trust/policy/explain.ts'
import type { Wish } from '../trust/policy/gate.ts'
import type { PolicyInForce } from '../trust/policy/live-policy.ts'

/** What the admin port may ask of the policy. */
export interface PolicyView {
  /** The path of the document, whether there is one or not. */
  readonly file: string
  current(): PolicyInForce
  /** What the policy would say at `at`, ms since the Unix epoch; takes nothing from any rate. */
  explain(wish: Wish, at: number): Explanation
}
