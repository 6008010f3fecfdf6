// The table for people. Numbers have three digits that count: the rest is noise.

import type { Row } from './row.ts'

const number = (value: number): string =>
  value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: false })

const NOTES = [
  'ratio: median over the rounds of subject / reference in the same round; below 1 is better than the reference, of frames/s above 1.',
  'spread: largest minus smallest ratio of a round. A row without a goal is there to be read only.',
]

export const isMet = ({ ratio, goal }: Row): boolean | null => (goal === null ? null : ratio <= goal)

function cellsOf(row: Row): string[] {
  const met = isMet(row)
  return [
    row.id,
    row.subject,
    row.reference,
    row.unit,
    number(row.subjectMedian),
    number(row.referenceMedian),
    row.ratio.toFixed(2),
    row.spread.toFixed(2),
    row.goal === null ? '' : `≤ ${number(row.goal)}`,
    met === null ? '' : met ? 'met' : 'not met',
  ]
}

const HEADS = ['row', 'subject', 'reference', 'unit', 'subject', 'reference', 'ratio', 'spread', 'goal', '']
/** The first of the columns with numbers, which stand to the right. */
const NUMBERS = { from: 4, to: 8 }

export function formatTable(rows: readonly Row[]): string {
  const lines = [HEADS, ...rows.map(cellsOf)]
  const widths = HEADS.map((_, at) => Math.max(...lines.map((cells) => (cells[at] as string).length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => {
        const width = widths[at] as number
        return at >= NUMBERS.from && at < NUMBERS.to ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  return [line(HEADS), rule, ...lines.slice(1).map(line), '', ...NOTES].join('\n')
}
