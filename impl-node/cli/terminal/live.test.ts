import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { type TestContext, test } from 'node:test'
import type { WriteStream } from 'node:tty'
import xterm from '@xterm/headless'
import { LiveBlock } from './live.ts'

/** A block on the screen of an emulator whose size can be changed. */
function start(t: TestContext, columns: number, rows = 24) {
  const terminal = new xterm.Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true })
  const out = Object.assign(new EventEmitter(), {
    isTTY: true,
    destroyed: false,
    getWindowSize: () => [terminal.cols, terminal.rows],
    write: (text: string) => terminal.write(text),
  })
  const block = new LiveBlock(out as unknown as WriteStream)
  t.after(() => block.close())
  const settled = () => new Promise<void>((resolve) => terminal.write('', resolve))
  return {
    block,
    async lines(): Promise<string[]> {
      await settled()
      const { active } = terminal.buffer
      const all = Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? '')
      return all.slice(0, all.findLastIndex((line) => line !== '') + 1)
    },
    async resize(width: number, height = rows): Promise<void> {
      await settled()
      terminal.resize(width, height)
      out.emit('resize')
    },
    async cursor(): Promise<[row: number, column: number]> {
      await settled()
      const { baseY, cursorY, cursorX } = terminal.buffer.active
      return [baseY + cursorY, cursorX]
    },
  }
}

test('what is printed stands above the block, and the cursor where it was put', async (t) => {
  const { block, lines, cursor } = start(t, 40)
  block.set(['state', '> typed'], { row: 1, column: 4 })
  block.print('one\ntwo')
  block.print('three')
  assert.deepEqual(await lines(), ['one', 'two', 'three', 'state', '> typed'])
  assert.deepEqual(await cursor(), [4, 4])
  block.clear()
  assert.deepEqual(await lines(), ['one', 'two', 'three'])
})

test('a screen that changes its size shows one block, and all that was printed', async (t) => {
  const { block, lines, resize } = start(t, 80)
  const foot = ['word '.repeat(14).trimEnd(), 'c'.repeat(70), '> typed'] as const
  block.set(foot, { row: 2, column: 7 })
  block.print('above')
  for (const [columns, rows] of [
    [40, 12],
    [25, 24],
    [20, 12],
    [79, 24],
    [30, 24],
    [80, 24],
  ] as const) {
    await resize(columns, rows)
    const text = (await lines()).join('\n')
    for (const part of ['above', 'ccc', '> typed']) {
      const often = text.split(part).length - 1
      assert.ok(
        part === 'ccc' ? often > 0 : often === 1,
        `${part} stands ${often} times at ${columns} columns:\n${text}`,
      )
    }
    assert.equal(text.match(/^c/gm)?.length, 1, text)
  }
})

test('a screen too low for the block shows its end', async (t) => {
  const { block, lines, cursor } = start(t, 40, 3)
  block.set(['a', 'b', 'c', '> typed'], { row: 3, column: 2 })
  assert.deepEqual(await lines(), ['c', '> typed'])
  assert.deepEqual(await cursor(), [1, 2])
})
