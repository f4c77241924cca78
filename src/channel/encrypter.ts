import {
  type ConnectionEncrypter,
  type MessageStream,
  type SecureConnectionOptions,
  type SecuredConnection,
  type StreamMuxerFactory,
  serviceCapabilities,
} from '@libp2p/interface'
import { Attempt, type ChannelDialOptions } from './attempt.ts'
import { timelineOf } from './carrier-address.ts'
import type { ChannelContext } from './context.ts'
import { type HandshakeInput, type Initiated, initiate, respond, signStaticKey } from './handshake.ts'
import { handshakeInput, type OwnSide } from './handshake-input.ts'
import { gated } from './inbound-gate.ts'
import { lingering } from './lingering.ts'
import type { LiveSession } from './live-session.ts'
import type { Role } from './pq-auth.ts'
import { type ChannelProfile, JOIN_PROTOCOL } from './profile.ts'
import { REKEY_LIMITS, RecordOpener, RecordSealer } from './records.ts'
import { asRefusal, ChannelRefusal } from './refusal.ts'
import { SecureStream } from './secure-stream.ts'
import { rememberSession } from './session.ts'
import { decodeVerdict, encodeVerdict } from './verdict.ts'

/** The components of libp2p that an encrypter asks for. */
export interface EncrypterComponents {
  readonly upgrader: {
    getStreamMuxers(): ReadonlyMap<string, StreamMuxerFactory>
    getConnectionEncrypters(): ReadonlyMap<string, ConnectionEncrypter>
  }
}

export interface EncrypterOptions {
  readonly profile: ChannelProfile
  /** The muxer for sessions of this profile; by default the one that libp2p was given. */
  readonly muxer?: StreamMuxerFactory | undefined
}

/** The secure channel as a connection encrypter of libp2p; one a protocol id. See docs/secure-channel.md. */
export class X0Encrypter implements ConnectionEncrypter {
  readonly protocol: string
  readonly [Symbol.toStringTag] = '@x0/secure-channel'
  readonly [serviceCapabilities] = ['@libp2p/connection-encryption']
  readonly #context: ChannelContext
  readonly #components: EncrypterComponents
  readonly #options: EncrypterOptions
  readonly #identitySignature: Promise<Uint8Array>

  constructor(context: ChannelContext, components: EncrypterComponents, options: EncrypterOptions) {
    this.#context = context
    this.#components = components
    this.#options = options
    this.protocol = options.profile.protocol
    this.#identitySignature = signStaticKey(context.identity, context.keys.staticKey.publicKey)
    // the first handshake awaits it and reports what went wrong
    this.#identitySignature.catch(() => undefined)
  }

