/**
 * Why somebody is not let in, and what that tells the applicant. The number on the wire is the place here and one: only
 * ever add at the end.
 */
const TEXTS = {
  malformed: 'this request is not one that this version of x0 understands',
  busy: 'this node has too much to do just now: try again in a minute',
  'wrong-network': 'this node is in another network: is the invite the right one?',
  'key-mismatch': 'the request is for other keys than those of the node that brings it',
  revoked: 'this key was revoked in this network, for ever: make new keys (x0 init in another home) and ask for a new invite',
  'invite-unknown': 'the member does not know this invite any more: ask for a new one',
  'invite-used': 'this invite was used already, by another node or all of its times: ask for a new one',
  'invite-expired': 'this invite has expired: ask for a new one',
  'invite-withdrawn': 'this invite was withdrawn: ask for a new one',
  'invite-forged': 'the signature of the invite does not hold: copy the whole line again',
  'issuer-away': 'the member that made this invite cannot be reached just now: try again later',
  'name-taken': 'another node of the network has this name: choose another with --name',
  'name-required': 'the invite gives no name: choose one with --name',
  'bad-name': 'the invite is for another name: join without --name',
  'not-a-sponsor': 'this node may let nobody in: turn to a member',
  'not-forwarded': 'nobody can knock for another: connect to a member directly',
  'ask-ignored': 'an operator has chosen not to answer this node',
  'too-many-asks': 'too many nodes wait for an answer already: try again later, or ask for an invite',
  'admission-by-vote': 'members decide by vote, and this version of x0 has no votes yet',
  'credential-malformed': 'the credential is none that this version of x0 can read',
  'credential-forged': 'the signature of the credential does not hold',
  'credential-expired': 'the credential has expired: ask for a new invite',
  'credential-early': 'the credential is not valid yet: are the clocks of both machines right?',
  'credential-foreign': 'the credential is of another network',
  'credential-mismatch': 'the credential is of another node',
  'issuer-unknown': 'who signed the credential is no member',
  'statement-bad': 'the successor statement does not hold',
  'founder-key': 'the keys of a founder stand in the genesis: they cannot be replaced',
  'issued-full': 'this member has issued as many credentials as it keeps: turn to another member',
  'catching-up': 'this node has just started and still learns who was revoked meanwhile: try again in a minute',
  'policy-denied': 'the policy of this member does not let this node renew: ask its operator, or another member',
} as const

export type JoinRefusal = keyof typeof TEXTS

/** Whether an object's own keys are exactly these: TypeScript knows, Object.keys forgets. */
function isRefusal(code: string): code is JoinRefusal {
  return Object.hasOwn(TEXTS, code)
}

export const JOIN_REFUSALS: readonly JoinRefusal[] = Object.keys(TEXTS).filter(isRefusal)

/** A sentence for the applicant's operator. */
export function refusalText(code: JoinRefusal): string {
  return TEXTS[code]
}
