import type { MessageStream, SecureConnectionOptions, StreamMuxerFactory } from '@libp2p/interface'
import { addressOf } from './carrier-address.ts'
import type { ChannelContext } from './context.ts'
import { Deadline } from './deadline.ts'
import { HandshakeCarrier } from './handshake-carrier.ts'
import { LiveSession } from './live-session.ts'
import type { HandshakePayload } from './payload.ts'
import {
  type Admission,
  type Expectation,
  type JudgedPeer,
  type JudgeRules,
  judgePeer,
  judgePin,
  sessionAdmission,
} from './peer-judge.ts'
import type { ProvenIdentity, Role } from './pq-auth.ts'
import type { ChannelProfile } from './profile.ts'
import { asRefusal, ChannelRefusal, type RefusalCode } from './refusal.ts'

export interface ChannelDialOptions extends SecureConnectionOptions {
  /** Text form: the x0 id that this dial must meet, whatever the pins say. */
  readonly expectedX0Id?: string | undefined
  /** A measurement, not a dial of the node: its refusal goes to who asked and explains no other dial. */
  readonly isProbe?: boolean | undefined
}

export interface AttemptInit {
  readonly profile: ChannelProfile
  readonly role: Role
  readonly connection: MessageStream
  readonly options: ChannelDialOptions
  /** Default: that of sessions. */
  readonly admission?: Admission
}

/** One handshake under way: its deadline, what it expects, and the reports it owes. */
export class Attempt {
  readonly role: Role
  readonly carrier: HandshakeCarrier
  /** The muxer that both sides have, once the peer has been judged. */
  streamMuxer: StreamMuxerFactory | undefined
  readonly #context: ChannelContext
  readonly #profile: ChannelProfile
  readonly #admission: Admission
  readonly #expected: Expectation
  readonly #address: string
  /** What its refusal is looked for by; undefined where nobody looks. */
  readonly #dialKey: string | undefined
  readonly #deadline: Deadline
  #peer: JudgedPeer | undefined
  #x0Id: Uint8Array | undefined
  #over = false

  constructor(context: ChannelContext, init: AttemptInit) {
    const { profile, role, connection, options } = init
    this.#context = context
    this.#profile = profile
    this.#admission = init.admission ?? sessionAdmission(context, profile)
    this.role = role
    this.carrier = new HandshakeCarrier(connection, context.clock)
    this.#expected = { peerId: options.remotePeer, x0Id: options.expectedX0Id }
    this.#address = addressOf(connection)
    if (role === 'initiator' && options.isProbe !== true) this.#dialKey = options.remotePeer?.toString() ?? this.#address
    this.#deadline = new Deadline(context.clock, context.timeoutMs, options.signal)
  }

  get signal(): AbortSignal {
    return this.#deadline.signal
  }

  get over(): boolean {
    return this.#over
  }

  /** @throws Error before the peer has been judged: a bug of ours */
  get peer(): JudgedPeer {
    if (this.#peer === undefined) throw new Error('the peer of this handshake is not known yet')
    return this.#peer
  }

  judge(offers: readonly string[], remote: ProvenIdentity, payload: HandshakePayload): void {
    this.#peer = judgePeer(this.#context, this.#rules(offers), remote, payload)
    this.#x0Id = remote.x0Id
  }

  #rules(offers: readonly string[]): JudgeRules {
    return { protocol: this.#profile.protocol, role: this.role, offers, expected: this.#expected, admission: this.#admission }
  }

  session(): LiveSession {
    return new LiveSession({
      crypto: this.#context.crypto,
      profile: this.#profile,
      role: this.role,
      remotePeerId: this.peer.peerId.toString(),
      remoteX0Id: this.#x0Id,
      flights: this.carrier.flights,
      traffic: this.carrier.traffic,
      since: this.#context.clock.now(),
    })
  }

  /** The last message of ours is out. */
  complete(session: LiveSession): void {
    const sum = (direction: 'sent' | 'received'): number =>
      this.carrier.flights.reduce((bytes, flight) => (flight.direction === direction ? bytes + flight.bytes : bytes), 0)
    this.#context.report({
      type: 'completed',
      facts: session,
      durationMs: this.carrier.elapsedMs,
      bytesSent: sum('sent'),
      bytesReceived: sum('received'),
    })
    if (this.role === 'responder') this.accepted(session)
  }

  /** The dial's own signal has no say any more: its call has returned. The deadline goes on until the verdict. */
  returned(): void {
    this.#deadline.release()
  }

  /** @throws ChannelRefusal where the pins have changed since the peer was judged */
  accepted(session: LiveSession): void {
    const { pins, report } = this.#context
    const { peerId, x0Id } = this.peer
    // two first contacts under way at once may have met two different keys under one peer id
    judgePin(this.#context, peerId, x0Id)
    this.#end()
    if (this.#dialKey !== undefined) this.#context.refusals.forget(this.#dialKey)
    const name = peerId.toString()
    if (this.role === 'initiator' && x0Id !== undefined) {
      if (this.#expected.peerId === undefined) pins.intend(name)
      if (pins.learn(name, x0Id)) report({ type: 'pin-learned', peerId: name, x0Id })
    }
    session.accept()
    report({ type: 'accepted', facts: session })
  }

  /** The handshake went well, and it is for somebody else to say what became of it. */
  handOver(): void {
    this.#end()
  }

  /** Ends the attempt, reports it once, and gives the refusal to throw. */
  fail(error: unknown, fallback: RefusalCode = 'closed'): ChannelRefusal {
    const refusal =
      this.signal.aborted && !(error instanceof ChannelRefusal)
        ? new ChannelRefusal('timeout', 'the handshake took too long', { cause: error })
        : asRefusal(error, fallback)
    if (this.#over) return refusal
    this.#end()
    const { report, refusals, clock } = this.#context
    const remotePeerId = this.#peer?.peerId.toString() ?? this.#expected.peerId?.toString()
    if (this.#dialKey !== undefined) refusals.remember(this.#dialKey, refusal, clock.monotonic())
    report({
      type: 'refused',
      role: this.role,
      protocol: this.#profile.protocol,
      code: refusal.code,
      by: refusal.by,
      message: refusal.message,
      remoteAddress: this.#address,
      remotePeerId,
      durationMs: this.carrier.elapsedMs,
    })
    return refusal
  }

  #end(): void {
    this.#over = true
    this.#deadline[Symbol.dispose]()
  }
}