  async secureOutbound(connection: MessageStream, options: ChannelDialOptions = {}): Promise<SecuredConnection> {
    const { profile } = this.#options
    const attempt = new Attempt(this.#context, { profile, role: 'initiator', connection, options })
    try {
      const input = await this.#input(attempt, options)
      const initiated = await initiate(input)
      const { session, stream } = this.#openInitiated(attempt, initiated)
      rememberSession(timelineOf(connection), session)
      attempt.returned()
      return secured(stream, attempt)
    } catch (error) {
      const refusal = attempt.fail(error)
      if (attempt.carrier.saidWhy) await lingering(connection, this.#context.clock, options.signal)
      throw refusal
    }
  }

  secureInbound(connection: MessageStream, options: SecureConnectionOptions = {}): Promise<SecuredConnection> {
    return gated(this.#context, connection, () => this.#respond(connection, options))
  }

  async #respond(connection: MessageStream, options: SecureConnectionOptions): Promise<SecuredConnection> {
    const { profile } = this.#options
    const attempt = new Attempt(this.#context, { profile, role: 'responder', connection, options })
    try {
      const responded = await respond(await this.#input(attempt, options))
      const session = attempt.session()
      session.keysAgreed(responded.split)
      const rekey = profile.rekey ? REKEY_LIMITS : undefined
      const sealer = new RecordSealer(responded.split.responderToInitiator, rekey)
      if (profile.verdict) attempt.carrier.sendFramed('verdict', sealer.seal(encodeVerdict()))
      const stream = this.#stream(attempt, session)
      rememberSession(timelineOf(connection), session)
      attempt.complete(session)
      // last: a damaged early record must end a session that has been reported
      stream.start(sealer, new RecordOpener(responded.split.initiatorToResponder, rekey))
      return secured(stream, attempt)
    } catch (error) {
      const refusal = attempt.fail(error)
      if (attempt.carrier.saidWhy) await lingering(connection, this.#context.clock, options.signal)
      throw refusal
    }
  }

  async #input(attempt: Attempt, options: SecureConnectionOptions): Promise<HandshakeInput> {
    const context = this.#context
    const { profile } = this.#options
    const securityProtocols = this.#offers()
    const side: OwnSide = {
      profile,
      networkId: context.networkId,
      credential: context.credential(),
      securityProtocols,
      streamMuxers: options.skipStreamMuxerNegotiation === true ? [] : [...this.#muxers().keys()],
      identitySignature: await this.#identitySignature,
    }
    return handshakeInput(context, attempt, side, (remote, payload) => {
      attempt.judge(securityProtocols, remote, payload)
      attempt.streamMuxer = this.#agreedMuxer(options, payload.streamMuxers, attempt.role)
    })
  }

  /** The encrypters of this node that make sessions. The join door makes none, and nobody should end there by preference. */
  #offers(): readonly string[] {
    const offers = [...this.#components.upgrader.getConnectionEncrypters().keys()].filter((id) => id !== JOIN_PROTOCOL)
    return offers.length === 0 ? [this.protocol] : offers
  }

  /** The initiator's stream: usable at once; what is sent waits for message C, and the verdict comes first back. */
  #openInitiated(attempt: Attempt, initiated: Initiated): { session: LiveSession; stream: SecureStream } {
    const { profile } = this.#options
    const session = attempt.session()
    const stream = this.#stream(attempt, session, profile.verdict ? (first) => onVerdict(first) : undefined)
    const end = (error: unknown): void => {
      if (session.isAccepted || attempt.over) return
      const refusal = attempt.fail(error, 'no-verdict')
      session.refuse(refusal)
      stream.abort(refusal)
    }
    const accept = (): void => {
      attempt.accepted(session)
    }
    const onVerdict = (first: Uint8Array): void => {
      attempt.carrier.note('verdict', 'received', first.length + 18)
      const refusal = decodeVerdict(first)
      if (refusal !== undefined) throw refusal
      accept()
    }
    attempt.signal.addEventListener('abort', () => end(new ChannelRefusal('timeout', 'the verdict did not arrive in time')))
    stream.addEventListener('close', (event) =>
      end(asRefusal(event.error ?? new Error('the peer closed the connection without a verdict'), 'no-verdict')),
    )
    initiated.finished
      .then((split) => {
        session.keysAgreed(split)
        attempt.complete(session)
        const rekey = profile.rekey ? REKEY_LIMITS : undefined
        if (!profile.verdict) accept()
        stream.start(new RecordSealer(split.initiatorToResponder, rekey), new RecordOpener(split.responderToInitiator, rekey))
      })
      .catch(end)
    return { session, stream }
  }

  #stream(attempt: Attempt, session: LiveSession, onFirstRecord?: (plaintext: Uint8Array) => void): SecureStream {
    const { report } = this.#context
    return new SecureStream({
      carrier: attempt.carrier.stream,
      log: attempt.carrier.stream.log,
      splitter: attempt.carrier.splitter,
      traffic: attempt.carrier.traffic,
      totals: this.#context.traffic,
      scratch: this.#context.scratch,
      attention: this.#context.attention,
      onFirstRecord,
      onRekey: () => {
        session.rekeys += 1
        report({ type: 'rekeyed', facts: session })
      },
      onDamage: (refusal) => {
        if (session.isAccepted) report({ type: 'damaged', facts: session, message: refusal.message })
      },
    })
  }

  #muxers(): ReadonlyMap<string, StreamMuxerFactory> {
    const { muxer } = this.#options
    return muxer === undefined ? this.#components.upgrader.getStreamMuxers() : new Map([[muxer.protocol, muxer]])
  }

  /**
   * Early muxer negotiation: the first of the initiator's list that both have, as libp2p's specification says. Undefined
   * where one side leaves the choice to multistream-select. @throws ChannelRefusal `no-common-muxer`
   */
  #agreedMuxer(options: SecureConnectionOptions, theirs: readonly string[], role: Role): StreamMuxerFactory | undefined {
    if (options.skipStreamMuxerNegotiation === true || theirs.length === 0) return undefined
    const muxers = this.#muxers()
    const ordered = role === 'initiator' ? [...muxers.keys()].filter((id) => theirs.includes(id)) : theirs
    for (const protocol of ordered) {
      const streamMuxer = muxers.get(protocol)
      if (streamMuxer !== undefined) return streamMuxer
    }
    throw new ChannelRefusal('no-common-muxer', 'the two sides share no stream muxer')
  }
}

function secured(stream: SecureStream, { peer, streamMuxer }: Attempt): SecuredConnection {
  const { peerId: remotePeer } = peer
  return streamMuxer === undefined ? { connection: stream, remotePeer } : { connection: stream, remotePeer, streamMuxer }
}
