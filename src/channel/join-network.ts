import { equalBytes } from '../crypto/constant-time.ts'
import type { Admission } from './peer-judge.ts'

/** The network id of a joiner that does not know yet which network it comes to. */
export const NO_NETWORK: Uint8Array = new Uint8Array(32)

/** Whom the door listens to: who wants to this network, or does not know which one it is. What else it is, the door decides. */
export function doorAdmission(networkId: Uint8Array): Admission {
  return {
    isNetwork: (theirs) => equalBytes(theirs, networkId) || equalBytes(theirs, NO_NETWORK),
    admit: () => undefined,
  }
}

/** The door that a joiner is content with: of the network that it expects, if it expects one. Its x0 id is checked beside. */
export function callerAdmission(expected: Uint8Array | undefined, seen: (networkId: Uint8Array) => void): Admission {
  return {
    isNetwork(theirs) {
      seen(theirs)
      return expected === undefined || equalBytes(theirs, expected)
    },
    admit: () => undefined,
  }
}
