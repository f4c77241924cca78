import { getNetConfig, isNetworkAddress } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { NetworkView } from '../admin/network-view.ts'
import { NodeFault } from '../admin/node-view.ts'
import { plainAddresses } from '../host/addresses.ts'
import { isLoopback } from '../host/connection-gater.ts'
import type { Overlay } from '../host/overlay-parts.ts'
import { parseX0Id } from '../identity/x0-id.ts'
import type { AuditData } from '../trust/audit/kinds.ts'
import { spiffeId } from '../trust/credential.ts'
import type { Door } from '../trust/doors.ts'
import { MAX_DOORS } from '../trust/limits.ts'
import { isX0Id } from '../trust/policy/selector.ts'
import type { Sponsor } from '../trust/sponsor.ts'
import { RenewalRefused } from './credential-keeper.ts'
import { askToJoin, doorCaller } from './joining.ts'
import {
  credentialDocument,
  iso,
  joinReport,
  membersDocument,
  networkDocument,
  ownStanding,
  revocationFacts,
  type TrustView,
} from './network-answers.ts'
import type { NetworkHome } from './network-home.ts'
import type { NodeParts } from './node-parts.ts'
import type { Place } from './place.ts'
import { forgetNeighbourhood, type Seat } from './seat.ts'
import { SeatLost, type Seats } from './seats.ts'
import { withTrustFaults } from './trust-fault.ts'

const HOUR_MS = 3_600_000

/** What the admin port may do with the network of a node that runs. */
export function networkOperations(parts: NodeParts, seats: Seats, home: NetworkHome): NetworkView {
  const { identity, clock } = parts
  const startedAt = clock.now()
  const own = identity.x0Id
  const seat = (): Seat => seats.current
  const document = () => networkDocument(seat().place, own, trustView(seat(), startedAt), clock.now())

  function sponsor(): Sponsor {
    const { sponsor: ours } = seat()
    if (ours === undefined) throw new NodeFault('no-network', 'this node is in the open network, which has no members')
    return ours
  }

  /** Where the node cannot move, the home is as if it had not joined. */
  async function moveOrForget(place: Place): Promise<void> {
    try {
      await seats.move(place)
    } catch (error) {
      // without a seat at all only a new process can say where the node is
      if (seat().place !== place && !(error instanceof SeatLost)) await home.forget()
      throw error
    }
  }

  function tell(type: 'network.created' | 'network.joined' | 'network.left', change: string, data: AuditData): void {
    parts.telemetry.report({ type, level: 'info', data })
    parts.access.audit.record('network.changed', { change, ...data })
  }

  return {
    network: document,

    create: (request) =>
      seats.inTurn(() =>
        withTrustFaults(async () => {
          await moveOrForget(await home.found(request))
          tell('network.created', 'created', { name: request.name })
          return document()
        }),
      ),

    join: (request, signal) =>
      seats.inTurn(() =>
        withTrustFaults(async () => {
          if (home.isInvitedHome(request.line)) {
            const { place } = seat()
            return joinReport('already', place, ownStanding(place, own, clock.now()), null)
          }
          home.expectNone()
          const call = doorCaller(seat().overlay.channel.context)
          const outcome = await askToJoin({ crypto: parts.crypto, identity, clock, call }, request, signal)
          if (outcome.state === 'pending') return joinReport('pending', undefined, undefined, outcome.via, outcome.retryAfterMs)
          const { admission, doors, via } = outcome
          const place = await home.enter(admission, doors)
          await moveOrForget(place)
          tell('network.joined', 'joined', { name: place.network.name, spiffeId: admission.standing.spiffeId ?? '', via })
          return joinReport('joined', place, admission.standing, via)
        }),
      ),

    leave: ({ force = false }) =>
      seats.inTurn(async () => {
        const { place } = seat()
        home.expectMayLeave(force)
        await seats.move(home.openPlace())
        await home.forget()
        await forgetNeighbourhood(parts, place.network)
        tell('network.left', 'left', { name: place.network.name })
        return document()
      }),

    invite: ({ name, groups = [], ttlMs = HOUR_MS, uses = 1, validityMs }) =>
      withTrustFaults(async () => {
        const terms = {
          groups,
          ttlMs,
          uses,
          ...(name === undefined ? {} : { name }),
          ...(validityMs === undefined ? {} : { validityMs }),
        }
        const made = await sponsor().invite(terms, ownDoors(seat().overlay, own))
        const told = { id: made.id, uses: made.uses, name: name ?? '', groups: groups.join(' ') }
        parts.telemetry.report({ type: 'invite.made', level: 'info', data: told })
        parts.access.audit.record('invite.made', told)
        const facts = { id: made.id, name: name ?? null, groups: [...groups], uses: made.uses, expiresAt: iso(made.expiresAt) }
        return { schema: 'x0.invite/v1', line: made.line, ...facts }
      }),

    invites: async () => invitesDocument(sponsor()),

    withdrawInvite: (id) =>
      withTrustFaults(async () => {
        await sponsor().withdraw(id)
        parts.telemetry.report({ type: 'invite.withdrawn', level: 'info', data: { id } })
        return invitesDocument(sponsor())
      }),

    pending: async () => ({
      schema: 'x0.pending/v1',
      requests: sponsor()
        .pending()
        .map(({ x0Id, name, note, since, lastAsked, address }) => {
          return { x0Id, name: name ?? '', note, address: address ?? null, since: iso(since), lastAskedAt: iso(lastAsked) }
        }),
    }),

    accept: (node, { name, groups, validityMs }) =>
      withTrustFaults(async () => {
        const given = {
          ...(name === undefined ? {} : { name }),
          ...(groups === undefined ? {} : { groups }),
          ...(validityMs === undefined ? {} : { validityMs }),
        }
        if (seat().overlay.trust?.view().level === false)
          throw new NodeFault('not-ready', 'this node still learns who was revoked while it was away; try again in a minute')
        const accepted = await sponsor().accept(node, given)
        const facts = { x0Id: accepted.subject, name: accepted.name, decision: 'accepted' as const }
        parts.telemetry.report({ type: 'pending.decided', level: 'info', data: facts })
        return { schema: 'x0.pending-decision/v1', ...facts }
      }),

    ignore: (node) =>
      withTrustFaults(async () => {
        const ours = sponsor()
        const ask = ours.pending().find(({ x0Id, name }) => x0Id === node || (name === node && !isX0Id(node)))
        await ours.ignore(node)
        const facts = { x0Id: ask?.x0Id ?? node, name: ask?.name ?? '', decision: 'ignored' as const }
        parts.telemetry.report({ type: 'pending.decided', level: 'info', data: facts })
        return { schema: 'x0.pending-decision/v1', ...facts }
      }),

    members: async () => membersDocument(seat(), own, clock.now()),
    credential: () => credentialDocument(seat(), own, clock.now()),

    async renew(signal) {
      if (seat().place.genesis === undefined) throw new NodeFault('no-network', 'in the open network nobody has a credential')
      try {
        await seat().keeper.renew(signal)
      } catch (cause) {
        if (cause instanceof RenewalRefused) throw new NodeFault('renewal-refused', cause.message, { cause })
        throw cause
      }
      return credentialDocument(seat(), own, clock.now())
    },

    revoke: ({ node, reason }) =>
      withTrustFaults(async () => {
        const revocation = await sponsor().revoke(nodeNamed(seat(), node), reason)
        return { schema: 'x0.revocation/v1', ...revocationFacts(revocation) }
      }),

    revocations() {
      const { membership } = seat().place
      const digest = Buffer.from(membership.digest()).toString('hex')
      return { schema: 'x0.revocations/v1', digest, revocations: membership.revocations().map(revocationFacts) }
    },
  }
}

