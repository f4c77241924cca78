import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { ConnectionEncrypter, MultiaddrConnection, StreamMuxerFactory, Upgrader } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { select } from '@libp2p/multistream-select'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { type SessionFacts, sessionOf } from '../../src/channel/session.ts'

/** What multistream-select sends first on both ends. */
const MULTISTREAM = '/multistream/1.0.0'

/** One line of multistream-select as it travels; protocol ids here are shorter than 127 bytes. */
export function multistreamLine(text: string): Buffer {
  return Buffer.concat([Uint8Array.of(text.length + 1), Buffer.from(`${text}\n`)])
}

/** All that an initiator says in clear to choose `protocol`. */
export function choosing(protocol: string): Buffer {
  return Buffer.concat([multistreamLine(MULTISTREAM), multistreamLine(protocol)])
}

/** A plain socket to a node; what the far end does to it is no error here. */
export async function openSocket(port: number, from: string, to = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: to, localAddress: from })
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return socket
}

/** Reads until the far end hangs up. @returns milliseconds from now, and all that arrived */
export function hungUp(socket: Socket): Promise<{ afterMs: number; heard: Buffer }> {
  const started = performance.now()
  const heard: Buffer[] = []
  socket.on('data', (data: Buffer) => heard.push(data))
  return new Promise((resolve) => {
    socket.once('close', () => resolve({ afterMs: performance.now() - started, heard: Buffer.concat(heard) }))
  })
}

/**
 * One handshake with nothing of libp2p but its TCP transport and multistream, from a chosen local address. It waits for
 * the verdict and hangs up. @throws what the encrypter, the verdict or the socket says
 */
export async function meetRaw(
  encrypter: ConnectionEncrypter,
  address: string,
  localAddress = '127.0.0.1',
): Promise<SessionFacts> {
  const upgrader = new OneEncrypter(encrypter)
  // the transport hands what it does not know to net.connect()
  const options = { signal: AbortSignal.timeout(10_000), upgrader, localAddress }
  try {
    await tcp()({ logger: defaultLogger() }).dial(multiaddr(address), options)
  } catch (error) {
    if (upgrader.facts !== undefined) return upgrader.facts
    throw error
  }
  throw new Error('a raw dial became a connection')
}

/** Always throws, which makes the transport hang up. */
class OneEncrypter implements Upgrader {
  facts: SessionFacts | undefined
  readonly #encrypter: ConnectionEncrypter

  constructor(encrypter: ConnectionEncrypter) {
    this.#encrypter = encrypter
  }

  async upgradeOutbound(raw: MultiaddrConnection): Promise<never> {
    const signal = AbortSignal.timeout(10_000)
    await select(raw, this.#encrypter.protocol, { signal })
    await this.#encrypter.secureOutbound(raw, { signal, skipStreamMuxerNegotiation: true })
    const facts = sessionOf(raw)
    await facts?.accepted
    this.facts = facts
    throw new Error('the raw dial is over')
  }

  upgradeInbound(): Promise<void> {
    throw new Error('a raw dial accepts no connections')
  }

  createInboundAbortSignal(): never {
    throw new Error('a raw dial accepts no connections')
  }

  getConnectionEncrypters(): Map<string, ConnectionEncrypter> {
    return new Map([[this.#encrypter.protocol, this.#encrypter]])
  }

  getStreamMuxers(): Map<string, StreamMuxerFactory> {
    return new Map()
  }
}
