import assert from 'node:assert/strict'
import { UsageError } from '../command.ts'
import { wordsOf } from './words.ts'

Deno.test('wordsOf() parts as a shell does', () => {
  const cases: [line: string, words: string[]][] = [
    ['', []],
    ['  status  ', ['status']],
    ['commit -m "two words" a.txt', ['commit', '-m', 'two words', 'a.txt']],
    [`commit --message='it is' b`, ['commit', '--message=it is', 'b']],
    ['a\\ b "c \\" d" \'e \\ f\'', ['a b', 'c " d', 'e \\ f']],
    ['"C:\\dir" ""', ['C:\\dir', '']],
  ]
  for (const [line, words] of cases) assert.deepEqual(wordsOf(line), words, line)
})

Deno.test('wordsOf() refuses what is not closed', () => {
  for (const line of ['"a', "a 'b", 'a\\']) assert.throws(() => wordsOf(line), UsageError, line)
})
