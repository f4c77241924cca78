import { rm } from 'node:fs/promises'
import { getNetConfig, isNetworkAddress } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { ChannelEvent } from '../channel/channel-event.ts'
import type { DoorApplicant } from '../channel/join-door.ts'
import type { PinBook, PinSource } from '../channel/pins.ts'
import { sessionOf } from '../channel/session.ts'
import { isExplicit } from '../config/origin.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { wantsOf } from '../host/addresses.ts'
import type { HomeShelves } from '../host/home-shelves.ts'
import { askByStream } from '../host/join-stream.ts'
import { membershipTrust } from '../host/membership-trust.ts'
import { startOverlay } from '../host/overlay.ts'
import type { Overlay } from '../host/overlay-parts.ts'
import type { HeldRevocation } from '../host/revocation-ledger.ts'
import type { Want } from '../host/supervisor-state.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import { channelCounter } from '../observe/channel-metrics.ts'
import { channelReporter } from '../observe/channel-reports.ts'
import type { Report } from '../observe/event.ts'
import type { Telemetry } from '../observe/telemetry.ts'
import { systemClock } from '../platform/clock.ts'
import { datastorePath } from '../store/home-paths.ts'
import type { Audit } from '../trust/audit/kinds.ts'
import { type Credential, spiffeId } from '../trust/credential.ts'
import type { Standing } from '../trust/membership.ts'
import { type NetworkName, shortNetworkId } from '../trust/open-network.ts'
import type { Wish } from '../trust/policy/gate.ts'
import { DEFAULT_RULE } from '../trust/policy/rule.ts'
import { Sponsor } from '../trust/sponsor.ts'
import { admission } from './admission.ts'
import { recordingRevocations, recordRefusal, recordSponsorEvent } from './audit-records.ts'
import { type CredentialKeeper, createCredentialKeeper } from './credential-keeper.ts'
import { answerJoinRequest } from './join-requests.ts'
import type { NodeParts } from './node-parts.ts'
import type { Place } from './place.ts'
import { sponsorReporter } from './sponsor-reports.ts'

/** The node's place in one network, taken: all that is made anew when it joins another. */
export interface Seat {
  readonly place: Place
  readonly overlay: Overlay
  /** Undefined in the open network, where nobody asks to be let in. */
  readonly sponsor: Sponsor | undefined
  readonly keeper: CredentialKeeper
  stop(): Promise<void>
}

/** What a seat takes over from the one before it. */
export interface LeftSeat {
  /** The addresses to have again, so that what others know of this node stays true. */
  readonly listen: readonly string[]
  /** Whom it was to keep connected. */
  readonly wants: readonly Want[]
}

/**
 * Takes a seat.
 * @throws as startOverlay; nothing is left open then
 */
export async function takeSeat(parts: NodeParts, place: Place, left?: LeftSeat): Promise<Seat> {
  const { telemetry, shelves, home, clock, crypto } = parts
  const { config } = parts.loaded
  const { network, membership, genesis } = place
  let overlay: Overlay | undefined
  const spread = (revocation: HeldRevocation): void => {
    overlay?.trust?.announce(revocation).catch((err: unknown) => telemetry.log.error({ err }, 'could not spread a revocation'))
  }
  const tellSponsorEvent = sponsorReporter(telemetry, spread)
  const sponsor =
    genesis === undefined
      ? undefined
      : await Sponsor.open({
          backend: crypto,
          identity: parts.identity,
          membership,
          store: home.store,
          clock,
          random: parts.random,
          report: (event) => {
            recordSponsorEvent(parts.access.audit, event)
            tellSponsorEvent(event)
          },
          isLevel: () => overlay?.trust?.view().level === true,
          mayRenew: (credential) => mayRenew(parts, place, credential),
          onDamaged: telemetry.storeDamaged,
          forward: (member, request) => forward(overlay, member, request),
        })
  overlay = await startOverlay({
    config,
    listen: left?.listen ?? config.listen,
    listenIsWritten: left !== undefined || isExplicit(parts.loaded, 'listen'),
    wanted: wantedIn(parts, place, left),
    blocks: parts.blocks,
    crypto,
    identity: parts.identity,
    networkId: network.id,
    network: shortNetworkId(network),
    version: parts.version,
    clock,
    random: parts.random,
    pins: shelves.pins,
    credential: place.credential,
    admit: admission({
      membership,
      now: () => clock.now(),
      onAdmitted: (peerId, standing) => stateIdentity(telemetry, shelves, peerId, standing),
    }),
    ...(sponsor === undefined
      ? {}
      : {
          door: {
            admit: ({ x0Id, peerId }: DoorApplicant) => {
              if (parts.blocks.judge({ peerId, x0Id: formatX0Id(x0Id) }) !== undefined) return 'blocked' as const
              return membership.revocationOf(x0Id) === undefined ? undefined : ('revoked' as const)
            },
            answer: (request: Uint8Array, applicant: DoorApplicant) =>
              sponsor.answer(request, { x0Id: applicant.x0Id, address: hostOf(applicant.remoteAddress) }),
          },
          joinRequests: (request: Uint8Array, from: Uint8Array) => answerJoinRequest(crypto, sponsor, request, from),
          trust: {
            ...membershipTrust({ backend: crypto, membership, x0Id: parts.identity.x0Id, clock }),
            damaged: place.damaged,
            keep: ({ subject }: HeldRevocation) => place.keepRevocation(subject),
          },
        }),
    datastorePath: datastorePath(home.paths, shortNetworkId(network)),
    records: shelves.records,
    sequence: shelves.sequence,
    report: recordingRevocations(parts.access.audit, reporter(telemetry, place)),
    onChannelEvent: channelEvents(telemetry, shelves, parts.access.audit),
    count: (fault) => telemetry.metrics.peerFaults.inc({ fault }),
    metrics: telemetry.metrics,
    onStated: statements(telemetry, shelves.pins),
    onError: (error, during) => telemetry.log.error({ err: error }, `could not ${during}`),
  })
  const running = overlay
  const keeper = createCredentialKeeper(parts, place, running)
  keeper.start()
  return {
    place,
    overlay: running,
    sponsor,
    keeper,
    async stop() {
      // nothing is written for this network once this is over
      await keeper.stop()
      await running.stop()
      await sponsor?.close()
    },
  }
}

