import type { MultiaddrConnection, SecuredConnection } from '@libp2p/interface'
import type { ChannelDialOptions } from '../../src/channel/attempt.ts'
import type { ChannelEvent } from '../../src/channel/channel-event.ts'
import { asRefusal, ChannelRefusal } from '../../src/channel/refusal.ts'
import { type SessionFacts, sessionOf } from '../../src/channel/session.ts'
import { type End, rawPair } from './two-ends.ts'

/** What one end has of a meeting: a session, or the refusal that it was given. */
export type Side = { readonly secured: SecuredConnection; readonly session: SessionFacts } | ChannelRefusal

export interface Meeting {
  readonly initiator: Side
  readonly responder: Side
}

/** Runs one end, and cuts its raw connection when it throws, as libp2p's transports do. */
async function settle(raw: MultiaddrConnection, secure: () => Promise<SecuredConnection>): Promise<Side> {
  try {
    const secured = await secure()
    const session = sessionOf(raw)
    if (session === undefined) throw new Error('a secured connection without facts')
    await session.accepted
    return { secured, session }
  } catch (error) {
    const refusal = asRefusal(error, 'closed')
    raw.abort(refusal)
    return refusal
  }
}

export function dial(end: End, raw: MultiaddrConnection, options?: ChannelDialOptions): Promise<Side> {
  return settle(raw, () => end.encrypter.secureOutbound(raw, options))
}

export function answer(end: End, raw: MultiaddrConnection, options?: ChannelDialOptions): Promise<Side> {
  return settle(raw, () => end.encrypter.secureInbound(raw, options))
}

/** A whole handshake, verdict included, over `wires` ([initiator's, responder's]). */
export async function meet(
  from: End,
  to: End,
  wires: readonly [MultiaddrConnection, MultiaddrConnection] = rawPair(),
  options?: ChannelDialOptions,
): Promise<Meeting> {
  const [initiator, responder] = await Promise.all([dial(from, wires[0], options), answer(to, wires[1])])
  return { initiator, responder }
}

/** `by:code` of a refusal, or 'session'. */
export function outcome(side: Side): string {
  return side instanceof ChannelRefusal ? `${side.by}:${side.code}` : 'session'
}

/** Both outcomes, the initiator's first. */
export function outcomes({ initiator, responder }: Meeting): [string, string] {
  return [outcome(initiator), outcome(responder)]
}

/** @throws the refusal where there is no session */
export function sessionIn(side: Side): Exclude<Side, ChannelRefusal> {
  if (side instanceof ChannelRefusal) throw side
  return side
}

/** Forgets what an end has reported, and gives it. */
export function reported(end: End): ChannelEvent[] {
  return end.events.splice(0)
}

/** `type` or `type:code` of what an end has reported, in order; forgotten afterwards. */
export function reportedTypes(end: End): string[] {
  return reported(end).map((event) => ('code' in event ? `${event.type}:${event.code}` : event.type))
}
