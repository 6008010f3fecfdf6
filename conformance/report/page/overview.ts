// The first page: the verdict, who was judged, the numbers, and what wants attention.

import { isMandatory } from '../../runner/requirements.ts'
import { failsRun, VERDICTS } from '../../runner/verdict.ts'
import type { Report, ScenarioReport } from '../report.ts'
import { type Content, type Markup, markup } from './markup.ts'
import { groupId, groupName, groupTitle } from './scenarios.ts'
import { anchor, badge, duration, legend, SHOWN, type Shown, sign, square } from './verdicts.ts'

const STAMPS = {
  passed: ['✓', 'Required set passed'],
  failed: ['✕', 'Required set failed'],
  'not-run': ['–', 'Not run'],
} as const

const short = (digest: string) => markup`<code title="${digest}">${digest.slice(0, 12)}</code>`
const row = (name: string, content: Content): Content =>
  content !== undefined && content !== false && markup`<div><dt>${name}</dt><dd>${content}</dd></div>`

function identity({ implementation, suite, spec, startedAt, milliseconds, options, command }: Report): Markup {
  const programs = implementation.roles.map(({ role, name, version, language, capabilities }) =>
    row(role, [
      `${name} ${version}, ${language}`,
      capabilities.length > 0 && markup` <small>${capabilities.join(', ')}</small>`,
    ]),
  )
  const told = [
    options.strict && '--strict',
    options.looseErrors && '--loose-errors',
    options.filter !== null && `--filter ${options.filter}`,
  ]
  const given = told.filter((each) => each !== false)
  return markup`<dl class="identity">
${row('address', implementation.url)}${row('homepage', implementation.homepage)}${programs}
${row('command', [command, given.length > 0 && ` ${given.join(' ')}`])}
${row('suite', `${suite.name} ${suite.version}`)}
${row('spec', ['wire version ', spec.protocol, ', requirements ', short(spec.requirements)])}
${row('vectors', spec.vectors !== null && short(spec.vectors))}
${row('when', [markup`<time datetime="${startedAt}">${startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time>`, `, took ${duration(milliseconds)}`])}
</dl>`
}

/** A bar whose parts are as wide as their counts, and the same in words. */
function numbers({ outcome, scenarios, command }: Report): Content {
  const counts = VERDICTS.filter((verdict) => outcome.counts[verdict] > 0).map(
    (verdict) => [verdict, outcome.counts[verdict]] as const,
  )
  if (counts.length === 0) return undefined
  const parts = counts.map(([verdict, count]) => markup`<span class="${verdict}" style="flex-grow:${count}"></span>`)
  const words = counts.map(([verdict, count]) => markup`<li><b>${count}</b> ${badge(verdict)}</li>`)
  return markup`<div class="numbers"><p class="total"><b>${scenarios.length}</b> ${command === 'vectors' ? 'cases' : 'scenarios'}</p>
<div class="bar" aria-hidden="true">${parts}</div><ul>${words}</ul></div>`
}

/** For each role: its requirements and its scenarios. */
function roles({ scenarios, requirements }: Report): Content {
  const all = [...new Set(scenarios.map(({ role }) => role))]
  if (all.length === 0) return undefined
  const rows = all.map((role) => {
    const own = scenarios.filter((each) => each.role === role)
    const ids = new Set(own.map(({ id }) => id))
    const cited = requirements.filter((each) => each.scenarios.some((id) => ids.has(id)))
    const musts = cited.filter(({ level }) => isMandatory(level))
    const met = musts.filter(({ verdict }) => verdict === 'pass' || verdict === 'informational')
    const passed = own.filter(({ verdict }) => verdict === 'pass')
    return markup`<tr><th scope="row">${role}</th><td><b>${passed.length}</b> of ${own.length}</td><td><b>${met.length}</b> of ${musts.length}</td><td>${cited.length - musts.length}</td><td>${duration(own.reduce((sum, { milliseconds }) => sum + milliseconds, 0))}</td></tr>`
  })
  return markup`<div class="scroll"><table class="roles"><thead><tr><th scope="col">role</th><th scope="col">scenarios that pass</th><th scope="col">MUST and MUST NOT met, of those tested</th><th scope="col">others tested</th><th scope="col">time of all</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function attention(report: Report): Content {
  const { outcome, scenarios, notYetInSuite, options } = report
  const failing = (each: ScenarioReport) => failsRun(each.verdict, options.strict) || each.verdict === 'suite-error'
  const bad = scenarios.filter((each) => failing(each) && each.knownFailure === undefined)
  const known = scenarios.filter(({ knownFailure }) => knownFailure !== undefined)
  const item = ({ verdict, id, name, message, knownFailure }: ScenarioReport) =>
    markup`<li><a href="#${anchor(id)}">${badge(verdict)}<span>${name}</span></a><small><code>${id}</code></small>${message !== undefined && markup`<p>${message}</p>`}${knownFailure !== undefined && markup`<p class="known">Known failure: ${knownFailure}</p>`}</li>`
  const remarks = [
    ...outcome.staleKnownFailures.map((id) => `Stale known failure: ${id} does not fail. Take it out.`),
    ...(notYetInSuite.length > 0
      ? [`This version of the suite has no scenarios for: ${notYetInSuite.join(', ')}.`]
      : []),
    ...(options.filter !== null ? [`Only a part was run: ${options.filter}. The rest is not judged.`] : []),
  ]
  return [
    bad.length > 0 && markup`<section class="attention"><h2>What fails</h2><ul>${bad.map(item)}</ul></section>`,
    known.length > 0 && markup`<section class="attention"><h2>Known failures</h2><ul>${known.map(item)}</ul></section>`,
    remarks.map((each) => markup`<p class="remark">${each}</p>`),
  ]
}

function featureRow([name, members]: [string, ScenarioReport[]]): Markup {
  const squares = members.map((each) => square(each.verdict, each.id, each.name))
  const passed = members.filter(({ verdict }) => verdict === 'pass').length
  return markup`<div><dt><a href="#${groupId(name)}">${members[0] && groupTitle(members[0])}</a></dt><dd class="squares">${squares}</dd><dd class="of">${passed}/${members.length}</dd></div>`
}

/** Every scenario as one square, a line for each feature. */
function map({ scenarios }: Report): Content {
  if (scenarios.length === 0) return undefined
  const byRole = Map.groupBy(scenarios, ({ role }) => role)
  const maps = [...byRole].map(([role, members]) => [
    byRole.size > 1 && markup`<h3>${role}</h3>`,
    markup`<dl class="map">${[...Map.groupBy(members, groupName)].map(featureRow)}</dl>`,
  ])
  const shown = (Object.keys(SHOWN) as Shown[]).filter((each) => scenarios.some(({ verdict }) => verdict === each))
  return markup`<section id="glance"><h2>At a glance</h2>${maps}${legend(shown)}</section>`
}

/** `matrix` comes before all that is about single scenarios. */
export function overviewMarkup(report: Report, matrix: Content): Markup {
  const { implementation, outcome } = report
  const [stampSign, stamp] = STAMPS[outcome.requiredSet]
  return markup`<header class="top">
<p class="suite">Happy Remote Control <span>conformance report</span></p>
<h1>${implementation.name}</h1>
<p class="stamp ${outcome.requiredSet}"><i aria-hidden="true">${stampSign}</i>${stamp}</p>
${outcome.trouble !== undefined && markup`<p class="why fail">Could not be tested: ${outcome.trouble}</p>`}
</header>
<div class="facts">${numbers(report)}${identity(report)}</div>
${matrix}
${matrix === undefined && roles(report)}
${attention(report)}
${map(report)}`
}

export const titleOf = ({ implementation, outcome }: Report): string =>
  `${sign(outcome.requiredSet === 'passed' ? 'pass' : outcome.requiredSet === 'failed' ? 'fail' : 'not-applicable')} ${implementation.name}: conformance`
