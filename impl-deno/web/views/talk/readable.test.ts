import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changed, inputOf, readable } from './readable.ts'

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

test('what differs is no more than what changes, with so much around it as is wanted', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`)
  const young = lines.with(5, 'five').toSpliced(20, 1)
  const diff = changed(lines.join('\n'), young.join('\n'), 1).split('\n')
  assert.deepEqual(diff, [
    '@@',
    ' line 4',
    '-line 5',
    '+five',
    ' line 6',
    '@@',
    ' line 19',
    '-line 20',
    ' line 21',
    '@@',
  ])
  const around = changed('a\n\nb\n', 'x\n\ny\n')
  assert.equal(around, '-a\n+x\n \n-b\n+y')
  assert.equal(changed('a\nb', 'a\nb'), ' a\n b')
})

test('a difference of tens of thousands of lines is shown at once, less exactly', () => {
  const many = (word: string) => ['first', ...Array.from({ length: 40_000 }, (_, index) => `${word} ${index}`), 'last']
  const diff = changed(many('old').join('\n'), many('new').join('\n')).split('\n')
  assert.equal(diff.length, 80_002)
  assert.deepEqual([diff[0], diff[1], diff[40_001], diff.at(-1)], [' first', '-old 0', '+new 0', ' last'])
})

test('an input of another shape is left to its exact text', () => {
  for (const input of [undefined, null, 'ls', 7, {}, { command: 7 }, { content: 'x' }]) {
    assert.equal(readable(input), undefined)
  }
  assert.deepEqual(inputOf('{"tool":"Bash","input":{"command":"ls"}}'), { command: 'ls' })
  assert.equal(inputOf('no JSON'), undefined)
})
