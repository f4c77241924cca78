import { equalBytes } from '../crypto/constant-time.ts'
import type { Overlay } from '../host/overlay-parts.ts'
import { decodeSuccessor } from '../identity/rotation.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Timer } from '../platform/clock.ts'
import { StoreError } from '../store/store-error.ts'
import { checkAdmission, renewRequest, succeedRequest } from '../trust/applicant.ts'
import { type Credential, decodeCredential } from '../trust/credential.ts'
import { decodeJoinAnswer } from '../trust/join-answer.ts'
import type { NodeParts } from './node-parts.ts'
import type { Place } from './place.ts'
import { type RenewalWay, renewalWays } from './renewal-ways.ts'
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
  /** Ends what is under way, and waits for its end. */
  stop(): Promise<void>
  /** Asks now; joins a renewal that is under way. @throws RenewalRefused, StoreError */
  renew(signal: AbortSignal): Promise<void>
  /** Wall clock ms; undefined for who needs no credential. */
  renewAt(): number | undefined
  last(): LastRenewal | undefined
}

/** Nobody renewed the credential; the message says who said what. */
export class RenewalRefused extends Error {
  override readonly name = 'RenewalRefused'
}

export type KeeperParts = Pick<NodeParts, 'crypto' | 'identity' | 'clock' | 'random' | 'home'> & {
  readonly telemetry: Pick<NodeParts['telemetry'], 'report' | 'metrics'>
}

/** Timers wait at most this long: the clock, which may have been set, is looked at again then. */
const LONGEST_WAIT_MS = 6 * 3_600_000
/** Between two tries: a twentieth of the credential's life, so that there are about ten before it ends; within these bounds. */
const RETRY_SHARE = 1 / 20
const SHORTEST_RETRY_MS = 500
const LONGEST_RETRY_MS = 30 * 60_000
/** One renewal, whoever is asked. */
const RENEWAL_MS = 20_000

/** Keeps this node's credential from running out. Any member renews it; a peer that is none brings the request to one. */
export function createCredentialKeeper(
  parts: KeeperParts,
  place: Place,
  overlay: Pick<Overlay, 'host' | 'channel' | 'trust'>,
): CredentialKeeper {
  const { crypto, identity, clock, random, telemetry } = parts
  const { report, metrics } = telemetry
  let timer: Timer | undefined
  let running = false
  let last: LastRenewal | undefined
  /** Monotonic ms before which nobody is asked again, whatever was answered and whatever the wall clock says. */
  let notBefore = Number.NEGATIVE_INFINITY
  let underWay: { readonly controller: AbortController; readonly done: Promise<void> } | undefined

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

  /** Takes what one way answers, if it is better than what is held. @returns who signed it. @throws Error that says why not */
  async function take(way: RenewalWay, current: Credential, signal: AbortSignal): Promise<string> {
    const bytes = await way.ask(signal)
    if (bytes === undefined) throw new RenewalRefused('no answer')
    const answer = decodeJoinAnswer(bytes)
    if (answer.kind === 'pending') throw new RenewalRefused('an operator has to decide')
    if (answer.kind === 'refused') throw new RenewalRefused(`${answer.code}: ${answer.message}`)
    const expected = { networkId: place.network.id, x0Id: identity.x0Id }
    const { credential } = checkAdmission(crypto, answer, expected, clock.now())
    // credentials are shown in every handshake: who answers may have an older one of ours
    const isLater = credential !== undefined && decodeCredential(credential).notAfter > current.notAfter
    if (credential === undefined || !(isLater || isInherited(current)))
      throw new RenewalRefused('the answer holds no credential that lasts longer than ours')
    signal.throwIfAborted()
    await place.keepCredential(credential)
    return formatX0Id(decodeCredential(credential).issuer)
  }

  async function attempt(signal: AbortSignal): Promise<string> {
    const current = held()
    if (current === undefined) throw new RenewalRefused('this node needs no credential')
    const request = await requestFor(current)
    const failures: string[] = []
    for (const way of renewalWays(place, overlay, request, random)) {
      try {
        return await take(way, current, signal)
      } catch (error) {
        if (error instanceof StoreError) throw error
        failures.push(`${way.who}: ${error instanceof Error ? error.message : String(error)}`)
      }
      if (signal.aborted) break
    }
    throw new RenewalRefused(failures.length === 0 ? 'no peer is up and no door is known' : failures.join('; '))
  }

  async function renewOnce(signal: AbortSignal): Promise<void> {
    try {
      const detail = `by ${await attempt(signal)}`
      last = { at: clock.now(), ok: true, detail }
    } catch (error) {
      last = { at: clock.now(), ok: false, detail: error instanceof Error ? error.message : String(error) }
      if (!running) throw error
      metrics.credentialRenewals.inc({ result: 'failed' })
      report({ type: 'credential.renewal-failed', level: 'warn', data: { detail: last.detail } })
      throw error
    } finally {
      notBefore = clock.monotonic() + pause()
      schedule()
    }
    metrics.credentialRenewals.inc({ result: 'renewed' })
    const { notAfter, serial } = held() ?? { notAfter: 0, serial: new Uint8Array() }
    const data = { detail: last.detail, expiresAt: new Date(notAfter).toISOString(), serial: Buffer.from(serial).toString('hex') }
    report({ type: 'credential.renewed', level: 'info', data })
    await overlay.trust?.presentCredential()
  }

  function pause(): number {
    const credential = held()
    const life = credential === undefined ? 0 : credential.notAfter - credential.notBefore
    const share = Math.min(LONGEST_RETRY_MS, Math.max(SHORTEST_RETRY_MS, life * RETRY_SHARE))
    return share * (0.8 + random.fraction() * 0.4)
  }

  function schedule(): void {
    timer?.cancel()
    const due = renewAt()
    if (!running || due === undefined) return
    const wait = Math.max(due - clock.now(), notBefore - clock.monotonic(), 0)
    timer = clock.after(Math.min(LONGEST_WAIT_MS, wait), () => {
      if (wait > LONGEST_WAIT_MS) return schedule()
      // what it met is reported there, and the next try is scheduled
      void renew(AbortSignal.timeout(RENEWAL_MS)).catch(() => undefined)
    })
  }

  function renew(signal: AbortSignal): Promise<void> {
    if (underWay !== undefined) return underWay.done
    const controller = new AbortController()
    const abort = (): void => controller.abort(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    const done = renewOnce(controller.signal).finally(() => {
      signal.removeEventListener('abort', abort)
      underWay = undefined
    })
    underWay = { controller, done }
    return done
  }

  return {
    start() {
      running = true
      schedule()
    },
    async stop() {
      running = false
      timer?.cancel()
      underWay?.controller.abort(new Error('the node leaves its place'))
      await underWay?.done.catch(() => undefined)
    },
    renew,
    renewAt,
    last: () => last,
  }
}
