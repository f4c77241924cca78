import type { Credential, JoinReport, Members, Network, RevocationDocument } from '../admin/network-documents.ts'
import { sessionOf } from '../channel/session.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import { decodeCredential } from '../trust/credential.ts'
import type { Membership, Standing } from '../trust/membership.ts'
import type { Revocation } from '../trust/revocation.ts'
import type { Place } from './place.ts'
import type { Seat } from './seat.ts'

/** The documents of the admin API about the network, from what the parts say at this moment. */

type Belonging = Network['self']
type NetworkName = Network['network']

export const iso = (at: number): string => new Date(at).toISOString()
const isoOrNull = (at: number | undefined): string | null => (at === undefined ? null : iso(at))

export function networkName({ network, genesis }: Pick<Place, 'network' | 'genesis'>): NetworkName {
  return { id: Buffer.from(network.id).toString('hex'), name: network.name, admission: genesis?.admission ?? 'open' }
}

export function belonging(standing: Standing | undefined): Belonging {
  return {
    kind: standing?.kind ?? 'none',
    name: standing?.name ?? null,
    spiffeId: standing?.spiffeId ?? null,
    groups: [...(standing?.groups ?? [])],
    issuer: standing?.issuer ?? null,
    expiresAt: isoOrNull(standing?.expiresAt),
  }
}

/** How this node itself belongs now. */
export function ownStanding(
  place: Pick<Place, 'membership' | 'credential'>,
  x0Id: Uint8Array,
  now: number,
): Standing | undefined {
  const judgement = place.membership.judge({ x0Id, credential: place.credential() }, now)
  return 'standing' in judgement ? judgement.standing : undefined
}

export interface TrustView {
  readonly level: boolean
  /** Wall clock ms. */
  readonly since: number
  /** Text form. */
  readonly syncedWith: string | undefined
}

export function networkDocument(place: Place, x0Id: Uint8Array, trust: TrustView, now: number): Network {
  const { membership, genesis } = place
  return {
    schema: 'x0.network/v1',
    network: networkName(place),
    isDefault: genesis === undefined,
    createdAt: isoOrNull(genesis?.createdAt),
    members: membership.members().length,
    revocations: membership.revocations().length,
    revocationDigest: Buffer.from(membership.digest()).toString('hex'),
    trust: { level: trust.level, since: iso(trust.since), syncedWith: trust.syncedWith ?? null },
    self: belonging(ownStanding(place, x0Id, now)),
  }
}

export function joinReport(
  state: JoinReport['state'],
  place: Pick<Place, 'network' | 'genesis'> | undefined,
  standing: Standing | undefined,
  via: string | null,
  retryAfterMs: number | null = null,
): JoinReport {
  return {
    schema: 'x0.join/v1',
    state,
    network: place === undefined ? null : networkName(place),
    ...belonging(standing),
    via,
    retryAfterMs,
  }
}

export function credentialDocument(seat: Seat, x0Id: Uint8Array, now: number): Credential {
  const { place, keeper } = seat
  const bytes = place.credential()
  const credential = bytes === undefined ? undefined : decodeCredential(bytes)
  const last = keeper.last()
  const standing = ownStanding(place, x0Id, now)
  return {
    schema: 'x0.credential/v1',
    network: networkName(place),
    x0Id: formatX0Id(x0Id),
    ...belonging(standing),
    // also of one that has ended: an operator wants to see when
    expiresAt: isoOrNull(credential?.notAfter),
    serial: credential === undefined ? null : Buffer.from(credential.serial).toString('hex'),
    notBefore: isoOrNull(credential?.notBefore),
    renewAt: isoOrNull(keeper.renewAt()),
    secondsLeft: credential === undefined ? null : Math.round((credential.notAfter - now) / 1000),
    revoked: place.membership.revocationOf(x0Id) !== undefined,
    lastRenewal: last === undefined ? null : { at: iso(last.at), ok: last.ok, detail: last.detail },
  }
}

export function membersDocument(seat: Seat, own: Uint8Array, now: number): Members {
  const { place, overlay, sponsor } = seat
  const self = formatX0Id(own)
  const up = new Set(
    overlay.host.getConnections().flatMap((connection) => {
      const x0Id = sessionOf(connection)?.remoteX0Id
      return x0Id === undefined ? [] : [formatX0Id(x0Id)]
    }),
  )
  const nodes = new Map<string, Standing>()
  for (const issued of sponsor?.issued() ?? []) {
    if (!issued.revoked) nodes.set(issued.subject, { ...issuedStanding(place.membership, issued), issuer: self })
  }
  const mine = ownStanding(place, own, now)
  for (const standing of [...place.membership.standings(now), ...(mine === undefined ? [] : [mine])]) {
    if (standing.kind !== 'member') nodes.set(standing.x0Id, standing)
  }
  return {
    schema: 'x0.members/v1',
    network: networkName(place),
    members: place.membership.members().map(({ x0Id, name, spiffeId, groups, weight }) => {
      return { x0Id, name, spiffeId, groups: [...groups], weight, self: x0Id === self, up: up.has(x0Id) }
    }),
    nodes: [...nodes.values()]
      .sort((one, other) => ((one.name ?? one.x0Id) < (other.name ?? other.x0Id) ? -1 : 1))
      .map((standing) => ({
        x0Id: standing.x0Id,
        ...belonging(standing),
        self: standing.x0Id === self,
        up: up.has(standing.x0Id),
      })),
  }
}

interface Issued {
  readonly subject: string
  readonly name: string
  readonly groups: readonly string[]
  readonly notAfter: number
  readonly serial: string
}

function issuedStanding({ genesis }: Membership, { subject, name, groups, notAfter, serial }: Issued): Standing {
  const spiffeId = `spiffe://${genesis?.name ?? ''}/node/${name}`
  return { x0Id: subject, kind: 'credential', name, spiffeId, groups, issuer: undefined, expiresAt: notAfter, serial }
}

export function revocationFacts({ subject, issuer, reason, at }: Revocation): Omit<RevocationDocument, 'schema'> {
  return { x0Id: formatX0Id(subject), issuer: formatX0Id(issuer), reason, at: iso(at) }
}