/**
 * Whom to keep connected: ways in that the configuration names, the doors of the network, and what was asked for while the
 * node ran. A door is without a peer id: who answers there must show that it belongs.
 */
function wantedIn({ loaded: { config } }: NodeParts, { doors }: Place, left: LeftSeat | undefined): Want[] {
  const kept = left?.wants.filter(({ source }) => source !== 'bootstrap') ?? wantsOf('persistent', config.peers.persistent)
  const ways = [...config.bootstrap, ...doors.map(({ address }) => address)]
  return [...wantsOf('bootstrap', ways), ...kept]
}

/** Tells; and notes when this node has learned what was revoked while it was away. */
function reporter({ report, log }: Telemetry, place: Place): Report {
  return (event) => {
    report(event)
    if (event.type !== 'trust.level') return
    place.markSynced().catch((err: unknown) => log.error({ err }, 'could not note the sync of revocations'))
  }
}

/** Only a rule of the policy forbids a renewal: belonging goes on where the policy says nothing of it. */
function mayRenew({ access, identity }: NodeParts, { genesis, membership }: Place, credential: Credential): boolean {
  const nameOf = (name: string): string => spiffeId(genesis?.name ?? '', name)
  const member = membership.members().find(({ id }) => equalBytes(id, identity.x0Id))
  const { groups } = credential
  const wish: Wish = {
    source: { x0Id: formatX0Id(credential.subject), spiffeId: nameOf(credential.name), groups },
    action: 'renew',
    destination: { x0Id: formatX0Id(identity.x0Id), spiffeId: member?.spiffeId, groups: member?.groups ?? [] },
  }
  // asked for the record where a rule speaks of it
  return access.gate.explain(wish).decision.rule === DEFAULT_RULE || access.gate.ask(wish).effect === 'allow'
}

/** Brings a request to a member that this node is connected to. */
async function forward(overlay: Overlay | undefined, member: Uint8Array, request: Uint8Array): Promise<Uint8Array | undefined> {
  const connection = overlay?.host.getConnections().find((each) => {
    const x0Id = sessionOf(each)?.remoteX0Id
    return x0Id !== undefined && Buffer.compare(x0Id, member) === 0
  })
  if (connection === undefined) return undefined
  try {
    return await askByStream(connection, request)
  } catch {
    // it did not answer: the applicant hears that the member is away
    return undefined
  }
}

/** What a credential or the genesis says of a peer's key counts more than what was seen at first use. */
function stateIdentity({ log }: Telemetry, shelves: HomeShelves, peerId: string, { x0Id, kind }: Standing): void {
  if (kind === 'open') return
  const source: PinSource = kind === 'member' ? 'genesis' : 'credential'
  if (shelves.pins.get(peerId)?.source === source) return
  shelves.pins.state(peerId, x0Id, source)
  shelves.keepPin(peerId).catch((error: unknown) => log.error({ err: error }, 'could not write a pin'))
}

function hostOf(address: string): string | undefined {
  const parsed = multiaddr(address)
  return isNetworkAddress(parsed) ? getNetConfig(parsed).host : undefined
}

/** What the channel reports is counted, told, and what it learns of peers kept. */
function channelEvents({ metrics, report, log }: Telemetry, shelves: HomeShelves, audit: Audit): (event: ChannelEvent) => void {
  const count = channelCounter(metrics)
  const tell = channelReporter(report, systemClock)
  return (event) => {
    count(event)
    tell(event)
    recordRefusal(audit, event)
    if (event.type !== 'pin-learned') return
    shelves.keepPin(event.peerId).catch((error: unknown) => log.error({ err: error }, 'could not write a pin'))
  }
}

/** States the x0 id of a peer; one that contradicts what was believed is an alarm. */
function statements({ metrics, report }: Telemetry, pins: PinBook): (peerId: string, stated: string, source: PinSource) => void {
  return (peerId, stated, source) => {
    const before = pins.get(peerId)
    if (pins.state(peerId, stated, source) !== 'conflict' || before === undefined) return
    const data = { code: 'x0-id-mismatch', seen: before.x0Id, stated, source }
    report({ type: 'pin.mismatch', level: 'alarm', peer: peerId, data })
    metrics.pinEvents.inc({ event: 'replaced' })
  }
}

/** Deletes what libp2p remembers of a network that the node has left. */
export async function forgetNeighbourhood(parts: Pick<NodeParts, 'home'>, network: NetworkName): Promise<void> {
  await rm(datastorePath(parts.home.paths, shortNetworkId(network)), { recursive: true, force: true })
}
