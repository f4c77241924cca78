import type { StreamCloseEvent } from '@libp2p/interface'
import type { HandshakeCarrier } from './handshake-carrier.ts'
import { MAX_RECORD_PLAINTEXT_BYTES, TAG_BYTES } from './limits.ts'
import type { RecordOpener, RecordSealer } from './records.ts'
import { ChannelRefusal } from './refusal.ts'

const LENGTH_BYTES = 4

/**
 * Whole messages over the records of a fresh channel, in place of a stream: `u32be length || bytes`, cut into full records
 * and a rest. There is one way to cut a message, so its length tells how many records come and how large each is: nobody
 * sends it a byte at a time.
 */
export class MessageLine {
  readonly #carrier: HandshakeCarrier
  readonly #sealer: RecordSealer
  readonly #opener: RecordOpener

  constructor(carrier: HandshakeCarrier, sealer: RecordSealer, opener: RecordOpener) {
    this.#carrier = carrier
    this.#sealer = sealer
    this.#opener = opener
  }

  send(message: Uint8Array): void {
    const plaintext = Buffer.allocUnsafe(LENGTH_BYTES + message.length)
    plaintext.writeUInt32BE(message.length, 0)
    plaintext.set(message, LENGTH_BYTES)
    const sealed = this.#sealer.seal(plaintext)
    this.#carrier.stream.send(sealed)
    this.#carrier.traffic.sent += sealed.length
  }

  /** @throws ChannelRefusal `payload-too-large`, `malformed-message`, `record-damaged`, `closed`, `timeout` */
  async receive(mostBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const first = await this.#record(Math.min(MAX_RECORD_PLAINTEXT_BYTES, LENGTH_BYTES + mostBytes), signal)
    if (first.length < LENGTH_BYTES) throw new ChannelRefusal('malformed-message', 'a message without its length')
    const length = new DataView(first.buffer, first.byteOffset).getUint32(0)
    if (length > mostBytes) {
      throw new ChannelRefusal('payload-too-large', `a message of ${length} bytes, at most ${mostBytes} are allowed`)
    }
    const records = [first.subarray(LENGTH_BYTES)]
    let missing = LENGTH_BYTES + length
    for (let record = first; ; record = await this.#record(Math.min(MAX_RECORD_PLAINTEXT_BYTES, missing), signal)) {
      if (record.length !== Math.min(MAX_RECORD_PLAINTEXT_BYTES, missing)) {
        throw new ChannelRefusal('malformed-message', 'a message must be cut into full records and a rest')
      }
      if (record !== first) records.push(record)
      missing -= record.length
      if (missing === 0) return Buffer.concat(records)
    }
  }

  /**
   * Resolves when the peer closes the connection in order. It has said all it may: one more byte, and the connection is cut.
   * @throws ChannelRefusal `malformed-message` for that, `closed` for a connection that breaks, `timeout` with `signal`
   */
  async closedByPeer(signal: AbortSignal): Promise<void> {
    const { stream, splitter } = this.#carrier
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onMessage = (): void => {
      const refusal = new ChannelRefusal('malformed-message', 'the peer went on after its last message')
      reject(refusal)
      stream.abort(refusal)
    }
    const onClose = (event: StreamCloseEvent): void => {
      if (event.error === undefined) resolve()
      else reject(new ChannelRefusal('closed', 'the connection was cut before the peer had closed it', { cause: event.error }))
    }
    const onAbort = (): void => reject(new ChannelRefusal('timeout', 'the peer did not close in time', { cause: signal.reason }))
    stream.addEventListener('message', onMessage)
    stream.addEventListener('close', onClose)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    else if (stream.status !== 'open') resolve()
    else if (!splitter.isEmpty) onMessage()
    try {
      await promise
    } finally {
      stream.removeEventListener('message', onMessage)
      stream.removeEventListener('close', onClose)
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #record(mostBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    return this.#opener.open(await this.#carrier.receiveRecord(mostBytes + TAG_BYTES, signal))
  }
}
