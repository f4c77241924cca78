/** Facts of one secured connection, kept beside libp2p's Connection because the upgrader drops what an encrypter returns. */

/** `classical` sessions (plain Noise) exist only where `security.interop` names them. */
export type Suite = 'noise-xxhfs-mlkem768-mldsa65' | 'noise-xxhfs-mlkem768' | 'noise-xx-classical'

/** One handshake message as measured at this end. */
export interface Flight {
  readonly name: 'A' | 'B' | 'C' | 'verdict'
  readonly direction: 'sent' | 'received'
  /** Bytes on the wire, length prefix included. */
  readonly bytes: number
  /** Milliseconds from the start of the handshake until this flight had been sent or wholly received. */
  readonly atMs: number
}

/** Bytes on the wire. */
export interface Traffic {
  sent: number
  received: number
}

export interface SessionFacts {
  readonly protocol: string
  readonly suite: Suite
  readonly role: 'initiator' | 'responder'
  /** True where the key exchange held an ML-KEM-768 secret. */
  readonly pqKeyExchange: boolean
  /** True where the peer's ML-DSA-65 signature over the transcript was verified. */
  readonly pqAuthenticated: boolean
  readonly remotePeerId: string
  /** The peer's x0 id, 32 bytes; undefined on sessions without the extension. */
  readonly remoteX0Id: Uint8Array | undefined
  /** The final h of Noise: the channel binding, 32 bytes. */
  readonly handshakeHash: Uint8Array
  readonly flights: readonly Flight[]
  /** Wall clock in ms when the handshake ended. */
  readonly since: number
  /** Resolves once the responder's verdict is in (at once for a responder); rejects with a ChannelRefusal. */
  readonly accepted: Promise<void>
  /** True once `accepted` has resolved. */
  readonly isAccepted: boolean
  /** Rekeys so far, both directions. */
  readonly rekeys: number
  /** Bytes on the wire since the start of the handshake, frames and tags included. */
  readonly traffic: Readonly<Traffic>
  /** A secret of `length` bytes (1 to 8,160) for `label`, equal at both ends (docs/secure-channel.md, Exporter). */
  exportSecret(label: string, length: number): Uint8Array
}

const sessions = new WeakMap<object, SessionFacts>()

/** Remembers the facts of a connection. libp2p's Connection and its raw connection share the `timeline` object. */
export function rememberSession(connection: { readonly timeline: object }, facts: SessionFacts): void {
  sessions.set(connection.timeline, facts)
}

/** The facts of a connection of libp2p, or undefined for one that our encrypters did not secure. */
export function sessionOf(connection: { readonly timeline: object }): SessionFacts | undefined {
  return sessions.get(connection.timeline)
}
