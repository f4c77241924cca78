import { multiaddr } from '@multiformats/multiaddr'
import { equalBytes } from '../crypto/constant-time.ts'
import { X0_ID_BYTES } from '../identity/limits.ts'
import { addressFromBytes } from '../platform/address-bytes.ts'
import type { ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import { MAX_DOOR_ADDRESS_BYTES, MAX_DOORS } from './limits.ts'
import { TrustError } from './trust-error.ts'

/** A way into a network: where a node of it listens, and who must answer there. */
export interface Door {
  /** A multiaddr without a /p2p/ part. */
  readonly address: string
  /** 32 bytes. */
  readonly x0Id: Uint8Array
}

/** Whose door it is: that of the node the list is about, or another's, whose id follows. */
const OWN = 0
const OTHER = 1

/**
 * Writes doors in their order: count (1) | per door: length (1), multiaddr, 0 for a door of `owner` or 1 and the x0 id (32).
 * @throws TrustError `bad-invite` for addresses that no invite can hold
 */
export function writeDoors(writer: ByteWriter, doors: readonly Door[], owner: Uint8Array): void {
  if (doors.length > MAX_DOORS) throw new TrustError('bad-invite', `${doors.length} addresses, ${MAX_DOORS} are allowed`)
  writer.u8(doors.length)
  for (const { address, x0Id } of doors) {
    const bytes = addressBytes(address)
    writer.u8(bytes.length).bytes(bytes)
    if (equalBytes(x0Id, owner)) writer.u8(OWN)
    else writer.u8(OTHER).bytes(x0Id)
  }
}

/** What `writeDoors` wrote; each list has exactly one form. @throws TrustError `bad-invite` */
export function readDoors(reader: ByteReader, owner: Uint8Array): readonly Door[] {
  const doors = reader.list(MAX_DOORS, () => readDoor(reader, owner))
  const seen = new Set(doors.map(({ address, x0Id }) => `${address} ${Buffer.from(x0Id).toString('hex')}`))
  if (seen.size !== doors.length) throw new TrustError('bad-invite', 'an address stands in it twice')
  return doors
}

function readDoor(reader: ByteReader, owner: Uint8Array): Door {
  const bytes = reader.bytes(reader.u8())
  const address = bytes.length > MAX_DOOR_ADDRESS_BYTES ? undefined : addressFromBytes(bytes)
  if (address === undefined) throw new TrustError('bad-invite', 'an address in it is no multiaddr, or one in another form')
  const whose = reader.u8()
  if (whose === OWN) return { address, x0Id: owner }
  const x0Id = reader.bytes(X0_ID_BYTES)
  if (whose !== OTHER || equalBytes(x0Id, owner)) throw new TrustError('bad-invite', 'a door in another form')
  return { address, x0Id }
}

function addressBytes(address: string): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = multiaddr(address).bytes
  } catch (cause) {
    throw new TrustError('bad-invite', `${address} is no multiaddr; one looks like /ip4/192.0.2.1/tcp/4001`, { cause })
  }
  if (bytes.length > MAX_DOOR_ADDRESS_BYTES || addressFromBytes(bytes) === undefined) {
    throw new TrustError('bad-invite', `${address} is too long, or names a peer behind /p2p/`)
  }
  return bytes
}
