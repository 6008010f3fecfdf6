// The interop matrix as a terminal shows it: a table of agents and controllers for each relay. Relays whose
// tables are the same share one.

import { cellText } from './cells.ts'
import type { Cell } from './matrix.ts'
import type { Report } from './report.ts'

const GAP = '   '

function tableOf(cells: readonly Cell[], textOf: (cell: Cell | undefined) => string): string[] {
  const agents = [...new Set(cells.map(({ agent }) => agent))]
  const controllers = [...new Set(cells.map(({ controller }) => controller))]
  const rows = [
    ['', ...controllers.map((name) => `controller ${name}`)],
    ...agents.map((agent) => [
      `agent ${agent}`,
      ...controllers.map((name) => textOf(cells.find((each) => each.agent === agent && each.controller === name))),
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) => `  ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(GAP)}`.trimEnd())
}

export function* matrixLines({ matrix, scenarios }: Report): Generator<string> {
  if (!matrix || matrix.cells.length === 0) return
  const verdicts = new Map(scenarios.map(({ id, verdict }) => [id, verdict]))
  const textOf = (cell: Cell | undefined): string =>
    cellText(
      (cell?.scenarios ?? []).flatMap(({ letter, id }) => {
        const verdict = verdicts.get(id)
        return verdict ? [{ letter, verdict }] : []
      }),
    ) || '·'
  const byTable = Map.groupBy(
    [...Map.groupBy(matrix.cells, ({ relay }) => relay)].map(([relay, cells]) => ({
      relay,
      lines: tableOf(cells, textOf),
    })),
    ({ lines }) => lines.join('\n'),
  )
  for (const alike of byTable.values()) {
    yield `relay ${alike.map(({ relay }) => relay).join(', and the same with ')}`
    yield* alike[0]?.lines ?? []
    yield ''
  }
  const used = new Set(matrix.cells.flatMap(({ scenarios: own }) => own.map(({ letter }) => letter)))
  for (const { letter, name } of matrix.letters) if (used.has(letter)) yield `  ${letter.padEnd(3)} ${name}`
  yield ''
  for (const finding of matrix.findings) yield `finding: ${finding}`
}
