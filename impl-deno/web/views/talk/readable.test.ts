import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inputOf, readable } from './readable.ts'

test('a command, an edit and a new file are shown as what they do', () => {
  assert.deepEqual(readable({ command: 'ls -la', description: 'Look' }), {
    kind: 'command',
    text: 'ls -la',
    about: 'Look',
  })
  const edit = { file_path: 'a.ts', old_string: 'one\ntwo\nthree\n', new_string: 'one\n2\nthree\n' }
  assert.deepEqual(readable(edit), { kind: 'diff', text: ' one\n-two\n+2\n three', about: 'a.ts' })
  assert.deepEqual(readable({ path: 'b', content: 'x\ny\n' }), { kind: 'diff', text: '+x\n+y', about: 'b' })
  assert.deepEqual(readable({ file_path: 'a', old_string: '', new_string: 'x' })?.text, '-\n+x')
})

test('an input of another shape is left to its exact text', () => {
  for (const input of [undefined, null, 'ls', 7, {}, { command: 7 }, { content: 'x' }]) {
    assert.equal(readable(input), undefined)
  }
  assert.deepEqual(inputOf('{"tool":"Bash","input":{"command":"ls"}}'), { command: 'ls' })
  assert.equal(inputOf('no JSON'), undefined)
})
