// What one look at a video sees: so few pixels that the page stays smooth while a decoder in it reads them.

/** One look then stays below 50 ms on a slow phone (`npm run web:measure`). */
const MOST_PIXELS = 512 * 288

export interface Look {
  /** Of the picture. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** As they are read. */
  readonly columns: number
  readonly rows: number
}

/** In turn all of the picture, made smaller, and its middle as it is: a code that is far away is read there. */
export function lookAt(width: number, height: number, turn: number): Look {
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)))
  const [columns, rows] = [Math.floor(width * scale), Math.floor(height * scale)]
  if (turn % 2 === 0) return { x: 0, y: 0, width, height, columns, rows }
  const [x, y] = [Math.floor((width - columns) / 2), Math.floor((height - rows) / 2)]
  return { x, y, width: columns, height: rows, columns, rows }
}
