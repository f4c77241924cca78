import { ChannelRefusal, type RefusalCode, type RefusedBy } from './refusal.ts'

/** What the operator of the end that refuses can do about it. */
const OF_THE_PEER: Partial<Record<RefusalCode, string>> = {
  'pin-mismatch':
    'the peer proved another x0 id than the one seen at first contact: either its keys were replaced or somebody stands between',
  'x0-id-mismatch': 'the peer proved another x0 id than the one that was stated for it (bootstrap line, invite or credential)',
  'pin-frozen': 'two different successors were signed for this x0 id: one of its keys is in other hands; an operator must decide',
  'missing-authentication': 'the x0 id of this peer is known, so it must prove it with ML-DSA-65; it did not',
  'wrong-network': 'the peer belongs to another network: join it to this one with an invite, or take its line out of `bootstrap`',
  'not-admitted': 'the peer showed no credential of this network: it must join with an invite of a member',
  revoked: 'a member revoked the keys of this peer, for ever: it can come back with new keys and a new invite',
  blocked: 'this peer is blocked on this node: take the block away to let it in',
  'catching-up': 'this node has just started and does not know yet who was revoked: it admits peers when it has asked a member',
  'credential-malformed': 'the credential of the peer is not one that this version reads: give both nodes the same version',
  'credential-forged': 'the signature of the credential does not hold: it was altered or made up; a new invite makes a new one',
  'credential-expired':
    'the credential of the peer has expired: let it reach a member, which renews it, or invite it anew; if it is new, compare the clocks',
  'credential-early': 'the credential of the peer is not valid yet: the clock here or where it was issued is wrong',
  'credential-foreign': 'the credential of the peer is of another network: it must join this one with an invite of a member',
  'credential-mismatch':
    'the peer showed a credential of other keys than its own: it must join with an invite under its own keys',
  'issuer-unknown': 'the credential of the peer was issued by somebody who is no member here: a member must invite it anew',
}

/** What the operator of the end that was refused can do about it. */
const OF_OURSELVES: Partial<Record<RefusalCode, string>> = {
  'wrong-network': 'it belongs to another network: join that one with an invite, or take its line out of `bootstrap`',
  'not-admitted': 'it wants a credential of the network: join with an invite of a member',
  revoked: 'the keys of this node were revoked, for ever: make new keys and join with a new invite',
  blocked: 'this node is blocked there: its operator can take the block away',
  'catching-up': 'it has just started and does not know yet who was revoked: it will admit this node when it has asked a member',
  'credential-malformed': 'it cannot read the credential of this node: give both nodes the same version',
  'credential-forged': 'the signature of our credential does not hold there: join anew with an invite of a member',
  'credential-expired': 'our credential has expired: it is renewed when a member is reached; else join anew with an invite',
  'credential-early': 'our credential is not valid yet there: the clock there or where it was issued is wrong',
  'credential-foreign': 'our credential is of another network: join this one with an invite of a member',
  'credential-mismatch': 'our credential is of other keys than ours: join with an invite under the keys of this node',
  'issuer-unknown': 'it does not know who issued our credential as a member: join anew with an invite of a member',
}

/** A refusal for `code` with a message that says what to do about it, from the point of view of this end. */
export function explainedRefusal(code: RefusalCode, by: RefusedBy): ChannelRefusal {
  if (by === 'self') return new ChannelRefusal(code, OF_THE_PEER[code] ?? `refused: ${code}`)
  const advice = OF_OURSELVES[code]
  const because = advice === undefined ? code : `${code}: ${advice}`
  return new ChannelRefusal(code, `the peer refused this connection: ${because}`, { by })
}
