import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cut, fit, widthOf, wrap } from './columns.ts'

test('widthOf counts columns: wide characters as two, marks and styles as none', () => {
  const widths: [string, number][] = [
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['世界', 4],
    ['👋🏽', 2],
    ['\u001b[31mred\u001b[0m', 3],
  ]
  for (const [text, width] of widths) assert.equal(widthOf(text), width, JSON.stringify(text))
})

test('cut leaves out what does not fit, says so, and ends the style', () => {
  assert.equal(cut('abcdef', 6), 'abcdef')
  assert.equal(cut('abcdef', 4), 'abc…')
  assert.equal(cut('世界人', 4), '世…')
  assert.equal(cut('\u001b[31mabcdef\u001b[0m', 4), '\u001b[31mabc…\u001b[0m')
  assert.equal(cut('abc', 0), '')
})

test('fit gives exactly so many columns', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '世', '\u0301', '👋') })
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 20 }), (line, columns) => widthOf(fit(line, columns)) === columns),
  )
})

test('wrap breaks at spaces where it can', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three'])
  assert.deepEqual(wrap('abcdefgh', 3), ['abc', 'def', 'gh'])
  assert.deepEqual(wrap('世界人', 5), ['世界', '人'])
  assert.deepEqual(wrap('', 5), [''])
})

test('wrap loses nothing but spaces at the breaks, and no line is too long', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'bc', ' ', '世', '👋') })
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 12 }), (line, columns) => {
      const lines = wrap(line, columns)
      assert.equal(lines.join('').replaceAll(' ', ''), line.replaceAll(' ', ''))
      for (const each of lines) assert.ok(widthOf(each) <= columns, JSON.stringify(each))
    }),
  )
})
