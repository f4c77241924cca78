import type { MultiaddrConnection, PeerId } from '@libp2p/interface'
import { Attempt } from './attempt.ts'
import type { ChannelContext } from './context.ts'
import { Deadline } from './deadline.ts'
import { initiate, signStaticKey } from './handshake.ts'
import { handshakeInput, type OwnSide } from './handshake-input.ts'
import { callerAdmission, NO_NETWORK } from './join-network.ts'
import { JOIN_VISIT_MS, MAX_JOIN_ANSWER_BYTES, MAX_JOIN_REQUEST_BYTES, TAG_BYTES } from './limits.ts'
import { lingering } from './lingering.ts'
import { MessageLine } from './message-line.ts'
import { JOIN_PROFILE, JOIN_PROTOCOL } from './profile.ts'
import { RecordOpener, RecordSealer } from './records.ts'
import { ChannelRefusal } from './refusal.ts'
import { decodeVerdict, VERDICT_BYTES } from './verdict.ts'

export interface DoorCall {
  /** Undefined where only the address is known. */
  readonly peerId: PeerId | undefined
  /** Text form: whom the door must belong to; undefined takes whoever answers. */
  readonly x0Id: string | undefined
  /** 32 bytes; undefined where the network is not known: the door's is taken. */
  readonly networkId: Uint8Array | undefined
  /** At most MAX_JOIN_REQUEST_BYTES. The door reads it after it has proved itself, and admitted us to the door. */
  readonly request: Uint8Array
  readonly signal: AbortSignal
}

export interface DoorReply {
  readonly answer: Uint8Array
  readonly remote: {
    readonly peerId: string
    /** Text form. */
    readonly x0Id: string
    /** 32 bytes. */
    readonly networkId: Uint8Array
  }
}

/**
 * The joiner's side of a visit, over a raw connection on which the door's protocol was agreed: handshake, verdict, one
 * request, one answer; then the connection is closed.
 * @throws ChannelRefusal
 */
export async function visitDoor(context: ChannelContext, connection: MultiaddrConnection, call: DoorCall): Promise<DoorReply> {
  if (call.request.length > MAX_JOIN_REQUEST_BYTES) {
    throw new ChannelRefusal(
      'payload-too-large',
      `a join request of ${call.request.length} bytes (at most ${MAX_JOIN_REQUEST_BYTES}): make its texts shorter`,
    )
  }
  using deadline = new Deadline(context.clock, JOIN_VISIT_MS, call.signal)
  const { line, remote } = await handshake(context, connection, call, deadline.signal)
  line.send(call.request)
  const answer = await line.receive(MAX_JOIN_ANSWER_BYTES, deadline.signal)
  // in order, and by us: the door takes it for "the answer has arrived"
  await connection.close({ signal: deadline.signal })
  return { answer, remote }
}

async function handshake(
  context: ChannelContext,
  connection: MultiaddrConnection,
  call: DoorCall,
  signal: AbortSignal,
): Promise<{ line: MessageLine; remote: DoorReply['remote'] }> {
  let networkId = NO_NETWORK
  const attempt = new Attempt(context, {
    profile: JOIN_PROFILE,
    role: 'initiator',
    connection,
    options: {
      signal,
      expectedX0Id: call.x0Id,
      // no dial of the node: its refusal goes to who called
      isProbe: true,
      ...(call.peerId === undefined ? {} : { remotePeer: call.peerId }),
    },
    admission: callerAdmission(call.networkId, (seen) => {
      networkId = seen.slice()
    }),
  })
  try {
    const side: OwnSide = {
      profile: JOIN_PROFILE,
      networkId: call.networkId ?? NO_NETWORK,
      credential: undefined,
      securityProtocols: [JOIN_PROTOCOL],
      streamMuxers: [],
      identitySignature: await signStaticKey(context.identity, context.keys.staticKey.publicKey),
    }
    const input = handshakeInput(context, attempt, side, (remote, payload) =>
      attempt.judge(side.securityProtocols, remote, payload),
    )
    const split = await (await initiate(input)).finished
    const opener = new RecordOpener(split.responderToInitiator, undefined)
    await expectAccepted(attempt, opener)
    attempt.handOver()
    const { peerId, x0Id } = attempt.peer
    if (x0Id === undefined) throw new Error('a door without an x0 id passed the handshake')
    const sealer = new RecordSealer(split.initiatorToResponder, undefined)
    return { line: new MessageLine(attempt.carrier, sealer, opener), remote: { peerId: peerId.toString(), x0Id, networkId } }
  } catch (error) {
    const refusal = attempt.fail(error)
    if (attempt.carrier.saidWhy) await lingering(connection, context.clock, call.signal)
    throw refusal
  }
}

/** @throws ChannelRefusal what the verdict says, or `no-verdict` where the connection ends before one came */
async function expectAccepted({ carrier, signal }: Attempt, opener: RecordOpener): Promise<void> {
  try {
    const refusal = decodeVerdict(opener.open(await carrier.receiveRecord(VERDICT_BYTES + TAG_BYTES, signal)))
    if (refusal !== undefined) throw refusal
  } catch (error) {
    if (!(error instanceof ChannelRefusal) || error.code !== 'closed') throw error
    throw new ChannelRefusal('no-verdict', 'the peer closed the connection without a verdict', { cause: error })
  }
}
