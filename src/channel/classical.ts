import type { ConnectionEncrypter, MessageStream, SecuredConnection } from '@libp2p/interface'
import type { ChannelDialOptions } from './attempt.ts'
import { addressOf, timelineOf } from './carrier-address.ts'
import type { ChannelContext } from './context.ts'
import type { Role } from './pq-auth.ts'
import { asRefusal, ChannelRefusal } from './refusal.ts'
import { rememberSession, type SessionFacts } from './session.ts'

/**
 * Classical Noise XX, for reaching other libp2p software on purpose (`security.interop`): libp2p's own encrypter, with the
 * same allow-list, facts and reports as ours. Its sessions are marked as not post-quantum wherever they show.
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
    return this.#secure('responder', connection, options)
  }

  async #secure(role: Role, connection: MessageStream, options: ChannelDialOptions): Promise<SecuredConnection> {
    const started = performance.now()
    let peerId = options.remotePeer?.toString()
    try {
      const secure = role === 'initiator' ? 'secureOutbound' : 'secureInbound'
      const secured = await this.#noise[secure](connection, options)
      peerId = secured.remotePeer.toString()
      this.#judge(peerId, options.expectedX0Id)
      const facts = classicalFacts(this.protocol, role, peerId, this.#context.clock.now())
      rememberSession(timelineOf(connection), facts)
      this.#context.report({ type: 'completed', facts, durationMs: performance.now() - started, bytesSent: 0, bytesReceived: 0 })
      this.#context.report({ type: 'accepted', facts })
      return secured
    } catch (error) {
      const refusal = asRefusal(error, 'closed')
      if (role === 'initiator') this.#context.refusals.remember(peerId ?? addressOf(connection), refusal)
      this.#context.report({
        type: 'refused',
        role,
        protocol: this.protocol,
        code: refusal.code,
        by: refusal.by,
        message: refusal.message,
        remoteAddress: addressOf(connection),
        remotePeerId: peerId,
        durationMs: performance.now() - started,
      })
      throw refusal
    }
  }

  #judge(peerId: string, expectedX0Id: string | undefined): void {
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
