import { setTimeout } from 'node:timers/promises'
import type { AbortOptions, Logger, MessageStream, StreamCloseEvent } from '@libp2p/interface'
import { AbstractMessageStream, type SendResult } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import type { Attention } from './attention.ts'
import type { FrameSplitter } from './frames.ts'
import { MAX_EARLY_BYTES, MAX_JOINED_BYTES } from './limits.ts'
import type { RecordOpener, RecordSealer } from './records.ts'
import { asRefusal, type ChannelRefusal } from './refusal.ts'
import type { Traffic } from './session.ts'

export interface SecureStreamInit {
  readonly carrier: MessageStream
  readonly log: Logger
  /** Holds what the handshake read past its own last frame. */
  readonly splitter: FrameSplitter
  /** MAX_FRAME_BYTES of working space that all sessions of a node share: nothing is kept in it from one call to the next. */
  readonly scratch: Uint8Array
  readonly attention: Attention
  /** Counts of this session and of all sessions together. */
  readonly traffic: Traffic
  readonly totals: Traffic
  /** Sees the first record in place of the application (the verdict); undefined where the protocol has none. */
  readonly onFirstRecord?: ((plaintext: Uint8Array) => void) | undefined
  /** Told after each Rekey() of either direction. */
  readonly onRekey: () => void
  /** Told once when a record fails: the session is over. */
  readonly onDamage: (refusal: ChannelRefusal) => void
}

/** Milliseconds, one by one, that close() leaves for answers that are on their way. */
const CLOSE_TURNS = 3

/**
 * The encrypted stream that libp2p's muxer reads and writes.
 *
 * Sends of one turn of the event loop travel together: the first goes out at once, so that a lone request waits for
 * nothing; what follows before the turn ends is joined and leaves as one buffer, hence one write(2) and as few records as
 * fit. (Plain js-libp2p Noise writes two to four buffers a frame.)
 */
export class SecureStream extends AbstractMessageStream {
  readonly #carrier: MessageStream
  readonly #splitter: FrameSplitter
  readonly #onDamage: (refusal: ChannelRefusal) => void
  readonly #onRekey: () => void
  readonly #traffic: Traffic
  readonly #totals: Traffic
  readonly #scratch: Uint8Array
  readonly #attention: Attention
  #onFirstRecord: ((plaintext: Uint8Array) => void) | undefined
  #sealer: RecordSealer | undefined
  #opener: RecordOpener | undefined
  #sentThisTurn = false
  #delivering = false
  #flushQueued = false

