// The report as one HTML page without any outside file.

import { sentence } from './markdown.ts'
import type { Report, ScenarioReport } from './report.ts'

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const badge = (verdict: string) => `<b class="v ${verdict}">${verdict}</b>`

function shown(scenario: ScenarioReport, transcript: string): string {
  const { id, name, rule, verdict, message, knownFailure, milliseconds, requirements, text } = scenario
  const why = [message, knownFailure && `known: ${knownFailure}`].filter((each) => each !== undefined)
  const open = verdict === 'pass' ? '' : ' open'
  return `<details id="${escaped(id)}"${open}><summary>${badge(verdict)} ${escaped(name)} <small>${milliseconds} ms</small></summary>
<p class="rule">${escaped(rule)}</p>
<pre class="steps">${text.map(escaped).join('\n')}</pre>
${why.map((each) => `<p class="why">${escaped(each)}</p>`).join('\n')}
<p class="ids">${requirements.map((each) => `<a href="#${escaped(each)}">${escaped(each)}</a>`).join(' ')}</p>
${transcript ? `<details><summary>transcript</summary><pre>${escaped(transcript)}</pre></details>` : ''}
</details>`
}

const STYLE = `:root{color-scheme:light dark;--line:#8884}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:.2rem .6rem;text-align:left;vertical-align:top}
details{border-bottom:1px solid var(--line);padding:.25rem 0}details details{border:0}summary{cursor:pointer}
pre{overflow:auto;max-height:24rem;background:#8881;padding:.6rem;font-size:12px}
.v{display:inline-block;min-width:6.5rem;text-align:center;border-radius:.25rem;padding:0 .4rem;font-size:12px;color:#fff;background:#777}
.pass{background:#1a7f37}.fail,.untestable,.unimplemented{background:#cf222e}.suite-error{background:#8250df}
.non-strict{background:#9a6700}.informational{background:#0969da}
.rule{margin:.3rem 0;font-style:italic}.why{font-weight:600}.ids a{margin-right:.8rem}small{opacity:.6}`

/** Transcripts are cut at this many characters; the files beside the report are whole. */
const TRANSCRIPT_SHOWN = 20_000

export function html(report: Report, transcripts: ReadonlyMap<string, string>): string {
  const { scenarios, requirements, implementation, suite, outcome } = report
  const features = Map.groupBy(scenarios, ({ role, feature }) => `${role}: ${feature}`)
  const transcriptOf = ({ transcript }: ScenarioReport) =>
    (transcripts.get(transcript ?? '') ?? '').slice(0, TRANSCRIPT_SHOWN)
  const rows = requirements.map(({ id, level, verdict, scenarios: citing }) => {
    const links = citing.map((each, i) => `<a href="#${escaped(each)}" title="${escaped(each)}">${i + 1}</a>`).join(' ')
    return `<tr id="${escaped(id)}"><td><code>${escaped(id)}</code></td><td>${level}</td><td>${badge(verdict)}</td><td>${links}</td></tr>`
  })
  const identity = implementation.roles.map(
    ({ role, name, version, language }) => `${role}: ${name} ${version}, ${language}`,
  )
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Conformance of ${escaped(implementation.name)}</title><style>${STYLE}</style>
<h1>Conformance of ${escaped(implementation.name)}</h1>
<p>${escaped(sentence(report))}</p>
<p>Suite ${escaped(suite.version)}, ${escaped(report.startedAt)}. ${escaped([implementation.url ?? '', ...identity].filter(Boolean).join('. '))}</p>
${outcome.staleKnownFailures.map((each) => `<p class="why">Stale known failure: ${escaped(each)}</p>`).join('\n')}
${[...features].map(([name, each]) => `<h2>${escaped(name)}</h2>\n${each.map((one) => shown(one, transcriptOf(one))).join('\n')}`).join('\n')}
<h2>Requirements</h2>
<table><tr><th>requirement<th>level<th>verdict<th>scenarios</tr>
${rows.join('\n')}
</table></html>
`
}
