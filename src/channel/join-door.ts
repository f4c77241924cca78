import {
  type ConnectionEncrypter,
  type MessageStream,
  type SecureConnectionOptions,
  serviceCapabilities,
} from '@libp2p/interface'
import { addressKey } from '../platform/address-key.ts'
import { Attempt, type ChannelDialOptions } from './attempt.ts'
import { addressOf, hostOf, timelineOf } from './carrier-address.ts'
import { DOOR_RESULTS, type DoorResult } from './channel-event.ts'
import type { ChannelContext } from './context.ts'
import { Deadline } from './deadline.ts'
import { type ProvenPeer, respond, signStaticKey } from './handshake.ts'
import { handshakeInput, type OwnSide } from './handshake-input.ts'
import { gated } from './inbound-gate.ts'
import { doorAdmission } from './join-network.ts'
import {
  JOIN_VISIT_MS,
  MAX_JOIN_ANSWER_BYTES,
  MAX_JOIN_REQUEST_BYTES,
  MAX_JOIN_VISITS,
  MAX_JOIN_VISITS_PER_ADDRESS,
} from './limits.ts'
import { lingering } from './lingering.ts'
import { MessageLine } from './message-line.ts'
import { JOIN_PROFILE, JOIN_PROTOCOL } from './profile.ts'
import { RecordOpener, RecordSealer } from './records.ts'
import { asRefusal, ChannelRefusal, type RefusalCode } from './refusal.ts'
import { explainedRefusal } from './refusal-text.ts'
import { rememberSession } from './session.ts'
import { encodeVerdict } from './verdict.ts'

/** Who stands at the door: all signatures hold, and nothing is known of it but its keys. */
export interface DoorApplicant {
  readonly peerId: string
  /** 32 bytes. */
  readonly x0Id: Uint8Array
  /** 32 bytes. */
  readonly ed25519: Uint8Array
  /** 1,952 bytes. */
  readonly mldsa65: Uint8Array
  /** Multiaddr. */
  readonly remoteAddress: string
}

/** What stands behind the door. */
export interface Door {
  /** The reason to turn an applicant away before it has asked, or undefined. */
  admit(applicant: DoorApplicant): RefusalCode | undefined
  /**
   * Answers one request of at most MAX_JOIN_REQUEST_BYTES with at most MAX_JOIN_ANSWER_BYTES. It must settle: what still runs
   * when the visit's time is up is not waited for. A "no" is an answer too; what it throws is our failure, and the visitor finds
   * the connection closed.
   */
  answer(request: Uint8Array, applicant: DoorApplicant): Promise<Uint8Array>
}

/** How a visit ends that went well: for libp2p, which must never make a connection of it. */
export class JoinFinished extends Error {
  override readonly name = 'JoinFinished'
  readonly code = 'join-finished'

  constructor() {
    super('the visit at the join door is over; it was not for a connection')
  }
}

interface Visitor {
  readonly applicant: DoorApplicant
  readonly line: MessageLine
}

/**
 * The join door: a connection encrypter over which a node without a credential asks for one. One handshake, one request,
 * one answer; then it waits until the visitor has closed and ends in an error, so that libp2p opens no connection with
 * somebody who does not belong here. See docs/secure-channel.md, "The join door".
 */
export class JoinDoor implements ConnectionEncrypter {
  readonly protocol = JOIN_PROTOCOL
  readonly [Symbol.toStringTag] = '@x0/join-door'
  readonly [serviceCapabilities] = ['@libp2p/connection-encryption']
  readonly #context: ChannelContext
  readonly #door: Door
  readonly #identitySignature: Promise<Uint8Array>
  /** Visits under way by address. */
  readonly #visits = new Map<string, number>()

  constructor(context: ChannelContext, door: Door) {
    this.#context = context
    this.#door = door
    this.#identitySignature = signStaticKey(context.identity, context.keys.staticKey.publicKey)
    // the first visit awaits it and reports what went wrong
    this.#identitySignature.catch(() => undefined)
  }

