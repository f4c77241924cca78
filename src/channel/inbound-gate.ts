import type { MessageStream } from '@libp2p/interface'
import { addressKey } from '../platform/address-key.ts'
import { addressOf, hostOf } from './carrier-address.ts'
import type { ChannelContext } from './context.ts'
import { ChannelRefusal } from './refusal.ts'

/**
 * Runs an inbound handshake under the flood gate, whatever its protocol: the gate counts by address, and would count
 * nothing if a weaker protocol went around it. A handshake that ends well makes its address a good one.
 * @throws ChannelRefusal `shed` before `handshake` is called, and whatever that throws
 */
export async function gated<T>(
  { gate, clock, report }: Pick<ChannelContext, 'gate' | 'clock' | 'report'>,
  connection: MessageStream,
  handshake: () => Promise<T>,
): Promise<T> {
  const key = addressKey(hostOf(connection))
  const shed = gate.begin(key, clock.monotonic())
  if (shed !== undefined) {
    report({ type: 'shed', reason: shed, remoteAddress: addressOf(connection) })
    throw new ChannelRefusal('shed', `too many handshakes: ${shed}`)
  }
  let good = false
  try {
    const made = await handshake()
    good = true
    return made
  } finally {
    gate.end(key, good, clock.monotonic())
  }
}
