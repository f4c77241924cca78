import type { Stream } from '@libp2p/interface'

/** Writes `bytes` in pieces of `chunk`, waiting whenever the stream says that it is full. */
export async function sendVolume(stream: Stream, bytes: number, chunk: number): Promise<void> {
  const piece = new Uint8Array(chunk).fill(0x5a)
  for (let sent = 0; sent < bytes; sent += chunk) {
    if (!stream.send(sent + chunk <= bytes ? piece : piece.subarray(0, bytes - sent))) await drained(stream)
  }
}

/**
 * Resolves when the stream may be written to again. Not `stream.onDrain()`: @libp2p/utils 7.4.1 keeps its promise after the
 * first drain, so that from the second on it never waits, and a writer that trusts it queues its whole volume in memory.
 */
function drained(stream: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDrain = (): void => settle(resolve)
    const onClose = (event: { readonly error?: Error }): void =>
      settle(() => reject(event.error ?? new Error('closed before all was sent')))
    const settle = (act: () => void): void => {
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('close', onClose)
      act()
    }
    if (!stream.writableNeedsDrain) return resolve()
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('close', onClose)
  })
}

/** MB/s (10^6 bytes) over the arrival of `bytes`, from the first byte to the last. */
export function receiveVolume(stream: Stream, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0
    let first = 0
    let startedAt = 0
    stream.addEventListener('message', (event) => {
      if (received === 0) {
        startedAt = performance.now()
        first = event.data.byteLength
      }
      received += event.data.byteLength
      if (received < bytes) return
      if (received > bytes) reject(new Error(`${received} bytes came, ${bytes} were announced`))
      // the first piece arrived at the very start of the clock
      resolve((received - first) / 1e3 / (performance.now() - startedAt))
    })
    stream.addEventListener('close', (event) => reject(event.error ?? new Error(`closed after ${received} of ${bytes} bytes`)))
  })
}
