import { sessionOf } from '../channel/session.ts'
import { askByStream } from '../host/join-stream.ts'
import type { Overlay } from '../host/overlay-parts.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Random } from '../platform/random.ts'
import { doorCaller } from './joining.ts'
import type { Place } from './place.ts'

/** Somebody who may renew a credential, or bring the request to who does. */
export interface RenewalWay {
  /** An x0 id or an address, for people. */
  readonly who: string
  ask(signal: AbortSignal): Promise<Uint8Array | undefined>
}

/** Peers that one try asks, and doors: the ones must not keep it from the others. */
const MOST_PEERS = 4
const MOST_DOORS = 4

/** Whom to ask, best first: members, other peers, doors; those of one kind in any order, so that a bad one is not always the first. */
export function renewalWays(
  place: Place,
  overlay: Pick<Overlay, 'host' | 'channel'>,
  request: Uint8Array,
  random: Pick<Random, 'fraction'>,
): RenewalWay[] {
  const peers = overlay.host.getConnections().flatMap((connection) => {
    const x0Id = sessionOf(connection)?.remoteX0Id
    if (x0Id === undefined) return []
    return [{ connection, x0Id, rank: (place.membership.isMember(x0Id) ? 0 : 1) + random.fraction() }]
  })
  const byPeer = peers
    .sort((one, other) => one.rank - other.rank)
    .slice(0, MOST_PEERS)
    .map(({ connection, x0Id }) => ({
      who: formatX0Id(x0Id),
      ask: (signal: AbortSignal) => askByStream(connection, request, signal),
    }))
  const call = doorCaller(overlay.channel.context)
  const byDoor = place.doors.slice(0, MOST_DOORS).map((door) => ({
    who: door.address,
    ask: async (signal: AbortSignal) => (await call(door, place.network.id, request, signal)).answer,
  }))
  return [...byPeer, ...byDoor]
}
