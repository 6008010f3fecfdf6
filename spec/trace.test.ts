// Each check is shown to fail, on evidence that is made up.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readProse } from './prose.ts'
import { type Evidence, gather } from './trace/evidence.ts'
import { readFeature } from './trace/features.ts'
import { unnamedByTests } from './trace/names.ts'
import { readSourceFile } from './trace/sources.ts'
import { readUntested } from './trace/untested.ts'
import { readVectorFile } from './trace/vectors.ts'
import { trace } from './trace.ts'

const sentence = (id: string, level: string, roles = 'relay') =>
  `<a id="${id}"></a>\`${id}\` — A relay ${level} answer. *(${roles})*`
const document = (...sentences: string[]) => new Map([['relay', readProse('relay', sentences.join('\n\n'))]])
const prose = document(
  sentence('relay.a.one', 'MUST'),
  sentence('relay.a.two', 'MUST'),
  sentence('relay.a.three', 'SHOULD'),
  sentence('relay.a.four', 'MAY'),
)

const feature = (tags: string, steps = 'Then it answers', path = 'conformance/features/relay/a.feature') =>
  readFeature(path, `Feature: F\n${tags}\nScenario: S\n${steps}`)
const vector = (id: string, result: 'valid' | 'invalid' = 'valid', code = 'length') =>
  readVectorFile(
    'qr',
    JSON.stringify({
      flags: { A: { requirement: id } },
      groups: [{ tests: [{ flags: ['A'], result, reject: { code } }] }],
    }),
  )
const passed = { node: 'pass', deno: 'pass' }

/** One requirement by a scenario, one by a vector, one by a reason; the optional one by nothing. */
const whole: Evidence = {
  prose,
  vectors: [vector('relay.a.two')],
  scenarios: feature('@req:relay.a.one'),
  sources: [],
  untested: readUntested('relay.a.three: operator\n'),
  runs: {
    tested: { 'relay.a.one': passed, 'relay.a.two': passed },
    kills: [{ name: 'mute', bitten: ['relay.a.one', 'relay.a.two'] }],
  },
  lock: undefined,
}

/** What so small a world cannot have: all messages and codes named, all capabilities refused. */
const OF_THE_WHOLE = /^no (?:prose|scenario and no vector) names|^no negative scenario|^spec\/asyncapi/
const problemsOf = (changed: Partial<Evidence>) =>
  trace({ ...whole, ...changed }).problems.filter((problem) => !OF_THE_WHOLE.test(problem))

test('evidence that is whole has no problems, and a table with all of it', () => {
  assert.deepEqual(problemsOf({}), [])
  const { summary, coverage } = trace(whole)
  assert.equal(
    summary,
    '4 requirements, 2 at the level MUST: 1 have scenarios, 1 vectors, 1 a reason why nothing can test them, ' +
      '0 none of these; of the 2 at the level MUST that are tested, 2 have killed a mutant',
  )
  assert.match(coverage, /\| `relay\.a\.one` +\| MUST +\| relay +\| 1 +\| +\| 1 +\| pass +\| pass +\| +\|/)
  assert.match(coverage, /\| `relay\.a\.two` +\| MUST +\| relay +\| +\| qr +\| 1 /)
  assert.match(coverage, /\| `relay\.a\.three` .*\| operator +\|/)
})

test('1: a keyword without an id, and a reason that is none of the list, are problems', () => {
  assert.deepEqual(problemsOf({ prose: new Map([...prose, ['rpc', readProse('rpc', 'It MUST answer.')]]) }), [
    'spec/rpc.md: MUST in a paragraph without an id: "It MUST answer."',
  ])
  assert.equal(problemsOf({ untested: readUntested('relay.a.three: lazy\n') }).length, 2)
})

test('2: an id is used once, and goes only as withdrawn, never to come back', () => {
  assert.deepEqual(problemsOf({ prose: document(...[1, 2].map(() => sentence('relay.a.four', 'MAY'))), ...nothing }), [
    'relay.a.four is used twice',
  ])
  const { lock } = trace(whole)
  const less = { prose: document(sentence('relay.a.four', 'MAY')), ...nothing }
  assert.equal(problemsOf({ ...less, lock }).length, 3)
  assert.equal(trace({ ...whole, ...less, lock }).lock, lock, 'the lock file would forget what is gone')
  const withdrawn = JSON.stringify({ ...JSON.parse(lock), withdrawn: ['relay.a.one', 'relay.a.two', 'relay.a.three'] })
  assert.deepEqual(problemsOf({ ...less, lock: withdrawn }), [])
  assert.equal(JSON.parse(trace({ ...whole, ...less, lock: withdrawn }).lock).withdrawn.length, 3)
  assert.match(problemsOf({ lock: withdrawn }).join('\n'), /relay\.a\.two was withdrawn and is never used again/)
})
/** Evidence of nothing at all, for prose with other ids. */
const nothing = { vectors: [], scenarios: [], untested: readUntested(''), runs: { tested: {}, kills: [] } }

