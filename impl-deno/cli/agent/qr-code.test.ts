import { equal, ok } from 'node:assert/strict'
import decodeQR from 'qr/decode.js'
import { encodeBase32 } from '../../crypto/base32.ts'
import { random } from '../../crypto/primitives.ts'
import { qrLines, qrWidth } from './qr-code.ts'

const codeFor = (relay: number) => `HAPPY://${encodeBase32(random(56 + relay))}`

Deno.test('a code for a relay address of 35 bytes fits a terminal of 80x24, with room beside it', () => {
  const lines = qrLines(codeFor(35))
  ok(lines.length <= 24, `${lines.length} lines`)
  equal(qrWidth(lines), 45)
})

Deno.test('what is drawn can be read again', () => {
  const text = codeFor(20)
  const rows = qrLines(text).flatMap((line) => {
    const blocks = [...line].filter((character) => ' ▄▀█'.includes(character))
    return [blocks.map((block) => '▀█'.includes(block)), blocks.map((block) => '▄█'.includes(block))]
  })
  const scale = 4
  const [width, height] = [(rows[0]?.length ?? 0) * scale, rows.length * scale]
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dark = rows[Math.floor(y / scale)]?.[Math.floor(x / scale)]
      data.fill(dark ? 0 : 255, (y * width + x) * 3, (y * width + x + 1) * 3)
    }
  }
  equal(decodeQR({ width, height, data }), text)
})
