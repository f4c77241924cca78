import type { BallotSet } from './ballot-set.ts'
import type { Choice } from './choice.ts'
import { type ElectorateSnapshot, positionOf } from './electorate.ts'
import { integerRoot } from './integer-root.ts'
import { WHOLE } from './limits.ts'
import type { Proposal } from './proposal.ts'
import { optionsOf } from './question.ts'
import type { Rules } from './rules.ts'
import type { Vote } from './vote.ts'
import { countedBallot } from './voter-ballots.ts'

/**
 * - `passed`: yes, or an option won.
 * - `rejected`: not more than the threshold.
 * - `no-quorum`: too few voted.
 * - `vetoed`: more than the veto threshold.
 * - `tied`: two options or more have the highest figure, so that none won.
 * - `cancelled`: by its author.
 * - `void`: its author signed two proposals for one slot.
 */
export type Outcome = 'passed' | 'rejected' | 'no-quorum' | 'vetoed' | 'tied' | 'cancelled' | 'void'

/** Sums of weight, but for the counts of heads. Whole numbers below 2^53, see below. */
export interface Figures {
  /** Of everybody who may vote, the revoked included. */
  readonly electorate: number
  /** Of everybody whose ballot counts, abstentions included. */
  readonly cast: number
  readonly abstain: number
  /** To `yes-no`; a veto is not among the noes. Zero for other kinds. */
  readonly yes: number
  readonly no: number
  readonly veto: number
  /** By option: weight, and for `quadratic` weight times votes. Empty for `yes-no`. */
  readonly options: readonly number[]
  /** Heads: whose ballot counts. */
  readonly voters: number
  /** Heads: who signed two ballots for one revision. */
  readonly voidVoters: number
  /** Heads: whose ballot does not count since they were revoked before the closing. */
  readonly revokedVoters: number
}

export interface Tally {
  readonly outcome: Outcome
  /** Place of the option that won; undefined where none did, and for `yes-no`. */
  readonly winner: number | undefined
  readonly figures: Figures
  /** Of the set of ballots that was counted, 32 bytes. */
  readonly root: Uint8Array
}

/*
 * Every number here is whole and below 2^53, where JavaScript's numbers are exact: at most 1,024 voters of weight 1,000 with
 * 100 votes each give 102,400,000, and times 10,000 for a comparison of shares 1.03 * 10^12. Nothing is divided: shares
 * are compared by multiplying crosswise.
 */

/**
 * Counts `ballots`, the same on every node whatever order they came in: a set has no order. `isRevoked` tells who is not
 * a member any more at the height that closes the proposal (by index): such ballots do not count, and the quorum is
 * still one of the whole electorate.
 * @throws RangeError where proposal, electorate and ballots do not belong together: our own mistake
 */
export function tally(
  proposal: Proposal,
  electorate: ElectorateSnapshot,
  ballots: BallotSet<Vote>,
  isRevoked: (index: number) => boolean,
): Tally {
  if (electorate.voters.length !== ballots.voterCount || positionOf(electorate, proposal.author) === undefined) {
    throw new RangeError('a proposal, an electorate and ballots that do not belong together')
  }
  const root = ballots.root()
  if (ballots.isVoid) return { outcome: 'void', winner: undefined, figures: noFigures(proposal, electorate), root }
  const figures = count(proposal, electorate, ballots, isRevoked)
  if (ballots.isCancelled) return { outcome: 'cancelled', winner: undefined, figures, root }
  return { ...judge(proposal, figures), figures, root }
}

function noFigures(proposal: Proposal, { weight }: ElectorateSnapshot): Figures {
  const options = optionsOf(proposal.question).map(() => 0)
  const heads = { voters: 0, voidVoters: 0, revokedVoters: 0 }
  return { electorate: weight, cast: 0, abstain: 0, yes: 0, no: 0, veto: 0, options, ...heads }
}

function count(
  proposal: Proposal,
  electorate: ElectorateSnapshot,
  ballots: BallotSet<Vote>,
  isRevoked: (index: number) => boolean,
): Figures {
  const figures = { ...noFigures(proposal, electorate), options: optionsOf(proposal.question).map(() => 0) }
  electorate.voters.forEach(({ index, weight }, position) => {
    const voter = ballots.voter(position)
    const ballot = countedBallot(voter)
    if (voter.kind === 'void') figures.voidVoters += 1
    if (ballot === undefined) return
    if (isRevoked(index)) {
      figures.revokedVoters += 1
      return
    }
    figures.voters += 1
    figures.cast += weight
    const { choice } = ballot
    if (choice.form === 'abstain' || choice.form === 'yes' || choice.form === 'no' || choice.form === 'veto') {
      figures[choice.form] += weight
    }
    for (const [option, votes] of votesFor(choice)) figures.options[option] = (figures.options[option] ?? 0) + weight * votes
  })
  return figures
}

/** How many votes a choice gives to which options: for `quadratic` the whole root of the credits. */
export function votesFor(choice: Choice): readonly (readonly [option: number, votes: number])[] {
  switch (choice.form) {
    case 'option':
      return [[choice.option, 1]]
    case 'approve':
      return choice.options.map((option) => [option, 1])
    case 'spend':
      return choice.spending.map(({ option, credits }) => [option, integerRoot(credits)])
    default:
      return []
  }
}

function judge(proposal: Proposal, figures: Figures): Pick<Tally, 'outcome' | 'winner'> {
  const { question, rules } = proposal
  const outcome = (name: Outcome, winner?: number): Pick<Tally, 'outcome' | 'winner'> => ({ outcome: name, winner })
  if (figures.cast * WHOLE < rules.quorum * figures.electorate) return outcome('no-quorum')
  if (question.kind === 'yes-no') return outcome(judgeYesNo(figures, rules))
  const best = Math.max(...figures.options)
  // nobody took a side: there is no option that more were for than for another
  if (figures.options.filter((figure) => figure === best).length > 1) return outcome('tied')
  const winner = figures.options.indexOf(best)
  if (question.options[winner]?.effects.length === 0) return outcome('passed', winner)
  // of the voters who took a side; for `quadratic` of the votes that were given
  const whole = question.kind === 'quadratic' ? sum(figures.options) : figures.cast - figures.abstain
  return isMoreThan(best, rules.threshold, whole) ? outcome('passed', winner) : outcome('rejected')
}

function judgeYesNo({ yes, no, veto, cast }: Figures, rules: Rules): Outcome {
  if (isMoreThan(veto, rules.vetoThreshold, cast)) return 'vetoed'
  return isMoreThan(yes, rules.threshold, yes + no + veto) ? 'passed' : 'rejected'
}

/** Whether `part` is more than `share` ten-thousandths of `whole`. A tie is not more. */
function isMoreThan(part: number, share: number, whole: number): boolean {
  return part * WHOLE > share * whole
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0)
}