test('3: a requirement that no scenario, vector or reason covers is a problem; a citation in code is no cover', () => {
  const cited = { sources: [readSourceFile('impl-node/relay/x.ts', '// relay.a.one: because\n')] }
  assert.deepEqual(
    problemsOf({ ...cited, scenarios: [], runs: { ...whole.runs, tested: { 'relay.a.two': passed } } }),
    ['relay.a.one has no scenario and no vector, and no reason in spec/untested.yaml'],
  )
  assert.deepEqual(problemsOf({ untested: readUntested('') }), [
    'relay.a.three has no scenario and no vector, and no reason in spec/untested.yaml',
  ])
  const recorded = feature('@req:relay.a.one @informational')
  assert.match(problemsOf({ scenarios: recorded }).join('\n'), /relay\.a\.one has no scenario/)
})

test('3: a requirement that is tested is not listed as untested', () => {
  assert.deepEqual(problemsOf({ untested: readUntested('relay.a.three: operator\nrelay.a.one: operator\n') }), [
    'relay.a.one is tested: take it out of spec/untested.yaml',
  ])
})

test('3: a capability that is absent is refused in a scenario', () => {
  const wanting = 'no negative scenario has "forbidden" where the capability terminal is absent'
  const has = (steps: string, tags = '@req:relay.a.one @negative') =>
    !trace({ ...whole, scenarios: feature(tags, steps) }).problems.includes(wanting)
  assert.ok(has('Given no capability "terminal"\nThen it is refused with "forbidden"'))
  assert.ok(!has('Given no capability "terminal.read"\nThen it is refused with "forbidden"'))
  assert.ok(!has('Given no capability "terminal"\nThen it is refused with "forbidden"', '@req:relay.a.one'))
})

test('4: an id that a scenario, flag, comment, reason, record or text names must be in the prose, and a scenario names one', () => {
  assert.deepEqual(problemsOf({ scenarios: feature('@req:relay.a.one @req:relay.a.five') }), [
    'relay/a/s cites relay.a.five, which no prose has',
  ])
  assert.deepEqual(problemsOf({ scenarios: [...whole.scenarios, ...feature('@slow')] }), [
    'relay/a/s cites no requirement',
  ])
  const source = readSourceFile('impl-node/relay/x.ts', '// relay.a.five: because\n')
  assert.deepEqual(problemsOf({ sources: [source] }), ['impl-node/relay/x.ts: cites relay.a.five, which no prose has'])
  assert.deepEqual(problemsOf({ vectors: [...whole.vectors, vector('relay.a.six')] }), [
    'vectors/qr.json: a flag names relay.a.six, which no prose has',
  ])
  assert.deepEqual(problemsOf({ untested: readUntested('relay.a.three: operator\nrelay.a.seven: operator\n') }), [
    'spec/untested.yaml: relay.a.seven is in no prose',
  ])
  const { tested, kills } = whole.runs
  assert.deepEqual(
    problemsOf({
      runs: {
        tested: { ...tested, 'relay.a.nine': passed },
        kills: [...kills, { name: 'm', bitten: ['relay.a.ten'] }],
      },
    }),
    [
      'conformance/tested.ndjson: relay.a.nine is in no prose',
      'conformance/mutants/kills.ndjson: m: relay.a.ten is in no prose',
    ],
  )
  const versioning = readProse('versioning', 'See `relay.a.eight`, `relay.ts`.')
  assert.deepEqual(problemsOf({ prose: new Map([...prose, ['versioning', versioning]]) }), [
    'spec/versioning.md: names relay.a.eight, which no prose has',
  ])
})

test('5: what must be refused has a case in which it is', () => {
  const refusing = (level: string) => ({
    prose: document(sentence('relay.a.one', level), sentence('relay.a.two', 'MUST')),
    untested: readUntested(''),
  })
  const wanting = ['relay.a.one refuses, and has no invalid vector and no scenario that is tagged @negative']
  assert.deepEqual(problemsOf(refusing('MUST NOT')), wanting)
  assert.deepEqual(problemsOf(refusing('MUST refuse to')), wanting)
  assert.deepEqual(problemsOf({ ...refusing('MUST NOT'), scenarios: feature('@req:relay.a.one @negative') }), [])
  const invalid = [...whole.vectors, vector('relay.a.one', 'invalid')]
  assert.deepEqual(problemsOf({ ...refusing('MUST NOT'), vectors: invalid }), [])
  assert.deepEqual(problemsOf({ ...refusing('MUST NOT'), vectors: [...whole.vectors, vector('relay.a.one')] }), wanting)
})

