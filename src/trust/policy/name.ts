import { IdentityError } from '../../identity/identity-error.ts'
import { parseX0Id } from '../../identity/x0-id.ts'

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** Labels of that form with dots between: a network's name, which is SPIFFE's trust domain. */
const NETWORK = /^(?=.{1,255}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/

/** Completes "... is no name: ". */
export const NAME_RULE = 'small letters, digits and inner hyphens, 63 at most'

/** Whether it is the name of a node, group, service or rule. */
export function isName(text: string): boolean {
  return NAME.test(text)
}

/** Whether it is the name of a network. */
export function isNetworkName(text: string): boolean {
  return NETWORK.test(text)
}

/** Whether it is the text form of an x0 id. */
export function isX0Id(text: string): boolean {
  try {
    parseX0Id(text)
    return true
  } catch (error) {
    if (error instanceof IdentityError) return false
    throw error
  }
}
