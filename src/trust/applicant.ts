import type { CryptoBackend } from '../crypto/backend.ts'
import { compositePublicKey } from '../crypto/composite.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import type { PublicIdentity } from '../identity/node-identity.ts'
import { encodeSuccessor, type SuccessorStatement } from '../identity/rotation.ts'
import { decodeGenesis, type Genesis } from './genesis.ts'
import type { Invite } from './invite.ts'
import type { AdmittedAnswer } from './join-answer.ts'
import { encodeJoinRequest } from './join-request.ts'
import { Membership, type Standing } from './membership.ts'
import { signRedemption } from './token.ts'
import { TrustError } from './trust-error.ts'

/** The request that redeems an invite for these keys. @throws TrustError `bad-message` for a name that no node has */
export async function redeemRequest(
  backend: CryptoBackend,
  identity: PublicIdentity,
  invite: Pick<Invite, 'networkId' | 'issuer' | 'secret'>,
  name?: string,
): Promise<Uint8Array> {
  const { networkId, issuer, secret } = invite
  const signed = await signRedemption(backend, secret, { networkId, issuer, applicantId: identity.x0Id, name })
  return encodeJoinRequest({ kind: 'redeem', networkId, applicantKey: compositePublicKey(identity), issuer, name, ...signed })
}

/**
 * A knock without an invite; to be sent again until it is decided.
 * @throws TrustError `bad-message` for a name that no node has, or a note that is too long or cannot be printed
 */
export function askRequest(
  identity: PublicIdentity,
  asked: { readonly networkId?: Uint8Array; readonly name?: string; readonly note?: string },
): Uint8Array {
  const { networkId, name, note = '' } = asked
  return encodeJoinRequest({ kind: 'ask', networkId, applicantKey: compositePublicKey(identity), name, note })
}

export function renewRequest(identity: PublicIdentity, networkId: Uint8Array, credential: Uint8Array): Uint8Array {
  return encodeJoinRequest({ kind: 'renew', networkId, applicantKey: compositePublicKey(identity), credential })
}

/** `identity` are the new keys, `credential` that of the old ones. */
export function succeedRequest(
  identity: PublicIdentity,
  networkId: Uint8Array,
  statement: SuccessorStatement,
  credential: Uint8Array,
): Uint8Array {
  const applicantKey = compositePublicKey(identity)
  return encodeJoinRequest({ kind: 'succeed', networkId, applicantKey, statement: encodeSuccessor(statement), credential })
}

/** What an applicant has got when it was let in. */
export interface Admission {
  readonly genesis: Genesis
  /** As it was received; undefined where none is needed. */
  readonly credential: Uint8Array | undefined
  /** Of this node itself. */
  readonly standing: Standing
}

/**
 * Checks what an applicant was given, which may have come through anybody's hands: that the genesis is that of the network it
 * wants to be in (undefined: of any), and that the credential would let it in.
 * @throws TrustError `bad-genesis`, `bad-credential`
 */
export function checkAdmission(
  backend: CryptoBackend,
  answer: AdmittedAnswer,
  expected: { readonly networkId: Uint8Array | undefined; readonly x0Id: Uint8Array },
  now: number,
): Admission {
  const genesis = decodeGenesis(backend, answer.genesis)
  if (expected.networkId !== undefined && !equalBytes(genesis.id, expected.networkId)) {
    throw new TrustError('bad-genesis', 'the answer is about another network than the invite')
  }
  const { credential } = answer
  const judgement = new Membership({ backend, genesis }).judge({ x0Id: expected.x0Id, credential }, now)
  if ('standing' in judgement) return { genesis, credential, standing: judgement.standing }
  const clock = judgement.refusal === 'credential-early' || judgement.refusal === 'credential-expired'
  const hint = clock ? 'are the clocks of both machines right?' : 'turn to another member'
  throw new TrustError('bad-credential', `the credential that was given would let nobody in (${judgement.refusal}): ${hint}`)
}
