import assert from 'node:assert/strict'
import { exactText, safeLine, safeText } from './safe-text.ts'

Deno.test('nothing that comes from an agent moves the cursor, sets a title or hides text', () => {
  for (const [given, shown] of [
    ['a\u001b[31mred\u001b[0m', 'ared'],
    ['\u001b]0;title\u0007x', 'x'],
    ['\u001b]8;;http://a\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u001bP1$r\u001b\\x', 'x'],
    ['a\rb\bc', 'abc'],
    ['one\r\ntwo\tthree', 'one\ntwo\tthree'],
    ['\u202egnp.exe\u200b', 'gnp.exe'],
    ['\u009b31mx', '31mx'],
    ['end\u001b', 'end'],
  ] as const) {
    assert.equal(safeText(given), shown)
  }
  assert.equal(safeLine('one\ntwo\n\nthree'), 'one two three')
})

Deno.test('emoji of several characters stay whole, and what joins them hides nothing elsewhere', () => {
  for (const whole of [
    ...[
      '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}',
      '\u{1f9d1}\u{1f3fd}\u200d\u{1f680}',
      '\u{1f3f3}\ufe0f\u200d\u{1f308}',
    ],
    ...[
      '\u{1f3c3}\u{1f3fb}\u200d\u2640\ufe0f\u200d\u27a1\ufe0f',
      '\u2764\ufe0f',
      '1\ufe0f\u20e3',
      '\u{1f1eb}\u{1f1f7}',
    ],
    '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
  ]) {
    assert.equal(safeText(`a${whole}b`), `a${whole}b`)
    assert.equal(safeLine(whole + whole), whole + whole)
  }
  for (const [given, shown] of [
    ['pass\u200dword', 'password'],
    ['\u{1f469}\u200d', '\u{1f469}'],
    ['\u200d\u{1f469}\u200dx', '\u{1f469}x'],
    ['\u{1f469}\u200d\u200d\u{1f467}', '\u{1f469}\u{1f467}'],
    ['a\ufe0f\ufe0f', 'a'],
    ['\u{1f469}\ufe0f\ufe0f', '\u{1f469}\ufe0f'],
    ['\u{1f3f4}\u{e0068}\u{e0069}\u{e007f}', '\u{1f3f4}'],
    ['x\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}', 'x'],
  ] as const) {
    assert.equal(safeText(given), shown)
  }
})

Deno.test('a joiner stays between letters of a script that spells with it', () => {
  for (const word of ['\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645', '\u0915\u094d\u200d\u0937']) {
    assert.equal(safeLine(word), word)
  }
  assert.equal(
    safeText('\u0645\u200cx \u200c\u0645 a\u200cb \u0645\u200c\u200c\u0645'),
    '\u0645x \u0645 ab \u0645\u0645',
  )
})

Deno.test('exactText() shows what cannot be seen', () => {
  assert.equal(exactText('rm\u200b -rf\n\u001b[2K'), 'rm\\u200b -rf\\u000a\\u001b[2K')
})
