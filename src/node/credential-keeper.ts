import { sessionOf } from '../channel/session.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { askByStream } from '../host/join-stream.ts'
import type { Overlay } from '../host/overlay-parts.ts'
import { decodeSuccessor } from '../identity/rotation.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Timer } from '../platform/clock.ts'
import { checkAdmission, renewRequest, succeedRequest } from '../trust/applicant.ts'
import { type Credential, decodeCredential } from '../trust/credential.ts'
import { decodeJoinAnswer } from '../trust/join-answer.ts'
import { TrustError } from '../trust/trust-error.ts'
import { doorCaller } from './joining.ts'
import type { NodeParts } from './node-parts.ts'
import type { Place } from './place.ts'
import { keptSuccession } from './succession-shelf.ts'

/** What the last renewal met. */
export interface LastRenewal {
  /** Wall clock ms. */
  readonly at: number
  readonly ok: boolean
  /** With whom, or why not. */
  readonly detail: string
}

export interface CredentialKeeper {
  /** Renews at half of the credential's life, and tries again until it is done. */
  start(): void
  stop(): void
  /** Asks now. @throws RenewalRefused */
  renew(signal: AbortSignal): Promise<void>
  /** Wall clock ms; undefined for who needs no credential. */
  renewAt(): number | undefined
  last(): LastRenewal | undefined
}

/** Nobody renewed the credential; the message says who said what. */
export class RenewalRefused extends Error {
  override readonly name = 'RenewalRefused'
}

/** Timers wait at most this long (2^31 ms is too much for one): the clock is looked at again then. */
const LONGEST_WAIT_MS = 6 * 3_600_000
/** Between two tries: a twentieth of the credential's life, so that there are about ten before it ends; within these bounds. */
const RETRY_SHARE = 1 / 20
const SHORTEST_RETRY_MS = 500
const LONGEST_RETRY_MS = 30 * 60_000
/** Peers and doors that one try asks. */
const MOST_ASKED = 8
const RENEWAL_MS = 20_000

/** Keeps this node's credential from running out. Any member renews it; a peer that is none brings the request to one. */
export function createCredentialKeeper(parts: NodeParts, place: Place, overlay: Overlay): CredentialKeeper {
  const { crypto, identity, clock, random, telemetry } = parts
  const { report, metrics } = telemetry
  let timer: Timer | undefined
  let running = false
  let last: LastRenewal | undefined
  let retryAt = 0

  const held = (): Credential | undefined => {
    const bytes = place.credential()
    return bytes === undefined ? undefined : decodeCredential(bytes)
  }

  /** The credential is that of the keys before these. */
  const isInherited = (credential: Credential): boolean => !equalBytes(credential.subject, identity.x0Id)

  function renewAt(): number | undefined {
    const credential = held()
    if (credential === undefined) return undefined
    return isInherited(credential) ? clock.now() : (credential.notBefore + credential.notAfter) / 2
  }

  async function requestFor(credential: Credential): Promise<Uint8Array> {
    if (!isInherited(credential)) return renewRequest(identity, place.network.id, credential.bytes)
    const statement = await keptSuccession(parts.home.store)
    if (statement === undefined)
      throw new RenewalRefused('the credential is that of other keys, and no statement names these as theirs')
    return succeedRequest(identity, place.network.id, decodeSuccessor(crypto, statement), credential.bytes)
  }

  /** Each way to ask, best first: members, other peers (which bring it to a member), doors. */
  function* ways(
    request: Uint8Array,
  ): Generator<{ readonly who: string; ask(signal: AbortSignal): Promise<Uint8Array | undefined> }> {
    const peers = overlay.host.getConnections().flatMap((connection) => {
      const x0Id = sessionOf(connection)?.remoteX0Id
      return x0Id === undefined ? [] : [{ connection, x0Id, isMember: place.membership.isMember(x0Id) }]
    })
    for (const { connection, x0Id } of peers.toSorted((one, other) => Number(other.isMember) - Number(one.isMember)))
      yield { who: formatX0Id(x0Id), ask: () => askByStream(connection, request) }
    const call = doorCaller(overlay.channel.context)
    for (const door of place.doors)
      yield { who: door.address, ask: async (signal) => (await call(door, place.network.id, request, signal)).answer }
  }

  async function attempt(signal: AbortSignal): Promise<string> {
    const current = held()
    if (current === undefined) throw new RenewalRefused('this node needs no credential')
    const request = await requestFor(current)
    const failures: string[] = []
    for (const { who, ask } of [...ways(request)].slice(0, MOST_ASKED)) {
      try {
        const bytes = await ask(signal)
        const answer = bytes === undefined ? undefined : decodeJoinAnswer(bytes)
        if (answer?.kind !== 'admitted') {
          failures.push(`${who}: ${answer?.kind === 'refused' ? `${answer.code}: ${answer.message}` : 'no answer'}`)
          continue
        }
        const expected = { networkId: place.network.id, x0Id: identity.x0Id }
        const { credential } = checkAdmission(crypto, answer, expected, clock.now())
        if (credential === undefined) throw new TrustError('bad-credential', 'the answer holds no credential')
        await place.keepCredential(credential)
        return formatX0Id(answer.issuer)
      } catch (error) {
        if (error instanceof Error && error.name === 'StoreError') throw error
        failures.push(`${who}: ${error instanceof Error ? error.message : String(error)}`)
      }
      if (signal.aborted) break
    }
    throw new RenewalRefused(failures.length === 0 ? 'no peer is up and no door is known' : failures.join('; '))
  }

  async function renew(signal: AbortSignal): Promise<void> {
    try {
      const by = await attempt(signal)
      last = { at: clock.now(), ok: true, detail: `by ${by}` }
    } catch (error) {
      last = { at: clock.now(), ok: false, detail: error instanceof Error ? error.message : String(error) }
      metrics.credentialRenewals.inc({ result: 'failed' })
      report({ type: 'credential.renewal-failed', level: 'warn', data: { detail: last.detail } })
      throw error
    } finally {
      schedule()
    }
    metrics.credentialRenewals.inc({ result: 'renewed' })
    const { notAfter, serial } = held() ?? { notAfter: 0, serial: new Uint8Array() }
    const data = { detail: last.detail, expiresAt: new Date(notAfter).toISOString(), serial: Buffer.from(serial).toString('hex') }
    report({ type: 'credential.renewed', level: 'info', data })
    await overlay.trust?.presentCredential()
  }

  function schedule(): void {
    timer?.cancel()
    const due = renewAt()
    const credential = held()
    if (!running || due === undefined || credential === undefined) return
    const life = credential.notAfter - credential.notBefore
    const pause = Math.min(LONGEST_RETRY_MS, Math.max(SHORTEST_RETRY_MS, life * RETRY_SHARE)) * (0.8 + random.fraction() * 0.4)
    const now = clock.now()
    if (last?.ok === false) retryAt = last.at + pause
    const at = Math.max(due, last?.ok === false ? retryAt : 0)
    timer = clock.after(Math.min(LONGEST_WAIT_MS, Math.max(0, at - now)), () => {
      if (clock.now() < at) return schedule()
      // what it met is reported there; the next try is scheduled
      void renew(AbortSignal.timeout(RENEWAL_MS)).catch(() => undefined)
    })
  }

  return {
    start() {
      running = true
      schedule()
    },
    stop() {
      running = false
      timer?.cancel()
    },
    renew,
    renewAt,
    last: () => last,
  }
}
