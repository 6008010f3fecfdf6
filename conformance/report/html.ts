// The report as one HTML page without any outside file, readable without its script.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { markup, verbatim } from './page/markup.ts'
import { matrixMarkup } from './page/matrix.ts'
import { overviewMarkup, titleOf } from './page/overview.ts'
import { requirementsMarkup } from './page/requirements.ts'
import { scenariosMarkup } from './page/scenarios.ts'
import type { Report } from './report.ts'

const read = (name: string) => readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8')
const STYLE = ['base', 'overview', 'matrix', 'scenarios', 'transcript', 'narrow']
  .map((name) => `\n${read(`${name}.css`)}`)
  .join('')
const SCRIPT = `\n${read('page.js')}`
const ALLOWED = createHash('sha256').update(SCRIPT).digest('base64')
/** No other script runs, whatever a program under test has written. */
const POLICY = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${ALLOWED}'; base-uri 'none'; form-action 'none'`

/** `transcripts`: NDJSON by file name, as the report names them. */
export const html = (report: Report, transcripts: ReadonlyMap<string, string>): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="generator" content="${report.suite.name} ${report.suite.version}">
<title>${titleOf(report)}</title>
<style>${verbatim(STYLE)}</style>
</head>
<body>
<main>
${overviewMarkup(report, matrixMarkup(report))}
${scenariosMarkup(report, transcripts)}
${requirementsMarkup(report)}
</main>
<footer><p>Made from <a href="report.json">report.json</a> by ${report.suite.name} ${report.suite.version}. Transcripts of scenarios that pass are cut to 16 lines here, the others to 80; the files in <code>transcripts/</code> are whole.</p></footer>
<script type="module">${verbatim(SCRIPT)}</script>
</body>
</html>
`.html
