import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import type { FloodLimits } from '../../src/channel/flood-gate.ts'
import { PinBook } from '../../src/channel/pins.ts'
import { cryptoBackend } from '../../src/crypto/select.ts'
import { setUpChannel } from '../../src/host/channel-setup.ts'
import { generateNodeIdentity } from '../../src/identity/node-identity.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { OPEN_WIDE } from './open-wide.ts'

/** The flood gate is not what is measured here: out of the way, as libp2p's own thresholds are. */
const NO_GATE: FloodLimits = { perAddressPerSecond: 1e9, perAddressBurst: 1e9, concurrent: 1e6 }
/** Nothing is to time out here, ms. */
const HANDSHAKE_TIMEOUT_MS = 10_000
const NETWORK_ID = new Uint8Array(32).fill(1)

/** libp2p as a node composes it, with the channel built by the same code, and none of the node's services. */
export async function startX0(listen: readonly string[]): Promise<Libp2p> {
  const crypto = await cryptoBackend('native')
  const identity = await generateNodeIdentity(crypto, systemRandom)
  const channel = await setUpChannel({
    crypto,
    identity,
    networkId: NETWORK_ID,
    clock: systemClock,
    pins: new PinBook(),
    credential: () => undefined,
    bar: () => undefined,
    admit: () => undefined,
    flood: NO_GATE,
    timeoutMs: HANDSHAKE_TIMEOUT_MS,
    interop: [],
    report: () => undefined,
  })
  return createLibp2p({
    privateKey: identity.libp2pKey,
    addresses: { listen: [...listen] },
    transports: [tcp()],
    connectionEncrypters: [...channel.factories],
    streamMuxers: [yamux()],
    ...OPEN_WIDE,
  })
}
