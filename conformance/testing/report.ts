// A report with something of everything in it, for the tests of the forms that are made from it.

import type { Report, ScenarioReport } from '../report/report.ts'
import { VERDICTS, type Verdict } from '../runner/verdict.ts'

/** What a program under test may call itself, or say. */
export const HOSTILE = `</script><img src=x onerror="alert('1')">&\u202e\u0007`

const scenario = (verdict: Verdict): ScenarioReport => ({
  id: `relay/sample/one-that-is-${verdict}`,
  role: 'relay',
  feature: 'Sample',
  rule: 'A relay does what it should',
  name: `One that is ${verdict}`,
  text: ['Given a relay under test', 'When the agent sends "<ping>"', 'Then it is answered'],
  requirements: ['relay.ping'],
  levels: ['MUST'],
  verdict,
  ...(verdict !== 'pass' && { message: `because of ${HOSTILE}` }),
  milliseconds: 1_250,
  transcript: verdict === 'fail' ? 'transcripts/relay.sample.one-that-is-fail.ndjson' : null,
})

const known: ScenarioReport = {
  ...scenario('fail'),
  id: 'relay/sample/known',
  name: 'One that is known to fail',
  knownFailure: 'not built yet',
  transcript: 'transcripts/empty.ndjson',
}

const cellScenario = (cell: string, letter: string, verdict: Verdict): ScenarioReport => ({
  ...scenario(verdict),
  id: `matrix/${cell}/${letter}`,
  role: 'interop',
  feature: 'Interop',
  name: letter === 'H' ? 'Hello' : 'Pairing',
  transcript: null,
})

const scenarios = [
  ...VERDICTS.map(scenario),
  known,
  ...[cellScenario('a+a+b', 'H', 'pass'), cellScenario('a+a+b', 'P', 'fail')],
  ...[cellScenario('b 2+a+b', 'H', 'pass'), cellScenario('b 2+a+b', 'P', 'pass')],
]
const idsOf = (cell: string) => ['H', 'P'].map((letter) => ({ letter, id: `matrix/${cell}/${letter}` }))
const identity = { role: 'relay', name: HOSTILE, version: '1', language: 'Rust', capabilities: ['limits'] } as const

export const sampleReport: Report = {
  schemaVersion: 1,
  command: 'run',
  suite: { name: '@happy-remote/conformance', version: '0.1.0' },
  spec: { protocol: 1, requirements: 'a'.repeat(64), vectors: 'b'.repeat(64), url: '../spec' },
  startedAt: '2026-01-02T03:04:05.678Z',
  milliseconds: 75_300,
  options: { strict: false, looseErrors: false, filter: null },
  implementation: {
    name: HOSTILE,
    homepage: 'https://example.org',
    roles: [{ ...identity, capabilities: ['limits'] }],
  },
  outcome: {
    exitCode: 1,
    requiredSet: 'failed',
    counts: Object.fromEntries(
      VERDICTS.map((name) => [name, scenarios.filter(({ verdict }) => verdict === name).length]),
    ) as Report['outcome']['counts'],
    staleKnownFailures: ['relay/sample/none'],
  },
  scenarios,
  requirements: [
    {
      id: 'relay.ping',
      level: 'MUST',
      text: 'A relay MUST answer `ping` <at once>, see [errors](errors.md).',
      verdict: 'suite-error',
      scenarios: scenarios.map(({ id }) => id),
    },
    { id: 'security.label.form', level: 'MUST', notScored: 'pending', verdict: 'not-tested', scenarios: [] },
  ],
  notYetInSuite: ['controller'],
  matrix: {
    implementations: [
      { name: 'a', roles: [{ ...identity, capabilities: [] }] },
      { name: 'b 2', roles: [] },
    ],
    letters: [
      { letter: 'H', feature: 'Interop', name: 'Hello' },
      { letter: 'P', feature: 'Interop', name: 'Pairing' },
    ],
    cells: [
      { relay: 'a', agent: 'a', controller: 'b', scenarios: idsOf('a+a+b') },
      { relay: 'b 2', agent: 'a', controller: 'b', scenarios: idsOf('b 2+a+b') },
    ],
    findings: ['The relays a and b give different results'],
  },
}

/** The same program, when everything works. */
export const greenReport: Report = {
  ...sampleReport,
  outcome: {
    ...sampleReport.outcome,
    exitCode: 0,
    requiredSet: 'passed',
    staleKnownFailures: [],
    counts: { ...sampleReport.outcome.counts, ...Object.fromEntries(VERDICTS.map((name) => [name, 0])), pass: 1 },
  },
  scenarios: [scenario('pass')],
  notYetInSuite: [],
}

const lines = [
  { t: 1.5, from: 'agent', to: 'relay', decoded: 'connected' },
  { t: 2, from: 'relay', to: 'agent', bytes: 127, decoded: { type: 'hello', software: HOSTILE } },
  { t: 3, from: 'agent', to: 'relay', bytes: 60, decoded: { type: 'ping', timestamp: 7 } },
  { t: 4, from: 'relay', to: 'agent', decoded: { close: 4400 } },
]

export const sampleTranscripts: ReadonlyMap<string, string> = new Map([
  [
    'transcripts/relay.sample.one-that-is-fail.ndjson',
    `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"t":`,
  ],
  ['transcripts/empty.ndjson', ''],
])