  constructor(init: SecureStreamInit) {
    super({
      log: init.log,
      direction: init.carrier.direction,
      inactivityTimeout: init.carrier.inactivityTimeout,
      maxReadBufferLength: init.carrier.maxReadBufferLength,
    })
    this.#carrier = init.carrier
    this.#splitter = init.splitter
    this.#onFirstRecord = init.onFirstRecord
    this.#onDamage = init.onDamage
    this.#onRekey = init.onRekey
    this.#traffic = init.traffic
    this.#totals = init.totals
    this.#scratch = init.scratch
    this.#attention = init.attention
    // until start() there is no key: sends wait in the write buffer
    this.writableNeedsDrain = true

    this.#carrier.addEventListener('drain', () => {
      if (this.#sealer !== undefined) this.safeDispatchEvent('drain')
    })
    this.#carrier.addEventListener('remoteCloseWrite', () => this.onRemoteCloseWrite())
    this.#carrier.addEventListener('close', (event) => this.#onCarrierClose(event))
  }

  /** The keys are there: what was queued goes out, what was read is opened. */
  start(sealer: RecordSealer, opener: RecordOpener): void {
    if (this.status !== 'open') return
    this.#sealer = sealer
    this.#opener = opener
    sealer.onRekey = this.#onRekey
    opener.onRekey = this.#onRekey
    // not before: until somebody listens the carrier holds back what arrives, within its own limit
    this.#carrier.addEventListener('message', (event) => {
      this.#splitter.push(event.data)
      this.#openFrames()
    })
    this.safeDispatchEvent('drain')
    this.#openFrames()
  }

  override send(data: Uint8Array | Uint8ArrayList): boolean {
    if (this.writeStatus !== 'writable') return super.send(data)
    if (this.#sealer === undefined) {
      this.writeBuffer.append(data)
      return this.writeBuffer.byteLength < MAX_EARLY_BYTES
    }
    if (!this.#sentThisTurn && !this.#delivering) {
      this.#sentThisTurn = true
      queueMicrotask(() => {
        this.#sentThisTurn = false
      })
      return super.send(data)
    }
    this.writeBuffer.append(data)
    // a sender that never yields must meet the carrier's limit all the same
    if (this.writeBuffer.byteLength >= MAX_JOINED_BYTES) return this.processSendQueue()
    if (!this.#delivering) this.#queueFlush()
    return !this.writableNeedsDrain
  }

  sendData(data: Uint8ArrayList): SendResult {
    if (this.#sealer === undefined) return { sentBytes: 0, canSendMore: false }
    // libp2p closes the raw connection itself: what the muxer still says to that has no way out, and is nobody's fault
    if (this.#carrier.status !== 'open') return { sentBytes: data.byteLength, canSendMore: true }
    const sentBytes = data.byteLength
    const sealed = this.#sealer.sealList(data, this.#scratch)
    this.#traffic.sent += sealed.length
    this.#totals.sent += sealed.length
    return { sentBytes, canSendMore: this.#carrier.send(sealed) }
  }

  /**
   * Sends what is queued, waits for the verdict where one is due (the responder would find the peer gone and drop all of
   * it), and closes the carrier.
   */
  async close(options?: AbortOptions): Promise<void> {
    if (this.status !== 'open' || this.writeStatus !== 'writable') return
    this.writeStatus = 'closing'
    if (this.#sealer !== undefined) this.processSendQueue()
    if (!this.#allSaid) await this.#whenAllSaid(options?.signal)
    // the carrier drops what arrives once its close has begun, and what was joined has left only now
    for (let turn = 0; turn < CLOSE_TURNS && this.status === 'open'; turn += 1) await setTimeout(1)
    await this.#carrier.close(options)
  }

  sendReset(error: Error): void {
    this.#carrier.abort(error)
  }

  sendPause(): void {
    this.#carrier.pause()
  }

  sendResume(): void {
    this.#carrier.resume()
  }

  #queueFlush(): void {
    if (this.#flushQueued) return
    this.#flushQueued = true
    queueMicrotask(() => {
      this.#flushQueued = false
      if (this.writeStatus === 'writable' || this.writeStatus === 'closing') this.processSendQueue()
    })
  }

  /** Opens every whole frame of what has arrived and delivers the plaintexts as one event. */
  #openFrames(): void {
    const opener = this.#opener
    if (opener === undefined) return
    const plaintexts = new Uint8ArrayList()
    try {
      for (let sealed = this.#splitter.next(this.#scratch); sealed !== undefined; sealed = this.#splitter.next(this.#scratch)) {
        const plaintext = opener.open(sealed)
        this.#traffic.received += sealed.length + 2
        this.#totals.received += sealed.length + 2
        const first = this.#onFirstRecord
        if (first === undefined) plaintexts.append(plaintext)
        else {
          first(plaintext)
          this.#onFirstRecord = undefined
          // whoever closes waits for this
          if (this.#allSaid) this.safeDispatchEvent('idle')
        }
      }
    } catch (error) {
      const refusal = asRefusal(error, 'record-damaged')
      this.#onDamage(refusal)
      this.abort(refusal)
      return
    }
    this.#deliver(plaintexts)
  }

  /** Hands over what arrived; what that provokes (an answer, the muxer's window updates) leaves together when all is handed over. */
  #deliver(plaintexts: Uint8ArrayList): void {
    this.#attention.note()
    this.#delivering = true
    try {
      this.onData(plaintexts)
    } finally {
      this.#delivering = false
      if (this.writeBuffer.byteLength > 0 && (this.writeStatus === 'writable' || this.writeStatus === 'closing'))
        this.processSendQueue()
    }
  }

  #onCarrierClose(event: StreamCloseEvent): void {
    if (event.error === undefined) this.onTransportClosed()
    else if (event.local === true) this.abort(event.error)
    else this.onRemoteReset()
  }

  get #allSaid(): boolean {
    return this.writeBuffer.byteLength === 0 && this.#onFirstRecord === undefined
  }

  #whenAllSaid(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error?: unknown): void => {
        this.removeEventListener('idle', onIdle)
        this.removeEventListener('close', onClose)
        signal?.removeEventListener('abort', onAbort)
        if (error === undefined) resolve()
        else reject(error)
      }
      const onIdle = (): void => {
        // abort() empties the queue too
        if (this.status === 'open' && this.#allSaid) finish()
      }
      const onClose = (event: StreamCloseEvent): void => finish(event.error ?? new Error('closed before all was sent'))
      const onAbort = (): void => finish(signal?.reason)
      if (signal?.aborted) return onAbort()
      this.addEventListener('idle', onIdle)
      this.addEventListener('close', onClose)
      signal?.addEventListener('abort', onAbort)
    })
  }
}
