import type { CreateNetworkRequest, JoinReport, JoinRequest, LeaveRequest, Network } from '../admin/network-documents.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { joinerContext } from '../host/channel-setup.ts'
import type { KeyStore } from '../identity/key-store.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import { systemClock } from '../platform/clock.ts'
import { systemRandom } from '../platform/random.ts'
import type { Home } from '../store/home.ts'
import { decodeCredential } from '../trust/credential.ts'
import { forgetNetwork } from '../trust/forget-network.ts'
import { TrustError } from '../trust/trust-error.ts'
import { askToJoin, doorCaller } from './joining.ts'
import { carryOver, changeKeys } from './key-rotation.ts'
import { joinReport, networkDocument, ownStanding } from './network-answers.ts'
import { NetworkHome } from './network-home.ts'
import { forgetNeighbourhood } from './seat.ts'
import { withTrustFaults } from './trust-fault.ts'

/** What commands can do with the home of a node that does not run. All of it throws NodeFault and StoreError. */
export interface OfflineNode {
  create(request: CreateNetworkRequest): Promise<Network>
  /** One try. */
  join(request: JoinRequest, signal: AbortSignal): Promise<JoinReport>
  leave(request: LeaveRequest): Promise<Network>
  rotate(signal: AbortSignal): Promise<Rotation>
}

/** What a change of keys led to. */
export interface Rotation {
  readonly peerId: string
  /** Text form, of the keys before and of the new ones. */
  readonly oldX0Id: string
  readonly x0Id: string
  /** The network gave the new keys what the old ones had. */
  readonly carriedOver: boolean
  /** Why it has not yet; the node asks again when it runs. */
  readonly detail: string
}

export interface OfflineNodeOptions {
  readonly crypto: CryptoBackend
  readonly identity: NodeIdentity
  /** Held by this process. */
  readonly home: Home
  readonly keys: KeyStore
  /** Opens and seals the keys; undefined where they are not sealed. */
  readonly passphrase: string | undefined
}

export function openOfflineNode({ crypto, identity, home, keys, passphrase }: OfflineNodeOptions): OfflineNode {
  const clock = systemClock
  const open = (): Promise<NetworkHome> =>
    NetworkHome.open({ crypto, identity, clock, random: systemRandom, store: home.store, onDamaged: () => undefined })
  const document = (network: NetworkHome): Network => {
    const place = network.place()
    const members = place.membership.members()
    const alone = place.genesis === undefined || (members.length === 1 && place.membership.isMember(identity.x0Id))
    const since = clock.now()
    return networkDocument(place, identity.x0Id, { level: alone, since, syncedWith: undefined }, since)
  }
  return {
    create: (request) =>
      withTrustFaults(async () => {
        const network = await open()
        await network.found(request)
        return document(network)
      }),

    join: (request, signal) =>
      withTrustFaults(async () => {
        const network = await open()
        if (network.isInvitedHome(request.line)) {
          const place = network.place()
          return joinReport('already', place, ownStanding(place, identity.x0Id, clock.now()), null)
        }
        network.expectNone()
        const call = doorCaller(joinerContext({ crypto, identity, clock }))
        const outcome = await askToJoin({ crypto, identity, clock, call }, request, signal)
        if (outcome.state === 'pending') return joinReport('pending', undefined, undefined, outcome.via, outcome.retryAfterMs)
        const { admission, doors, via } = outcome
        return joinReport('joined', await network.enter(admission, doors), admission.standing, via)
      }),

    rotate: (signal) =>
      withTrustFaults(async () => {
        const place = (await open()).place()
        const held = place.credential()
        const subject = held === undefined ? identity.x0Id : decodeCredential(held).subject
        // the keys of an earlier change are not taken in yet: that comes first, or nobody could follow the way from name to name
        const isPending = !equalBytes(subject, identity.x0Id)
        const successor = isPending
          ? identity
          : await changeKeys({ crypto, identity, store: home.store, keys, passphrase, place })
        const ids = { peerId: successor.peerId, oldX0Id: formatX0Id(subject), x0Id: formatX0Id(successor.x0Id) }
        if (held === undefined) return { ...ids, carriedOver: true, detail: 'there was nothing to carry over' }
        const call = doorCaller(joinerContext({ crypto, identity: successor, clock }))
        const detail = await carryOver({ crypto, identity: successor, store: home.store, clock, place, call }, signal)
        return { ...ids, carriedOver: detail === undefined, detail: detail ?? 'name and groups are those of the old keys' }
      }),

    leave: ({ force = false }) =>
      withTrustFaults(async () => {
        const network = await openOrForget(open, home)
        if (network === undefined) return document(await open())
        const { network: left } = network.place()
        network.expectMayLeave(force)
        await network.forget()
        await forgetNeighbourhood({ home }, left)
        return document(network)
      }),
  }
}

/** A home whose genesis is damaged can still leave: nothing of it is of use. */
async function openOrForget(open: () => Promise<NetworkHome>, home: Home): Promise<NetworkHome | undefined> {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof TrustError) || error.code !== 'damaged') throw error
    await forgetNetwork(home.store)
    return undefined
  }
}
