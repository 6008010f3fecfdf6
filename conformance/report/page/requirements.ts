// Each requirement, by chapter: its sentence, the worst verdict, and the scenarios that are about it.

import type { Report } from '../report.ts'
import { type Content, type Markup, markup, sentenceMarkup } from './markup.ts'
import { badge, square } from './verdicts.ts'

type Requirement = Report['requirements'][number]

/** Ids begin with the name of their chapter. */
const chapterOf = ({ id }: Requirement): string => id.slice(0, id.indexOf('.'))

function requirementMarkup(requirement: Requirement, { spec, scenarios }: Report): Markup {
  const { id, level, verdict, text, notScored } = requirement
  const name = markup`<code>${id}</code>`
  const href = spec.url === undefined ? undefined : `${spec.url}/${chapterOf(requirement)}.md#${id}`
  const about = scenarios.filter((each) => requirement.scenarios.includes(each.id))
  return markup`<li id="${id}" class="requirement">
<div>${badge(verdict)} <small>${level}</small></div>
<div><p class="id">${href === undefined ? name : markup`<a href="${href}" title="the sentence in the spec">${name}</a>`}${notScored !== undefined && markup` <small>not scored: ${notScored}</small>`}</p>
${text !== undefined && markup`<p>${sentenceMarkup(text)}</p>`}</div>
<div class="squares">${about.map((each) => square(each.verdict, each.id, each.name))}</div>
</li>`
}

export function requirementsMarkup(report: Report): Content {
  const { requirements } = report
  if (requirements.length === 0) return undefined
  const chapters = [...Map.groupBy(requirements, chapterOf)].map(([chapter, members]) => {
    const tested = members.filter(({ verdict }) => verdict !== 'not-tested')
    return markup`<section class="chapter" id="chapter-${chapter}"><h3>${chapter}.md <small>${tested.length} of ${members.length} tested</small></h3>
<details${tested.length > 0 && markup` open`}><summary>${members.map((each) => square(each.verdict, each.id, each.id))}</summary>
<ul class="requirements">${members.map((each) => requirementMarkup(each, report))}</ul></details></section>`
  })
  return markup`<section id="requirements"><h2>Requirements</h2>
<p class="lead">Each sentence of the spec that binds ${report.command === 'matrix' ? 'these programs' : 'the roles of this run'}, with the worst verdict of the scenarios that are about it.</p>
${chapters}</section>`
}