  /** Sessions are not made here: a dial that ends at a door was led here. @throws ChannelRefusal `protocol-mismatch`, always */
  async secureOutbound(connection: MessageStream, options: ChannelDialOptions = {}): Promise<never> {
    const attempt = new Attempt(this.#context, { profile: JOIN_PROFILE, role: 'initiator', connection, options })
    throw attempt.fail(
      new ChannelRefusal(
        'protocol-mismatch',
        'only the join door was offered, by the peer or by somebody between: it makes no session',
      ),
    )
  }

  /** @throws JoinFinished after an answer; ChannelRefusal otherwise */
  secureInbound(connection: MessageStream, options: SecureConnectionOptions = {}): Promise<never> {
    return gated(this.#context, connection, () => this.#inPlace(connection, () => this.#visit(connection, options)))
  }

  /** Few visits at once, and fewer of one address: whoever holds places here must not keep joiners out alone. */
  async #inPlace(connection: MessageStream, visit: () => Promise<never>): Promise<never> {
    const key = addressKey(hostOf(connection))
    const ofAddress = this.#visits.get(key) ?? 0
    const all = [...this.#visits.values()].reduce((sum, count) => sum + count, 0)
    if (ofAddress >= MAX_JOIN_VISITS_PER_ADDRESS || all >= MAX_JOIN_VISITS) {
      const reason = all >= MAX_JOIN_VISITS ? 'concurrency' : 'address-concurrency'
      this.#context.report({ type: 'shed', reason, remoteAddress: addressOf(connection) })
      throw new ChannelRefusal('shed', `too many visits at the join door: ${reason}`)
    }
    this.#visits.set(key, ofAddress + 1)
    try {
      return await visit()
    } finally {
      const left = (this.#visits.get(key) ?? 1) - 1
      if (left === 0) this.#visits.delete(key)
      else this.#visits.set(key, left)
    }
  }

  async #visit(connection: MessageStream, options: SecureConnectionOptions): Promise<never> {
    const { clock, report } = this.#context
    const started = clock.monotonic()
    using deadline = new Deadline(clock, JOIN_VISIT_MS, options.signal)
    const { signal } = deadline
    const { applicant, line } = await this.#handshake(connection, { ...options, signal })
    const over = (result: DoorResult, message: string): void =>
      report({
        type: 'door',
        result,
        message,
        remoteAddress: applicant.remoteAddress,
        remotePeerId: applicant.peerId,
        durationMs: clock.monotonic() - started,
      })
    try {
      await this.#serve(connection, line, applicant, signal)
    } catch (error) {
      over(resultOf(error), error instanceof Error ? error.message : String(error))
      throw asRefusal(error, 'closed')
    }
    over('answered', '')
    throw new JoinFinished()
  }

  /** Proves both ends to each other, judges the applicant and tells it the verdict. @throws ChannelRefusal, after the report */
  async #handshake(connection: MessageStream, options: SecureConnectionOptions): Promise<Visitor> {
    const context = this.#context
    const attempt = new Attempt(context, {
      profile: JOIN_PROFILE,
      role: 'responder',
      connection,
      options,
      admission: doorAdmission(context.networkId),
    })
    try {
      const side: OwnSide = {
        profile: JOIN_PROFILE,
        networkId: context.networkId,
        // whoever comes here is a stranger: it needs our keys, not our name
        credential: undefined,
        securityProtocols: [JOIN_PROTOCOL],
        streamMuxers: [],
        identitySignature: await this.#identitySignature,
      }
      const input = handshakeInput(context, attempt, side, (remote, payload) => {
        attempt.judge(side.securityProtocols, remote, payload)
        const code = this.#door.admit(this.#applicant(connection, attempt, { remote, payload }))
        if (code !== undefined) throw explainedRefusal(code, 'self')
      })
      const { remote, payload, split } = await respond(input)
      const sealer = new RecordSealer(split.responderToInitiator, undefined)
      attempt.carrier.sendFramed('verdict', sealer.seal(encodeVerdict()))
      const session = attempt.session()
      session.keysAgreed(split)
      session.accept()
      // the host's gater finds here that whoever leaves after a visit is no fault
      rememberSession(timelineOf(connection), session)
      attempt.handOver()
      const line = new MessageLine(attempt.carrier, sealer, new RecordOpener(split.initiatorToResponder, undefined))
      return { applicant: this.#applicant(connection, attempt, { remote, payload }), line }
    } catch (error) {
      const refusal = attempt.fail(error)
      if (attempt.carrier.saidWhy) await lingering(connection, context.clock, options.signal)
      throw refusal
    }
  }

  #applicant(connection: MessageStream, { peer }: Attempt, { remote, payload }: ProvenPeer): DoorApplicant {
    const { ed25519, x0Id } = remote
    if (x0Id === undefined || payload.pqAuth === undefined) throw new Error('an applicant without an x0 id passed the handshake')
    // copies: what was received lies in buffers of 16 KiB and more, and an application may be kept
    return {
      peerId: peer.peerId.toString(),
      x0Id: x0Id.slice(),
      ed25519: ed25519.slice(),
      mldsa65: payload.pqAuth.mldsa65.slice(),
      remoteAddress: addressOf(connection),
    }
  }

  async #serve(connection: MessageStream, line: MessageLine, applicant: DoorApplicant, signal: AbortSignal): Promise<void> {
    const request = await line.receive(MAX_JOIN_REQUEST_BYTES, signal)
    const closed = line.closedByPeer(signal)
    // awaited below; until then it may fail unheard
    closed.catch(() => undefined)
    const answer = await this.#answer(request, applicant, signal)
    if (connection.status !== 'open') {
      await closed
      throw new ChannelRefusal('closed', 'the visitor left before it had its answer')
    }
    line.send(answer)
    await closed
  }

  async #answer(request: Uint8Array, applicant: DoorApplicant, signal: AbortSignal): Promise<Uint8Array> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const onAbort = (): void => reject(new Error('the answer took too long', { cause: signal.reason }))
    signal.addEventListener('abort', onAbort)
    try {
      const answer = await Promise.race([this.#door.answer(request, applicant), late])
      if (answer.length <= MAX_JOIN_ANSWER_BYTES) return answer
      throw new Error(`an answer of ${answer.length} bytes (at most ${MAX_JOIN_ANSWER_BYTES})`)
    } catch (cause) {
      throw new Error(`a join request could not be answered: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      })
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}

function resultOf(error: unknown): DoorResult {
  if (!(error instanceof ChannelRefusal)) return 'failed'
  return DOOR_RESULTS.find((result) => result === error.code) ?? 'failed'
}
