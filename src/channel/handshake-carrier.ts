import type { MessageStream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import type { Clock } from '../platform/clock.ts'
import { FrameSplitter, frame } from './frames.ts'
import { asRefusal, ChannelRefusal } from './refusal.ts'
import type { Flight, Traffic } from './session.ts'

type FrameName = Flight['name'] | 'record'

function named(name: FrameName): string {
  return name === 'verdict' || name === 'record' ? `the ${name}` : `message ${name}`
}

/** Reads and writes the handshake's frames on a raw connection, measures each flight, and gives the rest back. */
export class HandshakeCarrier {
  readonly stream: MessageStream
  /** Holds whatever the peer sent past the last frame read here. */
  readonly splitter = new FrameSplitter()
  readonly flights: Flight[] = []
  /** Bytes so far; the secure stream goes on counting here. */
  readonly traffic: Traffic = { sent: 0, received: 0 }
  /** What was sent last tells the peer why it is refused: it should have the time to read it. */
  saidWhy = false
  readonly #clock: Clock
  readonly #startedAt: number

  constructor(stream: MessageStream, clock: Clock) {
    this.stream = stream
    this.#clock = clock
    this.#startedAt = clock.monotonic()
  }

  get elapsedMs(): number {
    return this.#clock.monotonic() - this.#startedAt
  }

  send(name: Flight['name'], body: Uint8Array): void {
    this.sendFramed(name, frame(body))
  }

  sendFramed(name: Flight['name'], framed: Uint8Array): void {
    this.stream.send(framed)
    this.note(name, 'sent', framed.length)
  }

  /** The reason of a refusal, as the last that is sent; for a peer that has gone it is too late. */
  sendWhy(name: Flight['name'], framed: Uint8Array): void {
    if (this.stream.status !== 'open') return
    this.sendFramed(name, framed)
    this.saidWhy = true
  }

  note(name: Flight['name'], direction: Flight['direction'], bytes: number): void {
    this.flights.push({ name, direction, bytes, atMs: this.elapsedMs })
    // what is received after the handshake, the verdict first, the secure stream counts
    if (direction === 'sent' || name !== 'verdict') this.traffic[direction] += bytes
  }

  /** Nothing dear is worth doing for a peer that has gone or is too late. @throws ChannelRefusal `closed`, `timeout` */
  expectPeer(signal: AbortSignal): void {
    if (signal.aborted) throw new ChannelRefusal('timeout', 'the handshake took too long', { cause: signal.reason })
    if (this.stream.status !== 'open') throw new ChannelRefusal('closed', 'the connection was closed during the handshake')
  }

  /**
   * The next frame's body.
   * @throws ChannelRefusal `timeout` when `signal` fires, `closed` when the peer goes away, and for a frame above `mostBytes`,
   * as soon as its length is known, `malformed-message` (A) or `payload-too-large` (all others)
   */
  async receive(name: Flight['name'], mostBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const body = this.#nextFrame(name, mostBytes) ?? (await this.#awaitFrame(name, mostBytes, signal))
    this.note(name, 'received', body.length + 2)
    return body
  }

  /** The next record, still sealed, for who reads records here in place of a secure stream. @throws ChannelRefusal as `receive` */
  async receiveRecord(mostBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const sealed = this.#nextFrame('record', mostBytes) ?? (await this.#awaitFrame('record', mostBytes, signal))
    this.traffic.received += sealed.length + 2
    return sealed
  }

  #nextFrame(name: FrameName, mostBytes: number): Uint8Array | undefined {
    const announced = this.splitter.announced
    if (announced !== undefined && announced > mostBytes) {
      throw new ChannelRefusal(
        name === 'A' ? 'malformed-message' : 'payload-too-large',
        `${named(name)} has ${announced} bytes, at most ${mostBytes} are allowed`,
      )
    }
    return this.splitter.next()
  }

  #awaitFrame(name: FrameName, mostBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const stream = this.stream
      const stop = (): void => {
        stream.removeEventListener('message', onMessage)
        stream.removeEventListener('close', onClose)
        stream.removeEventListener('remoteCloseWrite', onEnd)
        signal.removeEventListener('abort', onAbort)
      }
      const fail = (refusal: ChannelRefusal): void => {
        stop()
        reject(refusal)
      }
      const onMessage = (event: StreamMessageEvent): void => {
        this.splitter.push(event.data)
        try {
          const body = this.#nextFrame(name, mostBytes)
          if (body === undefined) return
          stop()
          resolve(body)
        } catch (error) {
          fail(asRefusal(error, 'malformed-message'))
        }
      }
      const onEnd = (): void => fail(new ChannelRefusal('closed', `the peer closed the connection before ${named(name)}`))
      const onClose = (event: StreamCloseEvent): void =>
        event.error === undefined
          ? onEnd()
          : fail(new ChannelRefusal('closed', `the connection was cut before ${named(name)}`, { cause: event.error }))
      const onAbort = (): void =>
        fail(new ChannelRefusal('timeout', `${named(name)} did not arrive in time`, { cause: signal.reason }))
      if (signal.aborted) return onAbort()
      if (stream.status !== 'open') return onEnd()
      signal.addEventListener('abort', onAbort)
      stream.addEventListener('close', onClose)
      stream.addEventListener('remoteCloseWrite', onEnd)
      stream.addEventListener('message', onMessage)
    })
  }
}
