import type { MessageStream } from '@libp2p/interface'
import type { Clock } from '../platform/clock.ts'

/** How long an end that refused waits for the peer to take the reason and go, before the socket is cut. */
const LINGER_MS = 1_000

/**
 * Gives a refused peer the time to read why: cutting the socket at once could destroy that on the way. Ends when the peer
 * goes, when `signal` fires, and after a second at the latest.
 */
export async function lingering(connection: MessageStream, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  if (connection.status !== 'open' || signal?.aborted) return
  await new Promise<void>((resolve) => {
    const end = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(LINGER_MS, end)
    signal?.addEventListener('abort', end)
    // reading on keeps the kernel from answering unread bytes with a reset
    connection.addEventListener('message', () => undefined)
    connection.addEventListener('close', end)
  })
}
