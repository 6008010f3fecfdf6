// A video of a terminal's screen, as a camera in a hand that is not quite steady would see it: turned, small, with noise.
// Chromium plays such a file in the place of a camera.

import type { Cell } from './terminal-program.ts'

const [WIDTH, HEIGHT] = [640, 480]
/** Of a cell; block elements fill it, so that the lines of a code touch. */
const [CELL_WIDTH, CELL_HEIGHT] = [8, 16]
const FRAMES = 8
/** Degrees, and pixels of the frame for one of the screen. */
const TURN = 5
const SCALE = 0.92
/** Largest distance from the true grey. */
const NOISE = 24
/** Of what lies around the screen. */
const ROOM = 70

/** Grey, 0 to 255. */
interface Picture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/** Whether a glyph covers a place of its cell. Letters are something in between: nobody reads them here. */
function isInk(text: string, x: number, y: number): boolean {
  const isUpper = y < CELL_HEIGHT / 2
  if (text === ' ') return false
  if (text === '█') return true
  if (text === '▀') return isUpper
  if (text === '▄') return !isUpper
  return x > 0 && x < 6 && y > 3 && y < 12 && (x * 7 + y * 5 + (text.codePointAt(0) ?? 0)) % 3 === 0
}

/** The screen as a terminal draws it. */
export function drawn(cells: readonly (readonly Cell[])[]): Picture {
  const [width, height] = [(cells[0]?.length ?? 0) * CELL_WIDTH, cells.length * CELL_HEIGHT]
  const pixels = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = cells[Math.floor(y / CELL_HEIGHT)]?.[Math.floor(x / CELL_WIDTH)]
      if (!cell) continue
      pixels[y * width + x] = isInk(cell.text, x % CELL_WIDTH, y % CELL_HEIGHT) ? cell.ink : cell.paper
    }
  }
  return { width, height, pixels }
}

/** Between the four pixels around a place; the room, outside. */
function greyAt({ width, height, pixels }: Picture, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)]
  if (left < 0 || top < 0 || left + 1 >= width || top + 1 >= height) return ROOM
  const [right, down] = [x - left, y - top]
  const at = top * width + left
  const [a = 0, b = 0, c = 0, d = 0] = [pixels[at], pixels[at + 1], pixels[at + width], pixels[at + width + 1]]
  return (a * (1 - right) + b * right) * (1 - down) + (c * (1 - right) + d * right) * down
}

/** The same in each run. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return (state / 2_147_483_648 - 0.5) * 2 * NOISE
  }
}

function frame(picture: Picture, number: number): Uint8Array {
  const luma = new Uint8Array(WIDTH * HEIGHT)
  const grain = noise(number + 1)
  // The hand moves a little from frame to frame.
  const angle = ((TURN + Math.sin(number) / 2) * Math.PI) / 180
  const [cos, sin] = [Math.cos(angle) / SCALE, Math.sin(angle) / SCALE]
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const [dx, dy] = [x - WIDTH / 2 + Math.cos(number) * 3, y - HEIGHT / 2 + Math.sin(number) * 3]
      const grey = greyAt(picture, picture.width / 2 + dx * cos + dy * sin, picture.height / 2 - dx * sin + dy * cos)
      luma[y * WIDTH + x] = Math.min(255, Math.max(0, grey + grain()))
    }
  }
  return luma
}

/** In the format YUV4MPEG2, without colours. */
export function videoOf(picture: Picture): Uint8Array {
  const colours = new Uint8Array((WIDTH * HEIGHT) / 2).fill(128)
  const parts: Uint8Array[] = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420\n`)]
  for (let number = 0; number < FRAMES; number++) {
    parts.push(Buffer.from('FRAME\n'), frame(picture, number), colours)
  }
  return Buffer.concat(parts)
}
