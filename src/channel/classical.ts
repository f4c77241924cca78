import type { ConnectionEncrypter, MessageStream, SecuredConnection } from '@libp2p/interface'
import type { ChannelDialOptions } from './attempt.ts'
import { addressOf, timelineOf } from './carrier-address.ts'
import type { ChannelContext } from './context.ts'
import { Deadline } from './deadline.ts'
import { gated } from './inbound-gate.ts'
import type { Role } from './pq-auth.ts'
import { asRefusal, ChannelRefusal } from './refusal.ts'
import { rememberSession, type SessionFacts } from './session.ts'

/**
 * Classical Noise XX, for reaching other libp2p software on purpose (`security.interop`): libp2p's own encrypter, with the
 * same allow-list, flood gate, deadline, facts and reports as ours. Its sessions are marked as not post-quantum wherever they show.
 */
export class ClassicalEncrypter implements ConnectionEncrypter {
  readonly protocol: string
  readonly #noise: ConnectionEncrypter
  readonly #context: ChannelContext

  constructor(context: ChannelContext, noise: ConnectionEncrypter) {
    this.#context = context
    this.#noise = noise
    this.protocol = noise.protocol
  }

  secureOutbound(connection: MessageStream, options: ChannelDialOptions = {}): Promise<SecuredConnection> {
    return this.#secure('initiator', connection, options)
  }

  secureInbound(connection: MessageStream, options: ChannelDialOptions = {}): Promise<SecuredConnection> {
    return gated(this.#context, connection, () => this.#secure('responder', connection, options))
  }

  async #secure(role: Role, connection: MessageStream, options: ChannelDialOptions): Promise<SecuredConnection> {
    const { clock, timeoutMs, refusals } = this.#context
    const started = clock.monotonic()
    const dialKey =
      role === 'initiator' && options.isProbe !== true ? (options.remotePeer?.toString() ?? addressOf(connection)) : undefined
    using deadline = new Deadline(clock, timeoutMs, options.signal)
    let peerId = options.remotePeer?.toString()
    try {
      const secure = role === 'initiator' ? 'secureOutbound' : 'secureInbound'
      const secured = await this.#noise[secure](connection, { ...options, signal: deadline.signal })
      peerId = secured.remotePeer.toString()
      this.#judge(peerId, options.expectedX0Id)
      const facts = classicalFacts(this.protocol, role, peerId, clock.now())
      if (dialKey !== undefined) refusals.forget(dialKey)
      rememberSession(timelineOf(connection), facts)
      this.#context.report({ type: 'completed', facts, durationMs: clock.monotonic() - started, bytesSent: 0, bytesReceived: 0 })
      this.#context.report({ type: 'accepted', facts })
      return secured
    } catch (error) {
      const refusal = asRefusal(error, deadline.signal.aborted ? 'timeout' : 'closed')
      if (dialKey !== undefined) refusals.remember(dialKey, refusal, clock.monotonic())
      this.#context.report({
        type: 'refused',
        role,
        protocol: this.protocol,
        code: refusal.code,
        by: refusal.by,
        message: refusal.message,
        remoteAddress: addressOf(connection),
        remotePeerId: peerId,
        durationMs: clock.monotonic() - started,
      })
      throw refusal
    }
  }

  #judge(peerId: string, expectedX0Id: string | undefined): void {
    if (peerId === this.#context.identity.peerId) throw new ChannelRefusal('self-connection', 'this is the node itself')
    const code =
      (expectedX0Id === undefined ? undefined : 'missing-authentication') ??
      this.#context.pins.judge(peerId, undefined) ??
      this.#context.admit(this.protocol, { peerId, x0Id: undefined, credential: undefined })
    if (code === undefined) return
    throw new ChannelRefusal(code, code === 'not-allowed' ? 'security.interop does not name this peer' : `refused: ${code}`)
  }
}

function classicalFacts(protocol: string, role: Role, remotePeerId: string, since: number): SessionFacts {
  return {
    protocol,
    suite: 'noise-xx-classical',
    role,
    pqKeyExchange: false,
    pqAuthenticated: false,
    remotePeerId,
    remoteX0Id: undefined,
    handshakeHash: new Uint8Array(0),
    flights: [],
    since,
    accepted: Promise.resolve(),
    isAccepted: true,
    rekeys: 0,
    // libp2p's own encrypter does not count
    traffic: { sent: 0, received: 0 },
    exportSecret: () => {
      throw new ChannelRefusal('missing-authentication', 'classical sessions export no secrets')
    },
  }
}
