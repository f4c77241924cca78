import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChannelEvent } from '../../src/channel/channel-event.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { recordingRevocations, recordRefusal, recordSponsorEvent } from '../../src/node/audit-records.ts'
import type { NodeEvent } from '../../src/observe/event.ts'
import { AUDIT_KINDS, type Audit, type AuditData, type AuditKind } from '../../src/trust/audit/kinds.ts'
import { founderOf, networkOf, revocationFor, someone } from '../trust/people.ts'

interface Recorded {
  readonly kind: AuditKind
  readonly data: AuditData
  readonly source: string | undefined
}

function trail(): { readonly audit: Audit; readonly recorded: Recorded[] } {
  const recorded: Recorded[] = []
  return { audit: { record: (kind, data, source) => void recorded.push({ kind, data, source }) }, recorded }
}

const refused = (code: 'not-admitted' | 'decrypt-failed' | 'timeout', by: 'self' | 'peer'): ChannelEvent => ({
  type: 'refused',
  role: 'responder',
  protocol: '/x0',
  code,
  by,
  message: 'no',
  remoteAddress: '/ip4/192.0.2.1/tcp/1',
  remotePeerId: '12D3',
  durationMs: 1,
})

test('who is turned away for who it is stands in the trail, by its source; a broken handshake and the word of a peer do not', () => {
  const { audit, recorded } = trail()
  recordRefusal(audit, refused('not-admitted', 'self'))
  recordRefusal(audit, refused('not-admitted', 'peer'))
  recordRefusal(audit, refused('decrypt-failed', 'self'))
  recordRefusal(audit, refused('timeout', 'self'))
  const data = { code: 'not-admitted', role: 'responder', peer: '12D3', address: '/ip4/192.0.2.1/tcp/1' }
  assert.deepEqual(recorded, [{ kind: 'admission.refused', data, source: '12D3' }])
})

test('what a member signs stands in the trail: credentials, used invites, revocations', async () => {
  const { audit, recorded } = trail()
  const anna = await someone()
  const lost = await someone()
  const genesis = networkOf([founderOf(anna, 'anna')])
  recordSponsorEvent(audit, { type: 'admitted', by: 'invite', x0Id: 'x0a', name: 'laptop', expiresAt: 0 })
  recordSponsorEvent(audit, { type: 'admitted', by: 'renewal', x0Id: 'x0a', name: 'laptop', expiresAt: 0 })
  recordSponsorEvent(audit, { type: 'asked', x0Id: 'x0b', name: undefined, note: '' })
  recordSponsorEvent(audit, { type: 'revoked', revocation: await revocationFor(anna, genesis, lost.x0Id, 'stolen') })
  assert.deepEqual(
    recorded.map(({ kind }) => kind),
    ['credential.issued', 'invite.used', 'credential.issued', 'revocation.made'],
  )
  assert.deepEqual(recorded.at(-1)?.data, { x0Id: formatX0Id(lost.x0Id), reason: 'stolen' })
  for (const { kind } of recorded) assert.ok(AUDIT_KINDS.includes(kind))
})

test('what others revoked is recorded when it is learned, and every event goes on', () => {
  const { audit, recorded } = trail()
  const told: Omit<NodeEvent, 'at'>[] = []
  const report = recordingRevocations(audit, (event) => told.push(event))
  const data = { x0Id: 'x0a', issuer: 'x0b', reason: 'stolen', self: false }
  report({ type: 'trust.revoked', level: 'warn', data: { ...data, source: 'gossip' } })
  report({ type: 'trust.revoked', level: 'warn', data: { ...data, source: 'self' } })
  report({ type: 'peer.up', level: 'info', data: {} })
  assert.equal(told.length, 3)
  assert.deepEqual(recorded, [
    { kind: 'revocation.learned', data: { x0Id: 'x0a', issuer: 'x0b', reason: 'stolen', source: 'gossip' }, source: undefined },
  ])
})
