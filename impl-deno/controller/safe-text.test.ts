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

Deno.test('exactText() shows what cannot be seen', () => {
  assert.equal(exactText('rm\u200b -rf\n\u001b[2K'), 'rm\\u200b -rf\\u000a\\u001b[2K')
})
