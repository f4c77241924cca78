import { CHECK_CREDIT, CREDIT_BACK_MS, MAX_CHECKS, MAX_CHECKS_PER_MEMBER, MAX_CREDITED_PEERS } from './limits.ts'

/** A signature that is being checked. */
interface Running {
  readonly peer: string
  readonly member: number
}

/** What a peer has lost by signatures that did not hold. */
interface Debt {
  /** Milliseconds until all of it is paid off, counted from `at`: one credit is worth CREDIT_BACK_MS of them. */
  readonly ms: number
  readonly at: number
}

/** Who has what checked, and who brought what was forged. Counters alone: whole numbers, no clock of its own. */
export interface CheckCredit {
  /** By `key`. */
  readonly running: ReadonlyMap<string, Running>
  readonly debts: ReadonlyMap<string, Debt>
}

export type CheckRefusal = 'busy' | 'peer-busy' | 'member-busy'

export const NO_CHECKS: CheckCredit = { running: new Map(), debts: new Map() }

/** One check of one peer for one body: a second copy from the same peer waits for the first to be judged. */
export function checkKey(idHex: string, peer: string): string {
  return `${idHex} ${peer}`
}

/** Takes a credit of the peer and a place of the member, or says which is missing. */
export function startCheck(
  credit: CheckCredit,
  key: string,
  peer: string,
  member: number,
  now: number,
): { readonly credit: CheckCredit } | { readonly refusal: CheckRefusal } {
  const running = [...credit.running.values()]
  if (running.length >= MAX_CHECKS) return { refusal: 'busy' }
  const lost = Math.ceil(owed(credit, peer, now) / CREDIT_BACK_MS)
  const ofPeer = running.filter((other) => other.peer === peer).length
  if (ofPeer + lost >= CHECK_CREDIT || credit.running.has(key)) return { refusal: 'peer-busy' }
  if (running.filter((other) => other.member === member).length >= MAX_CHECKS_PER_MEMBER) return { refusal: 'member-busy' }
  return { credit: { ...credit, running: new Map(credit.running).set(key, { peer, member }) } }
}

/** Gives back what `startCheck` took; a signature that does not hold costs the peer a credit for a second. */
export function endCheck(credit: CheckCredit, key: string, holds: boolean, now: number): CheckCredit {
  const entry = credit.running.get(key)
  if (entry === undefined) return credit
  const running = new Map(credit.running)
  running.delete(key)
  if (holds) return { ...credit, running }
  const debts = new Map(credit.debts)
  // put at the end: a map keeps the order of insertion, which makes it a queue by the last fault
  debts.delete(entry.peer)
  debts.set(entry.peer, { ms: owed(credit, entry.peer, now) + CREDIT_BACK_MS, at: now })
  for (const oldest of debts.keys()) {
    if (debts.size <= MAX_CREDITED_PEERS) break
    debts.delete(oldest)
  }
  return { running, debts }
}

/** Forgets debts that are paid off. */
export function forgetPaid(credit: CheckCredit, now: number): CheckCredit {
  const debts = new Map([...credit.debts].filter(([peer]) => owed(credit, peer, now) > 0))
  return debts.size === credit.debts.size ? credit : { ...credit, debts }
}

function owed(credit: CheckCredit, peer: string, now: number): number {
  const debt = credit.debts.get(peer)
  // a clock that was set back does not make a debt longer
  return debt === undefined ? 0 : Math.max(0, debt.ms - Math.max(0, now - debt.at))
}
