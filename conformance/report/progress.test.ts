import assert from 'node:assert/strict'
import { test } from 'node:test'
import { progressOn } from './progress.ts'

function watch(isTTY: boolean) {
  const texts: string[] = []
  let time = 0
  const progress = progressOn({ isTTY, write: (text) => texts.push(text) }, () => time)
  return { texts, progress, pass: (milliseconds: number) => (time += milliseconds) }
}

test('a terminal has one line that changes, with the time, and is clean at the end', () => {
  const { texts, progress, pass } = watch(true)
  pass(63_000)
  progress.onProgress(7, 191)
  progress.end()
  assert.deepEqual(texts, ['\r\u001b[K7 of 191 done, 1:03', '\r\u001b[K'])
})

test('a log gets a line every 15 s, and no control characters', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { texts, progress, pass } = watch(false)
  for (let second = 1; second <= 31; second++) {
    pass(1_000)
    progress.onProgress(second, 40)
    t.mock.timers.tick(1_000)
  }
  progress.end()
  assert.deepEqual(texts, ['15 of 40 done, 0:15\n', '30 of 40 done, 0:30\n'])
})
