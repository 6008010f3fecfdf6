// Each scenario: what was tried, what came of it, and what went over the wire.

import type { Report, ScenarioReport } from '../report.ts'
import { type Content, type Markup, markup } from './markup.ts'
import { transcriptMarkup } from './transcript.ts'
import { anchor, badge, duration } from './verdicts.ts'

const step = (text: string): Markup => {
  const [, keyword = '', rest = text] = /^(Given|When|Then|And|But|\*) (.*)$/s.exec(text) ?? []
  return markup`<li><b>${keyword}</b> <span>${rest}</span></li>`
}

/** The command that runs this scenario alone, where it says something new. */
function again({ id, verdict }: ScenarioReport, { command, implementation }: Report): Content {
  if (verdict === 'pass' || verdict === 'informational') return undefined
  const subject = implementation.url === undefined ? 'implementation.json' : `--relay ${implementation.url}`
  const words = command === 'matrix' ? 'a.json b.json' : subject
  return markup`<p class="again">Alone: <code>happy-remote-conformance ${command} ${words} --filter ${id}</code></p>`
}

function scenarioMarkup(scenario: ScenarioReport, report: Report, transcript: string): Markup {
  const { id, name, rule, verdict, message, knownFailure, milliseconds, requirements, levels, text } = scenario
  const isGood = verdict === 'pass' || verdict === 'not-applicable'
  return markup`<details class="scenario" id="${anchor(id)}" data-verdict="${verdict}"${isGood ? '' : markup` open`}>
<summary>${badge(verdict)}<span class="name">${name}</span><span class="time">${duration(milliseconds)}</span></summary>
<div class="body">
${message !== undefined && markup`<p class="why ${verdict}">${message}</p>`}
${knownFailure !== undefined && markup`<p class="known">Known failure: ${knownFailure}</p>`}
${rule !== '' && markup`<p class="rule">${rule}</p>`}
<ul class="steps">${text.map(step)}</ul>
<p class="ids">${requirements.map((each, i) => markup`<a href="#${each}"><code>${each}</code></a> <small>${levels[i]}</small> `)}</p>
${again(scenario, report)}
${transcriptMarkup(transcript, scenario.transcript, isGood)}
</div></details>`
}

/** A feature, of a role; in a matrix the cell, because each has the same scenarios. */
export const groupTitle = ({ id, role, feature }: ScenarioReport): string =>
  role === 'interop' ? id.slice(id.indexOf('/') + 1, id.lastIndexOf('/')).replaceAll('+', ' × ') : feature
export const groupName = (scenario: ScenarioReport): string => `${scenario.role}: ${groupTitle(scenario)}`
export const groupId = (name: string): string => `group-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`

export function scenariosMarkup(report: Report, transcripts: ReadonlyMap<string, string>): Content {
  const { scenarios } = report
  if (scenarios.length === 0) return undefined
  const groups = [...Map.groupBy(scenarios, groupName)].map(([name, members]) => {
    const [first] = members
    return markup`<section class="group" id="${groupId(name)}"><h3><small>${first?.role}</small> ${first && groupTitle(first)}</h3>
${members.map((each) => scenarioMarkup(each, report, transcripts.get(each.transcript ?? '') ?? ''))}</section>`
  })
  return markup`<section id="scenarios"><h2>${report.command === 'vectors' ? 'Vectors' : 'Scenarios'}</h2>
<form class="filter" hidden><input type="search" placeholder="Part of a name, an id, a message" aria-label="Filter scenarios"><span class="kinds"></span><button type="button" data-fold="open">Unfold</button><button type="button" data-fold="">Fold</button><output></output></form>
${groups}</section>`
}
