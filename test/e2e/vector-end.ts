import { once } from 'node:events'
import type { Connection, ConnectionEncrypter, MultiaddrConnection, StreamMuxerFactory, Upgrader } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { handle, select } from '@libp2p/multistream-select'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { HandshakeCarrier } from '../../src/channel/handshake-carrier.ts'
import { HandshakeState, XXHFS } from '../../src/channel/handshake-state.ts'
import { MAX_FRAME_BYTES } from '../../src/channel/limits.ts'
import { interopProfile } from '../../src/channel/profile.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { encapsulateWithCoins } from '../../src/crypto/portable-kem.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { hex, publishedText, toHex } from '../crypto/published-vectors.ts'

/**
 * A program: node vector-end.ts INDEX [PORT]. One end of a published handshake over TCP, with the published keys in place of
 * random ones and no payloads: the responder, which prints its port, or with PORT the initiator. Both print what they saw.
 */
interface Vector {
  readonly vector_index: number
  readonly static_i_private: string
  readonly static_r_private: string
  readonly ephemeral_dh_i_private: string
  readonly ephemeral_dh_r_private: string
  readonly encap_seed_hex: string
}

const profile = interopProfile('/noise-mlkem768-hfs/0.2.0')
const NOTHING = new Uint8Array(0)
const [index = 0, port] = process.argv.slice(2).map(Number)
const role = port === undefined ? 'responder' : 'initiator'
const { vectors }: { vectors: Vector[] } = JSON.parse(publishedText('noise-xxhfs/xxhfs-mlkem768.json'))
const vector = vectors[index]
if (vector === undefined) throw new Error(`there is no vector ${index}`)

const crypto = nativeBackend()
const keys = {
  staticKey: crypto.importAgreementKey(hex(role === 'initiator' ? vector.static_i_private : vector.static_r_private)),
  ephemeralKey: crypto.importAgreementKey(
    hex(role === 'initiator' ? vector.ephemeral_dh_i_private : vector.ephemeral_dh_r_private),
  ),
  // the published decapsulation key grew from this byte, 64 times
  kemKey: crypto.importDecapsulationKey(new Uint8Array(64).fill(5 + 16 * vector.vector_index)),
  encapsulate: (ek: Uint8Array) => encapsulateWithCoins(ek, hex(vector.encap_seed_hex)),
}

/** Runs the handshake on a raw connection and prints messages and hash. */
async function run(raw: MultiaddrConnection): Promise<void> {
  const signal = AbortSignal.timeout(10_000)
  if (role === 'initiator') await select(raw, profile.protocol, { signal })
  else await handle(raw, [profile.protocol], { signal })
  const carrier = new HandshakeCarrier(raw, systemClock)
  const state = new HandshakeState(crypto, XXHFS, role, profile.prologue, keys)
  const messages: string[] = []
  for (const [turn, name] of (['A', 'B', 'C'] as const).entries()) {
    if ((turn % 2 === 0) === (role === 'initiator')) {
      state.writeTokens()
      const message = state.writePayload(NOTHING)
      carrier.send(name, message)
      messages.push(toHex(message))
    } else {
      const message = await carrier.receive(name, MAX_FRAME_BYTES, signal)
      messages.push(toHex(message))
      state.readTokens(message)
      state.readPayload()
    }
  }
  process.stdout.write(`${JSON.stringify({ messages, hash: toHex(state.split().handshakeHash) })}\n`)
  // the initiator's last message has to get there before its socket goes
  if (role === 'initiator' && raw.status === 'open') await once(raw, 'close')
}

/** Takes the place of libp2p's upgrader: a connection is for one handshake. */
class OneHandshake implements Upgrader {
  async upgradeOutbound(raw: MultiaddrConnection): Promise<Connection> {
    await run(raw)
    process.exit(0)
  }

  async upgradeInbound(raw: MultiaddrConnection): Promise<void> {
    await run(raw)
    process.exit(0)
  }

  createInboundAbortSignal(): never {
    throw new Error('one handshake has its own time')
  }

  getConnectionEncrypters(): Map<string, ConnectionEncrypter> {
    return new Map()
  }

  getStreamMuxers(): Map<string, StreamMuxerFactory> {
    return new Map()
  }
}

const transport = tcp()({ logger: defaultLogger() })
const upgrader = new OneHandshake()
if (port === undefined) {
  const listener = transport.createListener({ upgrader })
  await listener.listen(multiaddr('/ip4/127.0.0.1/tcp/0'))
  process.stdout.write(`${/tcp\/(\d+)/.exec(listener.getAddrs().join())?.[1]}\n`)
} else {
  await transport.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}`), { signal: AbortSignal.timeout(10_000), upgrader })
}
