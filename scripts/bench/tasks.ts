/** What the driver asks of a client process, and what both kinds of process answer, over the IPC channel of Node.js. */

export type Stack = 'x0' | 'plain'

export type Task =
  /** `count` dials one after another, each closed before the next. */
  | { readonly kind: 'dial'; readonly count: number }
  /** `parallel` diallers with an identity each, together `count` connections. */
  | { readonly kind: 'connections'; readonly count: number; readonly parallel: number }
  /** `bytes` on one stream in writes of `chunk` bytes; `up` is from dialler to listener. */
  | { readonly kind: 'throughput'; readonly direction: 'up' | 'down'; readonly bytes: number; readonly chunk: number }
  /** `count` requests and responses of 32 bytes on one stream. */
  | { readonly kind: 'ping-pong'; readonly count: number }
  /** The same with a stream each. */
  | { readonly kind: 'stream-each'; readonly count: number }

/** Figure name -> value in the unit of its row (rows.ts). */
export type Figures = Readonly<Record<string, number>>

export type Command =
  | { readonly kind: 'task'; readonly task: Task; readonly address: string }
  /** CPU time that the process has used so far; a listener also says how many connections it has accepted. */
  | { readonly kind: 'usage' }
  | { readonly kind: 'stop' }

export type Answer =
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'figures'; readonly figures: Figures }
  | { readonly kind: 'usage'; readonly cpuMs: number; readonly accepted: number }
  | { readonly kind: 'failed'; readonly message: string }

/** Protocols of the benchmark's listener. */
export const ECHO = '/x0-bench/echo/1.0.0'
export const SINK = '/x0-bench/sink/1.0.0'
export const SOURCE = '/x0-bench/source/1.0.0'

/** A small request: what a DHT query or a vote acknowledgement is made of. */
export const PING_BYTES = 32
