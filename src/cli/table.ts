import { stripVTControlCharacters } from 'node:util'

/** One cell: plain text, or text that is coloured after it was measured. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string }

/** Spaces between two columns. */
const GAP = '  '

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text)

/** Columns, wide enough for their longest cell, the last one not padded. Ends with a newline. */
export function table(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  paintHeader: (text: string) => string,
): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => width(row[column] ?? ''))))
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, column) => {
        const text = textOf(cell)
        const padding = column === cells.length - 1 ? '' : ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)))
        return `${typeof cell === 'string' ? text : cell.paint(text)}${padding}`
      })
      .join(GAP)
  return [header.map((title) => ({ text: title, paint: paintHeader })), ...rows].map((cells) => `${line(cells)}\n`).join('')
}

/** Names and values, one pair a line, the values aligned. Several values of one name stand below each other. */
export function fields(pairs: readonly (readonly [name: string, value: Cell | readonly Cell[]])[]): string {
  const widest = Math.max(...pairs.map(([name]) => name.length))
  return pairs
    .flatMap(([name, value]) => {
      const cells = typeof value === 'string' || 'text' in value ? [value] : value
      return (cells.length === 0 ? ['-'] : cells).map((cell, index) => {
        const text = typeof cell === 'string' ? cell : cell.paint(cell.text)
        return `${(index === 0 ? name : '').padEnd(widest)}${GAP}${text}\n`
      })
    })
    .join('')
}

function width(cell: Cell): number {
  return [...stripVTControlCharacters(textOf(cell))].length
}
