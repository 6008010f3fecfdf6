// The report as JUnit XML: what CI systems read.

import type { Report, ScenarioReport } from './report.ts'

/** What has no place in XML, not even escaped: control characters, halves of surrogate pairs, two that are none. */
const NO_XML = /[\p{Cs}\uFFFE\uFFFF]|(?![\t\n\r])\p{Cc}/gu
const escaped = (text: string) =>
  text
    .replaceAll(NO_XML, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(3)

function inner({ verdict, message = '', knownFailure }: ScenarioReport): string {
  const text = `message="${escaped(`${verdict}: ${message}`)}"`
  if (verdict === 'pass' || verdict === 'informational') return ''
  if (verdict === 'not-applicable' || verdict === 'non-strict' || knownFailure !== undefined)
    return `<skipped ${text}/>`
  return verdict === 'suite-error' ? `<error ${text}/>` : `<failure ${text}/>`
}

export function junit({ scenarios, implementation, milliseconds }: Report): string {
  const cases = scenarios.map((scenario) => {
    const head = `<testcase classname="${escaped(scenario.feature)}" name="${escaped(scenario.id)}" time="${seconds(scenario.milliseconds)}"`
    const body = inner(scenario)
    return body === '' ? `    ${head}/>` : `    ${head}>${body}</testcase>`
  })
  const count = (tag: string) => cases.filter((each) => each.includes(`><${tag} `)).length
  const totals = `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}" time="${seconds(milliseconds)}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name="${escaped(implementation.name)}" ${totals}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}
