import type { Credential, Network, PendingDecision } from '../../src/admin/network-documents.ts'
import type { NetworkView } from '../../src/admin/network-view.ts'
import { NodeFault } from '../../src/admin/node-view.ts'

const ID = '7'.repeat(64)
const X0 = `x0${'a'.repeat(52)}`
const AT = '2026-01-01T00:00:00.000Z'

const name = { id: ID, name: 'fleet', admission: 'sponsor' as const }
const belonging = {
  kind: 'credential' as const,
  name: 'laptop',
  spiffeId: 'spiffe://fleet/node/laptop',
  groups: ['ops'],
  issuer: X0,
  expiresAt: AT,
}
const network: Network = {
  schema: 'x0.network/v1',
  network: name,
  isDefault: false,
  createdAt: AT,
  members: 1,
  revocations: 0,
  revocationDigest: ID,
  trust: { level: true, since: AT, syncedWith: null },
  self: belonging,
}
const credential: Credential = {
  schema: 'x0.credential/v1',
  network: name,
  x0Id: X0,
  ...belonging,
  serial: '0'.repeat(32),
  notBefore: AT,
  renewAt: AT,
  secondsLeft: 1,
  revoked: false,
  lastRenewal: null,
}
const invite = { id: 'i1', name: null, groups: ['ops'], uses: 1, expiresAt: AT }
const decided = (decision: PendingDecision['decision']): PendingDecision => {
  return { schema: 'x0.pending-decision/v1', x0Id: X0, name: 'laptop', decision }
}
const revocation = { x0Id: X0, issuer: X0, reason: 'stolen', at: AT }

/** The network of a node that stands still. */
export const fakeNetwork: NetworkView = {
  network: () => network,
  create: async ({ name: asked }) => ({ ...network, network: { ...name, name: asked } }),
  async join({ line }) {
    if (line === 'nonsense') throw new NodeFault('invite-invalid', 'that is no invite')
    return { schema: 'x0.join/v1', state: 'joined', network: name, ...belonging, via: '/ip4/127.0.0.1/tcp/1', retryAfterMs: null }
  },
  leave: async () => ({ ...network, isDefault: true }),
  invite: async () => ({ schema: 'x0.invite/v1', line: 'x0i-secret', ...invite }),
  invites: async () => ({ schema: 'x0.invites/v1', invites: [{ ...invite, used: 0, withdrawn: false }] }),
  async withdrawInvite() {
    throw new NodeFault('invite-unknown', 'there is no such invite')
  },
  pending: async () => ({
    schema: 'x0.pending/v1',
    requests: [{ x0Id: X0, name: 'laptop', note: 'me', address: null, since: AT, lastAskedAt: AT }],
  }),
  accept: async () => decided('accepted'),
  ignore: async () => decided('ignored'),
  members: async () => ({
    schema: 'x0.members/v1',
    network: name,
    members: [{ x0Id: X0, name: 'hub', spiffeId: 'spiffe://fleet/node/hub', groups: [], weight: 1, self: false, up: true }],
    nodes: [{ x0Id: X0, ...belonging, self: true, up: false }],
  }),
  credential: () => credential,
  renew: async () => credential,
  revoke: async () => ({ schema: 'x0.revocation/v1', ...revocation }),
  revocations: () => ({ schema: 'x0.revocations/v1', digest: ID, revocations: [revocation] }),
}
