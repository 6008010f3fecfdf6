import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ReadStream, WriteStream } from 'node:tty'
import { LineEditor } from './line-editor.ts'

/** An editor, what it has told, and the keys of this test. */
function begin(t: TestContext, onLine: (editor: LineEditor, line: string) => void = () => {}) {
  const input = new PassThrough()
  const told: string[] = []
  const editor: LineEditor = new LineEditor(
    input as unknown as ReadStream,
    new PassThrough() as unknown as WriteStream,
    {
      onLine: (line) => {
        told.push(line)
        onLine(editor, line)
      },
      onChange: () => {},
      onInterrupt: () => told.push('interrupt'),
      onEnd: () => told.push('end'),
    },
  )
  t.after(() => editor.close())
  return {
    ...{ editor, input, told },
    async keys(...pieces: string[]): Promise<void> {
      for (const piece of pieces) {
        input.write(piece)
        await nextTurn()
      }
    },
  }
}

test('keys make a line, edit it, and send it', async (t) => {
  const { editor, told, keys } = begin(t)
  await keys('h', 'ello', '\u007f', '\u001b[D', 'X')
  assert.deepEqual([editor.text, editor.cursor], ['helXl', 4])
  await keys('\r', 'a\rb\r')
  assert.deepEqual(told, ['helXl', 'a', 'b'])
  await keys('\u0003', '\u0004')
  assert.deepEqual(told.slice(3), ['interrupt', 'end'])
})

test('what is pasted is text with its line ends, however it is cut, and only Enter sends it', async (t) => {
  const paste = '\u001b[200~one\r\ntwo\u0007\n\tthree\u001b[201~ and\r'
  // From 2 on: a single ESC is a key of its own.
  for (let size = 2; size <= 12; size++) {
    const { editor, told, keys } = begin(t)
    await keys(...(paste.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? []))
    assert.deepEqual(told, ['one\ntwo\n\tthree and'], `in pieces of ${size}`)
    editor.close()
  }
})

test('a line end within the line is shown as one character', async (t) => {
  const { editor, keys } = begin(t)
  await keys('\u001b[200~one\ntwo\tx\u001b[201~')
  assert.equal(LineEditor.shown(editor.text), 'one⏎two x')
})

test('Ctrl-C ends a paste whose end never comes', async (t) => {
  const { told, editor, keys } = begin(t)
  await keys('\u001b[200~half', '\u0003')
  assert.deepEqual([editor.text, told], ['half', ['interrupt']])
})

test('40 KB come at once, and do not take the time of 40,000 keys', async (t) => {
  const { told, keys } = begin(t)
  const text = '0123456789'.repeat(4_000)
  await keys(text, '\r')
  assert.deepEqual(told, [text])
})

test('what follows a line that gives the keys away is for whoever takes them', async (t) => {
  const { editor, input, told, keys } = begin(t, (given) => given.close())
  await keys('/term\recho hello\r')
  assert.deepEqual(told, ['/term'])
  const others: string[] = []
  input.on('data', (bytes: Buffer) => others.push(String(bytes)))
  input.resume()
  await nextTurn()
  assert.deepEqual(others, ['echo hello\r'])
  assert.equal(editor.text, '')
})