function invitesDocument(sponsor: Sponsor) {
  const invites = sponsor.invites().map(({ id, name, groups, uses, redeemers, expiresAt, state }) => {
    const used = redeemers.length
    return {
      id,
      name: name ?? null,
      groups: [...groups],
      uses,
      used,
      expiresAt: iso(expiresAt),
      withdrawn: state === 'withdrawn',
    }
  })
  return { schema: 'x0.invites/v1' as const, invites }
}

function trustView({ overlay }: Seat, startedAt: number): TrustView {
  const view = overlay.trust?.view()
  if (view === undefined) return { level: true, since: startedAt, syncedWith: undefined }
  return { level: view.level, since: view.since, syncedWith: view.syncedWith }
}

/** Where this node can be reached, for an invite: addresses of this machine alone only where there are no others. */
function ownDoors({ host }: Overlay, x0Id: Uint8Array): Door[] {
  const addresses = plainAddresses(host.getMultiaddrs())
  const isLocal = (address: string): boolean => {
    const parsed = multiaddr(address)
    return isNetworkAddress(parsed) && isLoopback(getNetConfig(parsed).host)
  }
  const reachable = addresses.filter((address) => !isLocal(address))
  return (reachable.length > 0 ? reachable : addresses).slice(0, MAX_DOORS).map((address) => ({ address, x0Id }))
}

/**
 * The x0 id of a node that is named by it, by its name, or by its SPIFFE id, which another network's is not.
 * @throws NodeFault `node-unknown`, `peer-ambiguous`
 */
function nodeNamed({ place, sponsor }: Seat, text: string): Uint8Array {
  if (isX0Id(text)) return parseX0Id(text)
  const network = place.genesis?.name ?? ''
  const known = [
    ...place.membership.members().map(({ x0Id, name }) => ({ x0Id, name })),
    ...place.membership.standings(Number.NEGATIVE_INFINITY).map(({ x0Id, name }) => ({ x0Id, name })),
    ...(sponsor?.issued() ?? []).map(({ subject, name }) => ({ x0Id: subject, name })),
  ]
  const isNamed = (name: string | undefined): boolean => name !== undefined && (name === text || spiffeId(network, name) === text)
  const found = new Set(known.flatMap(({ x0Id, name }) => (isNamed(name) ? [x0Id] : [])))
  const [x0Id, another] = found
  if (x0Id === undefined) throw new NodeFault('node-unknown', `no node ${text} is known in this network; give its x0 id`)
  if (another !== undefined) throw new NodeFault('peer-ambiguous', `${text} names ${found.size} nodes; give the x0 id of one`)
  return parseX0Id(x0Id)
}
