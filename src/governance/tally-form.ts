import { ByteWriter } from '../platform/byte-codec.ts'
import { failing, label, startReading } from './form.ts'
import { ID_BYTES, MAX_OPTIONS, MAX_TALLY_BYTES } from './limits.ts'
import type { Outcome, Tally } from './tally.ts'

const LABEL = label('x0-tally/1\0')
/** The number of an outcome is its place here. */
const OUTCOMES: readonly Outcome[] = ['passed', 'rejected', 'no-quorum', 'vetoed', 'tied', 'cancelled', 'void']
/** Stands where no option won. */
const NO_WINNER = 0xff

const fail = failing('bad-tally')

/** The canonical form of a tally, for records and to compare by hash; the layout is in docs/governance.md. */
export function encodeTally({ outcome, winner, figures, root }: Tally): Uint8Array {
  const writer = new ByteWriter().bytes(LABEL).bytes(root)
  writer.u8(OUTCOMES.indexOf(outcome)).u8(winner ?? NO_WINNER)
  for (const figure of [figures.electorate, figures.cast, figures.abstain, figures.yes, figures.no, figures.veto]) {
    writer.u32(figure)
  }
  writer.u8(figures.options.length)
  for (const figure of figures.options) writer.u32(figure)
  return writer.u16(figures.voters).u16(figures.voidVoters).u16(figures.revokedVoters).finish()
}

/**
 * Reads a tally: its form, not whether it is the right one. Each has exactly one encoding.
 * @throws GovernanceError `bad-tally`
 */
export function decodeTally(bytes: Uint8Array): Tally {
  const { reader } = startReading(bytes, LABEL, MAX_TALLY_BYTES, fail)
  const root = reader.bytes(ID_BYTES)
  const outcome = OUTCOMES[reader.u8()]
  const winner = reader.u8()
  const [electorate, cast, abstain] = [reader.u32(), reader.u32(), reader.u32()]
  const [yes, no, veto] = [reader.u32(), reader.u32(), reader.u32()]
  const options = reader.list(MAX_OPTIONS, () => reader.u32())
  const [voters, voidVoters, revokedVoters] = [reader.u16(), reader.u16(), reader.u16()]
  reader.end()
  if (outcome === undefined) throw fail('no outcome')
  if (winner !== NO_WINNER && (outcome !== 'passed' || winner >= options.length)) throw fail('a winner that did not stand')
  const figures = { electorate, cast, abstain, yes, no, veto, options, voters, voidVoters, revokedVoters }
  return { outcome, winner: winner === NO_WINNER ? undefined : winner, figures, root }
}
