import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lookAt } from './look.ts'

test('lookAt() sees all of a picture and its middle in turn, and never more than it can read at once', () => {
  assert.deepEqual(lookAt(1280, 720, 0), { x: 0, y: 0, width: 1280, height: 720, columns: 512, rows: 288 })
  assert.deepEqual(lookAt(1280, 720, 1), { x: 384, y: 216, width: 512, height: 288, columns: 512, rows: 288 })
  assert.deepEqual(lookAt(1280, 720, 2), lookAt(1280, 720, 0))
  for (const turn of [0, 1]) {
    const whole = { x: 0, y: 0, width: 320, height: 240, columns: 320, rows: 240 }
    assert.deepEqual(lookAt(320, 240, turn), whole)
    for (const [width, height] of [
      [640, 480],
      [1080, 1920],
      [4032, 3024],
    ] as const) {
      const look = lookAt(width, height, turn)
      assert.ok(look.columns * look.rows <= 512 * 288)
      assert.ok(look.columns * look.rows > 0.98 * 512 * 288)
      assert.ok(look.x + look.width <= width && look.y + look.height <= height)
      assert.ok(Math.abs(look.columns / look.rows - width / height) < 0.01)
    }
  }
})
