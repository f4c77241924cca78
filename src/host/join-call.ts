import { peerIdFromString } from '@libp2p/peer-id'
import type { ChannelContext } from '../channel/context.ts'
import { type DoorReply, visitDoor } from '../channel/join-caller.ts'
import { JOIN_PROTOCOL } from '../channel/profile.ts'
import { HostError } from './host-error.ts'
import { dialRaw } from './raw-dial.ts'

export interface JoinCall {
  /** Of the running node, or joinerContext() in a process without a host. */
  readonly context: ChannelContext
  /** Multiaddr of one address of the door; a /p2p/ part must be met too. */
  readonly address: string
  /** Text form: whom the door must belong to. Undefined trusts whoever answers at the address. */
  readonly x0Id: string | undefined
  /** 32 bytes; undefined where it is not known: the door's is taken, and told in the reply. */
  readonly networkId: Uint8Array | undefined
  /** At most 32 KiB. */
  readonly request: Uint8Array
  /** Bounds connecting and choosing the protocol too; the visit itself has its own time. */
  readonly signal: AbortSignal
}

/**
 * Asks at the join door of a node: one request, one answer of at most 256 KiB, over a socket of its own.
 *
 * @throws HostError `dial-failed` where nobody answers, `protocol-unsupported` where that node has no door
 * @throws ChannelRefusal for a door that is not the one expected (`x0-id-mismatch`, `wrong-network`, `peer-id-mismatch`), for what it
 * says against us (`by: 'peer'`), and for a visit that breaks off (`closed`, `timeout` and whatever is wrong with its bytes)
 */
export async function callJoinDoor(call: JoinCall): Promise<DoorReply> {
  const { context, x0Id, networkId, request, signal } = call
  const { address, peerId } = split(call.address)
  return await dialRaw({ address, protocol: JOIN_PROTOCOL, signal }, (connection) =>
    visitDoor(context, connection, { peerId, x0Id, networkId, request, signal }),
  )
}

function split(text: string): { address: string; peerId: ReturnType<typeof peerIdFromString> | undefined } {
  const [address = '', id] = text.split('/p2p/')
  try {
    return { address, peerId: id === undefined ? undefined : peerIdFromString(id) }
  } catch (cause) {
    throw new HostError('dial-failed', `${text} names no peer: what stands after /p2p/ is not a peer id`, { cause })
  }
}
