// Writes the report and every form that is made from it.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Compile } from 'typebox/compile'
import { SPEC_FOLDER } from '../runner/requirements.ts'
import { badge } from './badge.ts'
import { html } from './html.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import { Report } from './report.ts'

const check = Compile(Report)

/** Links lead to the chapters that the suite itself has, unless others are named. */
function located(report: Report, folder: string, given: string | undefined): Report {
  if (given === undefined && !existsSync(join(SPEC_FOLDER, 'relay.md'))) return report
  const url = given?.replace(/\/+$/, '') ?? relative(folder, SPEC_FOLDER).replaceAll('\\', '/')
  return { ...report, spec: { ...report.spec, url } }
}

/** `transcripts`: NDJSON by file name, as the report names them. */
export function writeReport(
  folder: string,
  made: Report,
  transcripts: ReadonlyMap<string, string>,
  specUrl?: string,
): void {
  const report = located(made, folder, specUrl)
  if (!check.Check(report)) {
    const [error] = check.Errors(report)
    throw new Error(`The report does not fit its own schema: ${error?.instancePath} ${error?.message}`)
  }
  // Transcripts of an earlier run would be taken for this one's.
  rmSync(join(folder, 'transcripts'), { recursive: true, force: true })
  const files: [string, string][] = [
    ['report.json', `${JSON.stringify(report, null, 2)}\n`],
    ['summary.md', markdown(report)],
    ['junit.xml', junit(report)],
    ['badge.json', `${JSON.stringify(badge(report))}\n`],
    ['report.html', html(report, transcripts)],
    ...transcripts,
  ]
  for (const [name, text] of files) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}
