import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSourceFile, readUntested, readVectorFile } from './evidence.ts'
import { readProse } from './prose.ts'
import { type Evidence, gather, trace } from './trace.ts'

const sentence = (id: string, level: string) => `<a id="${id}"></a>\`${id}\` — A relay ${level} answer. *(relay)*`
const relay = ['relay.a.one', 'relay.a.two', 'relay.a.three', 'relay.a.four']
  .map((id, i) => sentence(id, i === 3 ? 'MAY' : 'MUST'))
  .join('\n\n')

const evidence = (changed: Partial<Evidence> = {}): Evidence => ({
  prose: new Map([['relay', readProse('relay', relay)]]),
  vectors: [],
  sources: [],
  untested: '',
  lock: undefined,
  ...changed,
})

/** Problems about the evidence given here; that so little prose names no message is none of them. */
const problemsOf = (changed: Partial<Evidence>) =>
  trace(evidence(changed)).problems.filter((problem) => !/^no prose names|^spec\/asyncapi/.test(problem))

test('a requirement counts as covered by a vector, a test, a line of code, a reason, or because it is optional', () => {
  const { summary, coverage } = trace(
    evidence({
      vectors: [{ name: 'qr', used: new Set(['relay.a.one']), named: new Set(['relay.a.one']) }],
      sources: [readSourceFile('impl-node/relay/x.ts', '// relay.a.two: because\n')],
      untested: 'relay.a.three: operator\n',
    }),
  )
  assert.equal(summary, '4 requirements: 1 in vectors, 0 in tests, 1 in code, 1 untested with a reason, 0 uncovered')
  assert.match(coverage, /\| `relay\.a\.one` +\| MUST +\| relay +\| qr /)
  assert.match(coverage, /\| `relay\.a\.three` .*\| operator +\|/)
  assert.match(trace(evidence()).summary, /3 uncovered$/)
})

test('an id that is cited, named by a flag or listed as untested must be in the prose', () => {
  assert.deepEqual(problemsOf({}), [])
  const source = readSourceFile('impl-node/relay/x.ts', '// relay.a.five: because\n')
  assert.deepEqual(problemsOf({ sources: [source] }), ['impl-node/relay/x.ts: cites relay.a.five, which no prose has'])
  const vector = { name: 'qr', used: new Set<string>(), named: new Set(['relay.a.six']) }
  assert.deepEqual(problemsOf({ vectors: [vector] }), ['vectors/qr.json: a flag names relay.a.six, which no prose has'])
  assert.deepEqual(problemsOf({ untested: 'relay.a.seven: operator\n' }), [
    'spec/untested.yaml: relay.a.seven is in no prose',
  ])
  const prose = new Map([['relay', readProse('relay', `${relay}\n\nSee \`relay.a.eight\`, \`relay.ts\`.`)]])
  assert.deepEqual(problemsOf({ prose }), ['spec/relay.md: names relay.a.eight, which no prose has'])
})

test('an id that is used twice is a problem', () => {
  const prose = new Map([['relay', readProse('relay', `${relay}\n\n${sentence('relay.a.one', 'MUST')}`)]])
  assert.deepEqual(problemsOf({ prose }), ['relay.a.one is used twice'])
})

test('an id of the lock file may go only as withdrawn, and then never comes back', () => {
  const { lock } = trace(evidence())
  const less = new Map([['relay', readProse('relay', sentence('relay.a.one', 'MUST'))]])
  assert.equal(problemsOf({ prose: less, lock }).length, 3)
  assert.equal(trace(evidence({ prose: less, lock })).lock, lock)
  const withdrawn = JSON.stringify({ ...JSON.parse(lock), withdrawn: ['relay.a.two', 'relay.a.three', 'relay.a.four'] })
  assert.deepEqual(problemsOf({ prose: less, lock: withdrawn }), [])
  assert.deepEqual(JSON.parse(trace(evidence({ prose: less, lock: withdrawn })).lock).withdrawn.length, 3)
  assert.match(problemsOf({ lock: withdrawn }).join('\n'), /relay\.a\.two was withdrawn and is never used again/)
})

test('the lock file has id, level, roles, hash and vectors of every requirement', () => {
  const lock = JSON.parse(trace(evidence()).lock)
  assert.deepEqual(Object.keys(lock.requirements[0]), ['id', 'level', 'roles', 'textSha256', 'vectors'])
  assert.match(lock.requirements[0].textSha256, /^[0-9a-f]{64}$/)
})

test('messages, errors and close codes that no prose names are problems, and unknown close codes too', () => {
  const { problems } = trace(evidence({ prose: new Map([['relay', readProse('relay', 'Closed with 4444, `bind`.')]]) }))
  assert.ok(problems.includes('no prose names the message unbind'))
  assert.ok(!problems.includes('no prose names the message bind'))
  assert.ok(problems.includes('no prose names the error superseded'))
  assert.ok(problems.includes('no prose names the close code 4409'))
  assert.ok(problems.includes('no prose names claude.sendMessage'))
  assert.ok(problems.includes('prose names the close code 4444'))
})

test('readVectorFile() counts the flags that a test carries', () => {
  const file = readVectorFile(
    'qr',
    JSON.stringify({
      flags: { A: { requirement: 'relay.a' }, B: { requirement: 'relay.b' }, C: {} },
      groups: [{ tests: [{ flags: ['A', 'C'] }, {}] }],
    }),
  )
  assert.deepEqual([...file.used], ['relay.a'])
  assert.deepEqual([...file.named], ['relay.a', 'relay.b'])
})

test('readSourceFile() takes the ids that a comment begins with as citations, and no addresses or calls', () => {
  const source = readSourceFile(
    'x.ts',
    [
      '// relay.a, relay.b: why',
      '  x() // relay.c',
      ' * relay.d and relay.e-f say so',
      "const url = 'wss://relay.example.com'",
      '// as relay.g says',
      '// session.open(x) is called',
      'relay.h.i()',
    ].join('\n'),
  )
  assert.deepEqual([...source.cited].sort(), ['relay.a', 'relay.b', 'relay.c', 'relay.d', 'relay.e-f'])
  assert.ok(source.words.has('relay.g'))
  assert.ok(!source.words.has('relay.h.i'))
  assert.ok(readSourceFile('x.test.ts', "test('relay.h: a sentence')").words.has('relay.h'))
})

test('readUntested() reads ids with a reason of the closed list', () => {
  const { reasons, problems } = readUntested('# why\nrelay.a: operator\n\nrelay.b: lazy\nrelay.a: statistical\n- x\n')
  assert.deepEqual([...reasons], [['relay.a', 'operator']])
  assert.equal(problems.length, 3)
})

test('gather() reads the prose, vectors and sources of this repository', () => {
  const { prose, sources } = gather(`${import.meta.dirname}/..`)
  assert.ok(prose.has('relay'))
  assert.ok(sources.length > 20)
})
