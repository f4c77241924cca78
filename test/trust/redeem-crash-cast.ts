import { type NodeIdentity, nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { type Genesis, makeGenesis } from '../../src/trust/genesis.ts'
import { NATIVE } from '../crypto/backends.ts'
import { founderOf } from './people.ts'

/** The member whose door is killed: the same in both processes. */
export function crashMember(): Promise<NodeIdentity> {
  return identityFrom(100)
}

export function crashNode(index: number): Promise<NodeIdentity> {
  return identityFrom(index)
}

export async function crashGenesis(): Promise<Genesis> {
  const founders = [founderOf(await crashMember(), 'anna')]
  return makeGenesis(NATIVE, { name: 'crash', createdAt: 0, nonce: new Uint8Array(32), admission: 'sponsor', founders })
}

function identityFrom(number: number): Promise<NodeIdentity> {
  const [ed25519, mldsa65] = [new Uint8Array(32).fill(number), new Uint8Array(32).fill(number + 1)]
  return nodeIdentityFromSeeds(NATIVE, { ed25519, mldsa65 })
}
