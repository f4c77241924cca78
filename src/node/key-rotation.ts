import { NodeFault } from '../admin/node-view.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import type { KeyStore } from '../identity/key-store.ts'
import { generateNodeSeeds, type NodeIdentity, nodeIdentityFromSeeds } from '../identity/node-identity.ts'
import { decodeSuccessor, encodeSuccessor, signSuccessor } from '../identity/rotation.ts'
import type { Clock } from '../platform/clock.ts'
import { systemRandom } from '../platform/random.ts'
import type { Store } from '../store/store.ts'
import { checkAdmission, succeedRequest } from '../trust/applicant.ts'
import { decodeJoinAnswer } from '../trust/join-answer.ts'
import type { CallDoor } from './joining.ts'
import type { Place } from './place.ts'
import { keepSuccession, keptSuccession } from './succession-shelf.ts'

export interface KeyChange {
  readonly crypto: CryptoBackend
  /** The keys that retire. */
  readonly identity: NodeIdentity
  readonly store: Store
  readonly keys: KeyStore
  readonly passphrase: string | undefined
  readonly place: Place
}

/**
 * Gives the node new keys. The statement that names them the successor is on the disk before they are: whenever this is
 * cut short, either the old keys are in force, or the new ones and the statement by which they can ask for what the old
 * ones had.
 * @throws NodeFault `member-protected` for a founder; IdentityError, StoreError
 */
export async function changeKeys(change: KeyChange): Promise<NodeIdentity> {
  const { crypto, identity, store, keys, passphrase, place } = change
  if (place.membership.isMember(identity.x0Id)) {
    const why = 'the keys of a founder stand in the genesis of the network and cannot be replaced by a signature'
    throw new NodeFault('member-protected', `${why}; leave the network first, or rotate a node that joined`)
  }
  const before = await keptSuccession(store)
  const sequence = before === undefined ? 1 : decodeSuccessor(crypto, before).sequence + 1
  const seeds = generateNodeSeeds(systemRandom)
  const successor = await nodeIdentityFromSeeds(crypto, seeds)
  await keepSuccession(store, encodeSuccessor(await signSuccessor(identity, successor, sequence)))
  return await keys.rotate(passphrase, seeds, passphrase === undefined ? undefined : { passphrase })
}

export interface CarryOver {
  readonly crypto: CryptoBackend
  /** The new keys. */
  readonly identity: NodeIdentity
  readonly store: Store
  readonly clock: Pick<Clock, 'now'>
  readonly place: Place
  readonly call: CallDoor
}

/** Asks each door to give the new keys what the old ones had. @returns why none did, undefined where one has */
export async function carryOver(
  { crypto, identity, store, clock, place, call }: CarryOver,
  signal: AbortSignal,
): Promise<string | undefined> {
  const statement = await keptSuccession(store)
  const credential = place.credential()
  if (statement === undefined || credential === undefined) return 'there is no statement or no credential to show'
  const networkId = place.network.id
  const request = succeedRequest(identity, networkId, decodeSuccessor(crypto, statement), credential)
  const failures: string[] = []
  for (const door of place.doors) {
    try {
      const answer = decodeJoinAnswer((await call(door, networkId, request, signal)).answer)
      if (answer.kind === 'admitted') {
        const admission = checkAdmission(crypto, answer, { networkId, x0Id: identity.x0Id }, clock.now())
        if (admission.credential !== undefined) await place.keepCredential(admission.credential)
        return undefined
      }
      failures.push(`${door.address}: ${answer.kind === 'refused' ? `${answer.code}: ${answer.message}` : 'it has to wait'}`)
    } catch (error) {
      if (error instanceof Error && error.name === 'StoreError') throw error
      failures.push(`${door.address}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return failures.join('; ') || 'no door of the network is known'
}
