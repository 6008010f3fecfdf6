// The interop matrix: one table of agents and controllers for each relay, letters in the cells.

import { isGreen, rowsOf } from '../cells.ts'
import type { Cell, Matrix } from '../matrix.ts'
import type { Report } from '../report.ts'
import { type Content, type Markup, markup } from './markup.ts'
import { anchor } from './verdicts.ts'

const COLOURS = { '✓': 'pass', '✕': 'fail', '?': 'untestable' } as const

function cellMarkup(cell: Cell, report: Report): Markup {
  const rows = rowsOf(cell, report).map(({ sign, meaning, entries }) => {
    const letters = entries.map(
      ({ letter, scenario }) =>
        markup` <a href="#${anchor(scenario.id)}" title="${meaning}: ${scenario.name}">${letter}</a>`,
    )
    return markup`<p class="${COLOURS[sign]}"><i aria-label="${meaning}">${sign}</i>${letters}</p>`
  })
  return markup`<td data-cell="${cell.relay} × ${cell.agent} × ${cell.controller}">${rows}</td>`
}

function relayMarkup(relay: string, cells: readonly Cell[], report: Report): Markup {
  const agents = [...new Set(cells.map(({ agent }) => agent))]
  const controllers = [...new Set(cells.map(({ controller }) => controller))]
  const row = (agent: string) => {
    const inRow = controllers.map((controller) => {
      const cell = cells.find((each) => each.agent === agent && each.controller === controller)
      return cell ? cellMarkup(cell, report) : markup`<td class="none">·</td>`
    })
    return markup`<tr><th scope="row"><small>agent</small> ${agent}</th>${inRow}</tr>`
  }
  const head = controllers.map((each) => markup`<th scope="col"><small>controller</small> ${each}</th>`)
  return markup`<figure class="cells"><figcaption><small>relay</small> ${relay}</figcaption>
<div class="scroll"><table><thead><tr><td></td>${head}</tr></thead>
<tbody>${agents.map(row)}</tbody></table></div></figure>`
}

function lettersMarkup({ letters }: Matrix): Markup {
  const shown = letters.map(
    ({ letter, feature, name }) => markup`<div><dt>${letter}</dt><dd><b>${feature}</b> ${name}</dd></div>`,
  )
  return markup`<dl class="letters">${shown}</dl>`
}

export function matrixMarkup(report: Report): Content {
  const { matrix } = report
  if (!matrix) return undefined
  const green = matrix.cells.filter((each) => isGreen(each, report)).length
  const byRelay = [...Map.groupBy(matrix.cells, ({ relay }) => relay)]
  return markup`<section id="matrix"><h2>Interop matrix</h2>
<p class="lead"><b>${green} of ${matrix.cells.length}</b> cells pass everything. No scripted peer is in the way: each cell is three programs that meet.</p>
${matrix.findings.map((each) => markup`<p class="why fail">${each}</p>`)}
<div class="tables">${byRelay.map(([relay, cells]) => relayMarkup(relay, cells, report))}</div>
${lettersMarkup(matrix)}</section>`
}
