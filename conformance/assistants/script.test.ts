import assert from 'node:assert/strict'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { inFull, loadScript, long, parseScript, stepsFor } from './script.ts'

const demo = fileURLToPath(import.meta.resolve('./demo.script.json'))

test('the demo script fits its schema, and every prompt has an answer', () => {
  const script = loadScript(demo)
  assert.notDeepEqual(stepsFor(script, 'List the files'), script.otherwise)
  assert.deepEqual(stepsFor(script, 'anything'), script.otherwise)
})

test('the first reply whose expression matches answers, ignoring case', () => {
  const text = (text: string) => [{ do: 'text', text }]
  const replies = [
    { when: '^a', steps: text('1') },
    { when: 'a', steps: text('2') },
  ]
  const script = parseScript({ name: 'x', replies, otherwise: [] })
  assert.deepEqual(stepsFor(script, 'Abc'), text('1'))
  assert.deepEqual(stepsFor(script, 'bA'), text('2'))
  assert.deepEqual(stepsFor(script, 'b'), [])
})

for (const [what, change, complaint] of [
  ['a script without a name', { name: undefined }, /^the script .*name/],
  ['a member that is none', { nmae: 'x' }, /nmae/],
  ['an unknown step', { otherwise: [{ do: 'dance' }] }, /^\/otherwise\/0 /],
  ['a step without its text', { otherwise: [{ do: 'text' }] }, /^\/otherwise\/0 .*text/],
  ['a bad step inside an answer', { otherwise: [asking({ on: { yes: [{ do: 'text' }] } })] }, /^\/otherwise\/0/],
  ['a bad expression', { replies: [{ when: '(', steps: [] }] }, /^\/replies\/0\/when /],
] as const) {
  test(`${what} is refused, and the place is named`, () => {
    const value = JSON.parse(JSON.stringify({ name: 'x', replies: [], otherwise: [], ...change }))
    assert.throws(() => parseScript(value), { message: complaint })
  })
}

test('a long text stands in a script as what it is made of, and everything else as it is', () => {
  const step = { input: [{ text: long('🦊', 3) }, 'a{x*2}', '{prompt}', 1, null], title: long('x', 2) }
  assert.deepEqual(inFull(step), { input: [{ text: '🦊🦊🦊' }, 'a{x*2}', '{prompt}', 1, null], title: 'xx' })
})

test('a script that cannot be read is refused with its path', () => {
  assert.throws(() => loadScript('/no/such/script'), /^Error: Cannot use the script \/no\/such\/script: ENOENT/)
  assert.throws(() => loadScript(import.meta.filename), /^Error: Cannot use the script .*JSON/)
})

function asking(more: object): object {
  return { do: 'permission', call: 'c', title: 't', options: [], ...more }
}
