import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { type DoorCall, type DoorReply, visitDoor } from '../../src/channel/join-caller.ts'
import { type Door, type DoorApplicant, JoinDoor, JoinFinished } from '../../src/channel/join-door.ts'
import { JOIN_PROFILE, JOIN_PROTOCOL } from '../../src/channel/profile.ts'
import { asRefusal } from '../../src/channel/refusal.ts'
import type { SplitResult } from '../../src/channel/symmetric-state.ts'
import { type FrameReader, type Script, scriptedInitiator } from './scripted.ts'
import { type End, type EndOptions, makeEnd, rawPair } from './two-ends.ts'

type Wires = readonly [MultiaddrConnection, MultiaddrConnection]

/** A node with a join door, and who came to it with what. */
export interface DoorEnd {
  readonly end: End
  readonly door: JoinDoor
  readonly asked: { readonly request: Uint8Array; readonly applicant: DoorApplicant }[]
}

/** By default it admits everybody and echoes the request. */
export async function makeDoor(behind: Partial<Door> = {}, options: EndOptions = {}): Promise<DoorEnd> {
  const end = await makeEnd(options)
  const asked: DoorEnd['asked'] = []
  const door = new JoinDoor(end.context, {
    admit: (applicant) => behind.admit?.(applicant),
    async answer(request, applicant) {
      asked.push({ request, applicant })
      return behind.answer === undefined ? request : await behind.answer(request, applicant)
    },
  })
  return { end, door, asked }
}

/** How a visit ended at the door: `finished`, or `by:code`; the raw connection is cut then, as libp2p's transports do. */
export async function received({ door }: DoorEnd, raw: MultiaddrConnection): Promise<string> {
  try {
    return await door.secureInbound(raw)
  } catch (error) {
    raw.abort(error instanceof Error ? error : new Error(String(error)))
    return error instanceof JoinFinished ? 'finished' : codeOf(error)
  }
}

/** The reply, or `by:code`. */
export async function called(from: End, raw: MultiaddrConnection, call: Partial<DoorCall> = {}): Promise<DoorReply | string> {
  const whole: DoorCall = {
    peerId: undefined,
    x0Id: undefined,
    networkId: undefined,
    request: new Uint8Array(0),
    signal: new AbortController().signal,
    ...call,
  }
  try {
    return await visitDoor(from.context, raw, whole)
  } catch (error) {
    return codeOf(error)
  } finally {
    raw.abort(new Error('the call is over'))
  }
}

export async function visit(from: End, to: DoorEnd, call?: Partial<DoorCall>): Promise<[DoorReply | string, string]> {
  const [ours, theirs] = rawPair()
  return await Promise.all([called(from, ours, call), received(to, theirs)])
}

/** A visitor that does by hand what `after` says once it is in. @returns how the visit ended at the door */
export async function scriptedVisit(
  to: DoorEnd,
  self: End,
  after: (keys: SplitResult, reader: FrameReader, raw: MultiaddrConnection) => Promise<void>,
  [ours, theirs]: Wires = rawPair(),
): Promise<string> {
  const script: Script = { self, prologue: JOIN_PROFILE.prologue, offers: [JOIN_PROTOCOL] }
  const [ended] = await Promise.all([
    received(to, theirs),
    scriptedInitiator(ours, script, (keys, reader) => after(keys, reader, ours)),
  ])
  return ended
}

/** Wires over which the responder sees this address. */
export function from(host: string): Wires {
  return multiaddrConnectionPair({ inbound: { remoteAddr: multiaddr(`/ip4/${host}/tcp/4000`) } })
}

function codeOf(error: unknown): string {
  const { by, code } = asRefusal(error, 'closed')
  return `${by}:${code}`
}
