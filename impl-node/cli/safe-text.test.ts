import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exactText, safeLine, safeText } from './safe-text.ts'

const ESC = '\u001b'
const cases: [what: string, text: string, safe: string][] = [
  ['plain text stays as it is', 'Grüße, 世界 👋🏽\n\tindented', 'Grüße, 世界 👋🏽\n\tindented'],
  ['colours go', `${ESC}[1;31mred${ESC}[0m`, 'red'],
  ['a new window title goes', `${ESC}]0;owned\u0007text`, 'text'],
  ['a link keeps its text', `${ESC}]8;;https://example.com\u0007text${ESC}]8;;\u0007`, 'text'],
  ['clearing the screen goes', `a${ESC}[2J${ESC}[Hb`, 'ab'],
  ['an eight-bit CSI goes', '\u009b2Ja', 'a'],
  ['bell, backspace and delete go', 'a\u0007\b\u007fb', 'ab'],
  ['a carriage return cannot write over a line', 'harmless\rrm -rf', 'harmless\nrm -rf'],
  ['lines of another system stay lines', 'one\r\ntwo', 'one\ntwo'],
  ['directions cannot reorder the line', 'user\u202e\u2066txt', 'usertxt'],
  [
    'emoji of several characters stay whole',
    '\u{1f469}\u200d\u{1f467} 1\ufe0f\u20e3',
    '\u{1f469}\u200d\u{1f467} 1\ufe0f\u20e3',
  ],
  ['half a surrogate pair is replaced', 'a\ud800b', 'a\ufffdb'],
]

for (const [what, text, safe] of cases) {
  test(`safeText: ${what}`, () => assert.equal(safeText(text), safe))
}

const hostile = fc.string({
  unit: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(ESC, '[', ']', '\u009b', '2J', '\r', '\u0007')),
})

test('safeText leaves no control character but line feed and tab, whatever comes in', () => {
  fc.assert(
    fc.property(hostile, (text) => !/[^\P{Cc}\n\t]/u.test(safeText(text))),
    { numRuns: 2_000 },
  )
})

test('safeText changes nothing in what has no control characters', () => {
  const visible = hostile.map((text) => text.replace(/[\p{C}]/gu, ''))
  fc.assert(fc.property(visible, (text) => assert.equal(safeText(text), text)))
})

test('safeLine is one line of at most so many characters', () => {
  assert.equal(safeLine(' a\n\tb  c '), 'a b c')
  assert.equal(safeLine('👋👋👋👋', 3), '👋👋…')
})

test('exactText shows what cannot be seen', () => {
  assert.equal(exactText('{"a":"b"}'), '{"a":"b"}')
  assert.equal(exactText(`a${ESC}[2Jb\u202ec\nd`), 'a\\u001b[2Jb\\u202ec\\u000ad')
  assert.equal(exactText('\u{e0041}'), '\\u{e0041}')
})

test('exactText parts what differs: two texts that look the same are the same, or spell an escape', () => {
  fc.assert(
    fc.property(hostile, hostile, (a, b) => {
      fc.pre(a !== b && !a.includes('\\') && !b.includes('\\'))
      assert.notEqual(exactText(a), exactText(b))
    }),
  )
})
