// What a camera reads from a terminal that shows a pairing code in half blocks, dark drawn on light.

import decodeQR from 'qr/decode.js'

const SCALE = 4

/** `lines` are the characters on the screen, without styles; the code stands in the first `width` columns. */
export function readQr(lines: readonly string[], width = 45): string {
  const cells = lines.map((line) => [...line.padEnd(width)].slice(0, width))
  const modules = cells.flatMap((line) =>
    ['▀█', '▄█'].map((dark) => line.map((cell) => (dark.includes(cell) ? 0 : 255))),
  )
  const [columns, rows] = [width * SCALE, modules.length * SCALE]
  const data = new Uint8Array(columns * rows * 4)
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const light = modules[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] ?? 255
      data.set([light, light, light, 255], (y * columns + x) * 4)
    }
  }
  return decodeQR({ width: columns, height: rows, data })
}
