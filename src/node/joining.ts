import { NodeFault } from '../admin/node-view.ts'
import type { ChannelContext } from '../channel/context.ts'
import { ChannelRefusal } from '../channel/refusal.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { withoutPeerId } from '../host/addresses.ts'
import { HostError } from '../host/host-error.ts'
import { callJoinDoor } from '../host/join-call.ts'
import { parseBootstrapLine } from '../identity/bootstrap-line.ts'
import { IdentityError } from '../identity/identity-error.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { formatX0Id, parseX0Id } from '../identity/x0-id.ts'
import type { Clock } from '../platform/clock.ts'
import { type Admission, askRequest, checkAdmission, redeemRequest } from '../trust/applicant.ts'
import type { Door } from '../trust/doors.ts'
import { type Invite, parseInvite } from '../trust/invite.ts'
import { decodeJoinAnswer, type JoinAnswer } from '../trust/join-answer.ts'
import type { JoinRefusal } from '../trust/join-refusal.ts'
import { TrustError } from '../trust/trust-error.ts'
import { defaultNodeName, distinctNodeName } from './node-name.ts'

/** Where to ask: a door with the x0 id that must answer there, where it is known. */
export interface AskedDoor {
  readonly address: string
  readonly x0Id: Uint8Array | undefined
}

/** One request at one door. @throws HostError, ChannelRefusal as the way there and the handshake say */
export type CallDoor = (
  door: AskedDoor,
  networkId: Uint8Array | undefined,
  request: Uint8Array,
  signal: AbortSignal,
) => Promise<{ readonly answer: Uint8Array; readonly x0Id: Uint8Array }>

export interface JoinWish {
  /** An invite, or a bootstrap line to knock at. */
  readonly line: string
  /** Insisted on; undefined: the host name, or another where that is taken. */
  readonly name?: string | undefined
  readonly note?: string | undefined
}

export type JoinOutcome =
  | {
      readonly state: 'joined'
      readonly admission: Admission
      /** Ways back into the network, the one that answered first. */
      readonly doors: readonly Door[]
      readonly via: string
    }
  | { readonly state: 'pending'; readonly retryAfterMs: number; readonly via: string }

export interface JoinParts {
  readonly crypto: CryptoBackend
  readonly identity: NodeIdentity
  readonly clock: Clock
  readonly call: CallDoor
}

/** Calls doors with the keys of `context`. */
export function doorCaller(context: ChannelContext): CallDoor {
  return async ({ address, x0Id }, networkId, request, signal) => {
    const expected = x0Id === undefined ? undefined : formatX0Id(x0Id)
    const { answer, remote } = await callJoinDoor({ context, address, x0Id: expected, networkId, request, signal })
    return { answer, x0Id: parseX0Id(remote.x0Id) }
  }
}

/** Milliseconds for one door of several. */
const DOOR_MS = 8_000

/** Refusals that another door may judge otherwise. */
const TRY_ANOTHER: readonly JoinRefusal[] = ['busy', 'catching-up', 'issuer-away', 'not-a-sponsor', 'not-forwarded']

/** What a line asks for: the doors to try, and the request that each is sent. */
interface Plan {
  /** Names to ask with where none is wished, in this order. */
  names(host: string, distinct: string): readonly (string | undefined)[]
  readonly networkId: Uint8Array | undefined
  /** Whose word is the last; undefined where there is one door. */
  readonly issuer: Uint8Array | undefined
  readonly doors: readonly AskedDoor[]
  request(name: string | undefined): Promise<Uint8Array>
}

/**
 * Asks to be let in: at each door of an invite until the issuer has decided, or at the one that a bootstrap line names. What is
 * answered is checked wholly; whoever answers can refuse, and cannot let this node into another network than the invite's.
 * @throws NodeFault `invite-invalid`, `name-invalid`, `join-refused`, `unreachable`, `identity-mismatch`
 */
export async function askToJoin(parts: JoinParts, wish: JoinWish, signal: AbortSignal): Promise<JoinOutcome> {
  const plan = planOf(parts, wish)
  const failures: NodeFault[] = []
  for (const door of plan.doors) {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(DOOR_MS)])
    try {
      return judge(parts, plan, door, await named(parts, plan, door, wish.name, bounded))
    } catch (error) {
      const fault = doorFault(error, door)
      if (!isWorthAnother(error, plan, door) && !bounded.aborted) throw fault
      failures.push(fault)
    }
    signal.throwIfAborted()
  }
  throw worst(failures)
}

/**
 * Asks with the name that is wished. Where none is: with none, since the invite may give one; else with the host name; and
 * where that is taken, with one of its own.
 */
async function named(
  parts: JoinParts,
  plan: Plan,
  door: AskedDoor,
  wished: string | undefined,
  signal: AbortSignal,
): Promise<Answered> {
  const x0Id = formatX0Id(parts.identity.x0Id)
  const host = defaultNodeName(x0Id)
  const names = wished === undefined ? plan.names(host, distinctNodeName(host, x0Id)) : [wished]
  for (const name of names) {
    const answered = await attempt(parts, plan, door, name, signal)
    const { answer } = answered
    const isAboutName = answer.kind === 'refused' && (answer.code === 'name-required' || answer.code === 'name-taken')
    if (!isAboutName || name === names.at(-1)) return answered
  }
  throw new Error('an attempt with no name left')
}