test('6: a scenario cites only what binds the role that it judges', () => {
  assert.deepEqual(problemsOf({ scenarios: feature('@agent @req:relay.a.one') }), [
    'relay/a/s judges the agent, which relay.a.one does not bind',
  ])
})

test('7: the lock file has id, level, roles, hash, scenarios and vectors of every requirement', () => {
  const [one, two] = JSON.parse(trace(whole).lock).requirements
  const { textSha256, ...rest } = one
  assert.match(textSha256, /^[0-9a-f]{64}$/)
  assert.deepEqual(rest, { id: 'relay.a.one', level: 'MUST', roles: ['relay'], scenarios: ['relay/a/s'], vectors: [] })
  assert.deepEqual([two.scenarios, two.vectors], [[], ['qr']])
  const changed = document(sentence('relay.a.one', 'MUST always'), sentence('relay.a.two', 'MUST'))
  const [other] = JSON.parse(trace({ ...whole, prose: changed }).lock).requirements
  assert.notEqual(other.textSha256, textSha256)
})

test('8: what is tested has reached a verdict on both implementations', () => {
  const ran = (tested: Record<string, Record<string, string>>) => problemsOf({ runs: { ...whole.runs, tested } })
  const one = { 'relay.a.two': passed }
  assert.deepEqual(ran(one), ['no recorded run has reached a verdict on relay.a.one of node and deno'])
  assert.deepEqual(ran({ ...one, 'relay.a.one': { node: 'fail', deno: 'unimplemented' } }), [
    'no recorded run has reached a verdict on relay.a.one of deno',
  ])
  assert.deepEqual(ran({ ...one, 'relay.a.one': passed, 'relay.a.three': passed }), [
    'conformance/tested.ndjson has a verdict on relay.a.three, which nothing tests',
  ])
})

test('8: what is tested at the level MUST has killed a mutant', () => {
  const kills = [{ name: 'mute', bitten: ['relay.a.two'] }]
  assert.deepEqual(problemsOf({ runs: { ...whole.runs, kills } }), ['no mutant of relay.a.one has died'])
})

test('9: messages, errors and close codes that no prose names are problems, and unknown close codes too', () => {
  const { problems } = trace({ ...whole, prose: document('Closed with 4444, `bind`.'), ...nothing })
  assert.ok(problems.includes('no prose names the message unbind'))
  assert.ok(!problems.includes('no prose names the message bind'))
  assert.ok(problems.includes('no prose names the error superseded'))
  assert.ok(problems.includes('no prose names the close code 4409'))
  assert.ok(problems.includes('no prose names the method or event claude.sendMessage'))
  assert.ok(problems.includes('prose names the close code 4444'))
})

test('9: messages, errors and close codes that no scenario and no vector names are problems', () => {
  const scenarios = feature('@req:relay.a.one', 'When it sends "bind"\nThen it closes with 4409 "superseded"')
  const problems = [...unnamedByTests({ scenarios, vectors: [vector('relay.a.two', 'invalid', 'padding')] })]
  for (const name of ['message bind', 'error superseded', 'close code 4409', 'error padding']) {
    assert.ok(!problems.includes(`no scenario and no vector names the ${name}`), name)
  }
  assert.ok(problems.includes('no scenario and no vector names the message unbind'))
  assert.ok(problems.includes('no scenario and no vector names the close code 4401'))
})

test('9: scenarios and vectors name no error or close code that the registry does not have', () => {
  const says = (steps: string) => problemsOf({ scenarios: feature('@req:relay.a.one', steps) })
  assert.deepEqual(says('Then it closes with 4409 "superseded"'), [])
  assert.deepEqual(says('Then it closes with 4401 "superseded"'), ['relay/a/s: "superseded" does not close with 4401'])
  assert.deepEqual(says('Then it is refused with "weather"'), ['relay/a/s: there is no error "weather"'])
  assert.deepEqual(problemsOf({ vectors: [vector('relay.a.two', 'invalid', 'weather')] }), [
    'vectors/qr.json: there is no error weather',
  ])
})

test('gather() reads the prose, vectors, scenarios and sources of this repository', () => {
  const { prose: read, vectors, scenarios, sources, lock } = gather(`${import.meta.dirname}/..`)
  assert.ok(read.has('relay'))
  assert.ok(vectors.length > 20)
  assert.ok(scenarios.length > 100)
  assert.ok(sources.length > 20)
  assert.ok(lock?.includes('relay.bind.first'))
})
