import type { CryptoBackend } from '../../crypto/backend.ts'
import { equalBytes } from '../../crypto/constant-time.ts'
import type { Kept } from './audit-shelf.ts'
import { type AuditProblem, ChainCheck } from './chain-check.ts'
import { type SignedHead, verifyHead, x0IdOfHead } from './head.ts'

/** What is known of a trail after it was followed from its beginning to its end. */
export interface AuditReport {
  /** The first thing that is wrong; undefined where nothing is. */
  readonly problem: AuditProblem | undefined
  /** Entries that are good and follow each other, up to the problem. */
  readonly entries: number
  /** The numbers of the oldest and the newest of them. */
  readonly first: number
  readonly last: number
  /** Those behind what the head signs: they follow, and nothing proves that there were no others. */
  readonly unsigned: number
  /** Whose key has signed the head, 32 bytes; undefined where there is no head. */
  readonly x0Id: Uint8Array | undefined
  /** Ms since the Unix epoch. */
  readonly signedAt: number | undefined
}

/**
 * Follows a trail.
 * @param kept from the oldest on, in the order in which they are found
 * @param x0Ids who may have signed the head, 32 bytes each: a node, and its keys before; undefined: whoever's key stands in it
 */
export async function verifyTrail(
  backend: CryptoBackend,
  head: SignedHead | 'damaged' | undefined,
  kept: AsyncIterable<Kept>,
  x0Ids?: readonly Uint8Array[],
): Promise<AuditReport> {
  const signed = head === 'damaged' ? undefined : head
  const badHead = await headProblem(backend, head, x0Ids)
  const check = new ChainCheck(backend, badHead === undefined ? signed : undefined)
  let entries = 0
  for await (const [n, sealed] of kept) {
    if (badHead !== undefined) {
      // a trail without any entry needs no head
      entries += 1
      break
    }
    const entry = check.push(n, sealed)
    if (entry === undefined) break
    if (check.first !== undefined) entries += 1
  }
  const isEmpty = badHead?.fault === 'head-missing' && entries === 0
  const problem = badHead === undefined ? check.end() : isEmpty ? undefined : badHead
  return {
    problem,
    entries: badHead === undefined ? entries : 0,
    first: check.first ?? signed?.first ?? 1,
    last: check.last.n,
    unsigned: signed === undefined ? 0 : Math.max(0, check.last.n - signed.count),
    x0Id: signed === undefined ? undefined : x0IdOfHead(backend, signed),
    signedAt: signed?.at,
  }
}

/** What is wrong with a head; of a missing one, that it is missing. */
export async function headProblem(
  backend: CryptoBackend,
  head: SignedHead | 'damaged' | undefined,
  x0Ids: readonly Uint8Array[] | undefined,
): Promise<AuditProblem | undefined> {
  if (head === undefined) return { fault: 'head-missing', n: 1, message: 'nothing signed says how many entries there must be' }
  if (head === 'damaged') return { fault: 'head-forged', n: 1, message: 'what stands for the signed head is none' }
  if (!(await verifyHead(backend, head)))
    return { fault: 'head-forged', n: head.count, message: 'the head is not signed by the key in it' }
  const signer = x0IdOfHead(backend, head)
  if (x0Ids !== undefined && !x0Ids.some((one) => equalBytes(one, signer))) {
    return { fault: 'head-foreign', n: head.count, message: 'another node has signed the head' }
  }
  return undefined
}