interface Answered {
  readonly answer: JoinAnswer
  /** Who answered. */
  readonly x0Id: Uint8Array
}

async function attempt(
  { call }: JoinParts,
  plan: Plan,
  door: AskedDoor,
  name: string | undefined,
  signal: AbortSignal,
): Promise<Answered> {
  const { answer, x0Id } = await call(door, plan.networkId, await plan.request(name), signal)
  return { answer: decodeJoinAnswer(answer), x0Id }
}

function judge(parts: JoinParts, plan: Plan, door: AskedDoor, { answer, x0Id }: Answered): JoinOutcome {
  if (answer.kind === 'pending') return { state: 'pending', retryAfterMs: answer.retryAfterMs, via: door.address }
  if (answer.kind === 'refused') throw new DoorRefusal(answer.code, answer.message, answer.members)
  const expected = { networkId: plan.networkId, x0Id: parts.identity.x0Id }
  const admission = checkAdmission(parts.crypto, answer, expected, parts.clock.now())
  const others = plan.doors.flatMap(({ address, x0Id: theirs }) =>
    theirs === undefined || address === door.address ? [] : [{ address, x0Id: theirs }],
  )
  return { state: 'joined', admission, doors: [{ address: door.address, x0Id }, ...others], via: door.address }
}

/** A door that answered, and said no. */
class DoorRefusal extends Error {
  override readonly name = 'DoorRefusal'
  readonly code: JoinRefusal

  constructor(code: JoinRefusal, message: string, members: readonly Uint8Array[]) {
    const instead = members.length === 0 ? '' : ` (members: ${members.map(formatX0Id).join(', ')})`
    super(`${code}: ${message}${instead}`)
    this.code = code
  }
}

function planOf(parts: JoinParts, wish: JoinWish): Plan {
  const { identity, crypto } = parts
  const line = wish.line.trim()
  try {
    if (line.startsWith('/')) {
      const { address, x0Id } = parseBootstrapLine(line)
      const note = wish.note === undefined ? {} : { note: wish.note }
      return {
        names: (host) => [host],
        networkId: undefined,
        issuer: undefined,
        doors: [{ address: withoutPeerId(address), x0Id }],
        request: async (name) => askRequest(identity, { ...note, ...(name === undefined ? {} : { name }) }),
      }
    }
    const invite: Invite = parseInvite(line)
    return {
      names: (host, distinct) => [undefined, host, distinct],
      networkId: invite.networkId,
      issuer: invite.issuer,
      doors: invite.doors,
      request: (name) => redeemRequest(crypto, identity, invite, name),
    }
  } catch (cause) {
    if (cause instanceof TrustError || cause instanceof IdentityError) {
      throw new NodeFault('invite-invalid', cause.message, { cause })
    }
    throw cause
  }
}

function isWorthAnother(error: unknown, { issuer }: Plan, door: AskedDoor): boolean {
  if (error instanceof DoorRefusal) {
    const isIssuer = issuer !== undefined && door.x0Id !== undefined && equalBytes(issuer, door.x0Id)
    return !isIssuer || TRY_ANOTHER.includes(error.code)
  }
  // a door that lies, or is not who it should be, says nothing of the others
  return error instanceof HostError || error instanceof ChannelRefusal || error instanceof TrustError
}

const IDENTITY = ['x0-id-mismatch', 'pin-mismatch', 'pin-frozen', 'peer-id-mismatch', 'missing-authentication']

function doorFault(error: unknown, door: AskedDoor): NodeFault {
  if (error instanceof NodeFault) return error
  const fault = (code: ConstructorParameters<typeof NodeFault>[0], message: string): NodeFault =>
    new NodeFault(code, `${door.address}: ${message}`, { cause: error })
  if (error instanceof DoorRefusal) return fault('join-refused', error.message)
  if (error instanceof ChannelRefusal) {
    if (error.by === 'self' && IDENTITY.includes(error.code)) return fault('identity-mismatch', error.message)
    if (error.code === 'timeout' || error.code === 'closed') return fault('unreachable', error.message)
    return fault('join-refused', `${error.code}: ${error.message}`)
  }
  if (error instanceof TrustError) {
    return error.code === 'bad-message'
      ? fault('name-invalid', error.message)
      : fault('join-refused', `the answer cannot be believed: ${error.message}`)
  }
  if (error instanceof HostError && error.code === 'protocol-unsupported') {
    return fault('join-refused', 'that node lets nobody in by a door: it is in no network, or in one without a door')
  }
  return fault('unreachable', error instanceof Error ? error.message : String(error))
}

/** Of several doors that failed the reason that tells most: who answered and refused, before who did not answer. */
function worst(failures: readonly NodeFault[]): NodeFault {
  const order: readonly string[] = ['identity-mismatch', 'join-refused', 'name-invalid', 'unreachable']
  const [first] = failures.toSorted((one, other) => order.indexOf(one.code) - order.indexOf(other.code))
  if (first === undefined) return new NodeFault('unreachable', 'the line names no door')
  if (failures.length === 1) return first
  return new NodeFault(first.code, failures.map(({ message }) => message).join('; '), { cause: first })
}
