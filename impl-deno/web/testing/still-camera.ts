// In the place of a camera: a picture of a screen with something that looks like a code, and is none, always the same.

/** To be run in the page before all else. */
export function stillCamera(): void {
  const [modules, size, edge] = [45, 9, 120]
  const canvas = document.createElement('canvas')
  canvas.width = 720
  canvas.height = 720
  const paint = canvas.getContext('2d')
  const media = navigator.mediaDevices as MediaDevices | undefined
  if (!paint || !media) return
  const fill = (colour: string, x: number, y: number, width: number, height: number) => {
    paint.fillStyle = colour
    paint.fillRect(x, y, width, height)
  }
  const module = (colour: string, x: number, y: number, many = 1) =>
    fill(colour, edge + 38 + x * size, edge + 38 + y * size, many * size, many * size)
  const draw = () => {
    fill('#3a4038', 0, 0, 720, 720)
    fill('#0e100e', 40, 40, 640, 640)
    fill('#ffffff', edge, edge, 480, 480)
    let seed = 7
    for (let i = 0; i < modules * modules; i++) {
      seed = (seed * 48_271) % 2_147_483_647
      if (seed % 2 === 0) module('#000000', i % modules, Math.floor(i / modules))
    }
    for (const [x, y] of [
      [0, 0],
      [modules - 7, 0],
      [0, modules - 7],
    ] as const) {
      module('#ffffff', Math.max(0, x - 1), Math.max(0, y - 1), 8)
      module('#000000', x, y, 7)
      module('#ffffff', x + 1, y + 1, 5)
      module('#000000', x + 2, y + 2, 3)
    }
  }
  media.getUserMedia = async () => {
    const stream = canvas.captureStream(5)
    setInterval(draw, 200)
    draw()
    return stream
  }
}
