// node bench/plot.ts table.json plot.svg: how cost grows, drawn from the rows of a run (`npm run bench -- --json`).

import { readFileSync, writeFileSync } from 'node:fs'
import type { Row } from './row.ts'

interface Point {
  readonly x: number
  readonly y: number
}
interface Series {
  readonly name: string
  readonly points: readonly Point[]
}
interface Panel {
  readonly title: string
  readonly xName: string
  readonly scale: 'log' | 'linear'
  readonly series: readonly Series[]
}

/** Pixels. */
const [WIDTH, HEIGHT] = [460, 300]
const MARGIN = { left: 52, right: 26, top: 34, bottom: 74 }
/** One contestant has one colour in both panels: Okabe and Ito's, which people with any eyes tell apart. */
const COLOURS: Readonly<Record<string, string>> = {
  'relay (Node)': '#0072b2',
  'bare ws forwarder': '#56b4e9',
  'relay (Deno)': '#d55e00',
  'bare Deno forwarder': '#e69f00',
  'Socket.IO': '#cc79a7',
  'Bun (uWebSockets)': '#009e73',
}

/** What both sides of the rows that `at` places came to; the first that says it counts. */
function seriesOf(rows: readonly Row[], at: (row: Row) => { x: number; factor: number } | undefined): Series[] {
  const all = new Map<string, Map<number, number>>()
  for (const row of rows) {
    const place = at(row)
    if (!place) continue
    for (const [name, y] of [
      [row.subject, row.subjectMedian],
      [row.reference, row.referenceMedian],
    ] as const) {
      const points = all.get(name) ?? new Map<number, number>()
      all.set(name, points)
      if (!points.has(place.x)) points.set(place.x, y * place.factor)
    }
  }
  return [...all].map(([name, points]) => ({
    name,
    points: [...points].map(([x, y]) => ({ x, y })).sort((a, b) => a.x - b.x),
  }))
}

export function panelsOf(rows: readonly Row[]): Panel[] {
  const forwarded = seriesOf(rows, ({ id }) => {
    const size = /^relay\.forward\.(\d+)\.(node|deno)(\.(socket-io|bun))?$/.exec(id)?.[1]
    return size === undefined ? undefined : { x: Number(size), factor: 1 }
  })
  const kept = seriesOf(rows, ({ id }) => {
    const idle = /^relay\.idle(?:\.(\d+))?\.(node|deno)$/.exec(id)
    const count = Number(idle?.[1] ?? 10_000)
    return idle ? { x: count, factor: count / 1_024 } : undefined
  })
  const panels: Panel[] = [
    { title: 'µs of CPU per forwarded frame', xName: 'bytes of a frame', scale: 'log', series: forwarded },
    { title: 'MiB of memory', xName: 'idle bound connections', scale: 'linear', series: kept },
  ]
  return panels.filter(({ series }) => series.length > 0)
}

interface Axis {
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
}

/** 1, 2 or 5 times a power of ten: at least a fifth of `largest`. */
function step(largest: number): number {
  const power = 10 ** Math.floor(Math.log10(largest / 5))
  return ([1, 2, 5].find((factor) => factor * power * 5 >= largest) ?? 10) * power
}

/** Values to pixels, from `from` to `to`. */
function axis(values: readonly number[], scale: Panel['scale'], from: number, to: number): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  if (scale === 'log') {
    const [low, high] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))]
    const span = Math.max(1, high - low)
    const ticks = Array.from({ length: span + 1 }, (_, i) => 10 ** (low + i))
    return { at: (value) => from + ((Math.log10(value) - low) / span) * (to - from), ticks }
  }
  const each = step(Math.max(most, Number.MIN_VALUE))
  const count = Math.ceil(most / each)
  const ticks = Array.from({ length: count + 1 }, (_, i) => i * each)
  return { at: (value) => from + (value / (count * each)) * (to - from), ticks }
}

const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const pixel = (value: number) => value.toFixed(1)
const label = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 })

function drawPanel({ title, xName, scale, series }: Panel, left: number): string[] {
  const all = series.flatMap(({ points }) => points)
  const [x0, x1] = [left + MARGIN.left, left + WIDTH - MARGIN.right]
  const [y0, y1] = [HEIGHT - MARGIN.bottom, MARGIN.top]
  const xs = axis(
    all.map(({ x }) => x),
    scale,
    x0,
    x1,
  )
  const ys = axis(
    all.map(({ y }) => y),
    scale,
    y0,
    y1,
  )
  const text = (x: number, y: number, anchor: string, content: string) =>
    `<text x="${pixel(x)}" y="${pixel(y)}" text-anchor="${anchor}">${xml(content)}</text>`
  const line = (points: readonly Point[]) => points.map(({ x, y }) => `${pixel(xs.at(x))},${pixel(ys.at(y))}`).join(' ')
  return [
    `<text class="title" x="${x0}" y="18">${xml(title)}</text>`,
    ...ys.ticks.flatMap((tick) => [
      `<line class="grid" x1="${x0}" x2="${x1}" y1="${pixel(ys.at(tick))}" y2="${pixel(ys.at(tick))}"/>`,
      text(x0 - 6, ys.at(tick) + 4, 'end', label(tick)),
    ]),
    ...xs.ticks.map((tick) => text(xs.at(tick), y0 + 16, 'middle', label(tick))),
    text((x0 + x1) / 2, y0 + 32, 'middle', xName),
    ...series.flatMap(({ name, points }) => {
      const colour = COLOURS[name] ?? 'currentColor'
      const dots = points.map(
        ({ x, y }) => `<circle cx="${pixel(xs.at(x))}" cy="${pixel(ys.at(y))}" r="3" fill="${colour}"/>`,
      )
      return [`<polyline fill="none" stroke="${colour}" points="${line(points)}"/>`, ...dots]
    }),
  ]
}

function drawLegend(names: readonly string[]): string[] {
  return names.flatMap((name, at) => {
    const [x, y] = [MARGIN.left + (at % 3) * 200, HEIGHT - 26 + Math.floor(at / 3) * 17]
    const colour = COLOURS[name] ?? 'currentColor'
    return [
      `<line x1="${x}" x2="${x + 18}" y1="${y - 4}" y2="${y - 4}" stroke="${colour}"/>`,
      `<text x="${x + 24}" y="${y}">${xml(name)}</text>`,
    ]
  })
}

/** SVG that follows the colours of the page. Throws RangeError where the rows have nothing to draw. */
export function plot(rows: readonly Row[]): string {
  const panels = panelsOf(rows)
  if (panels.length === 0) throw new RangeError('Cannot plot: there are no rows of relay.forward or relay.idle')
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))]
  const width = WIDTH * panels.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${panels.map(({ title }) => title).join('; ')}">`,
    '<style>svg{background:#fff;font:12px sans-serif}text{fill:#333}.title{font-weight:bold}.grid{stroke:#ddd}polyline,line{stroke-width:2}.grid{stroke-width:1}@media(prefers-color-scheme:dark){svg{background:#111}text{fill:#ddd}.grid{stroke:#333}}</style>',
    ...panels.flatMap((panel, at) => drawPanel(panel, at * WIDTH)),
    ...drawLegend(names),
    '</svg>',
    '',
  ].join('\n')
}

if (import.meta.main) {
  const [from, to] = process.argv.slice(2)
  if (from === undefined || to === undefined) {
    console.error('Say node bench/plot.ts table.json plot.svg')
    process.exit(2)
  }
  writeFileSync(to, plot((JSON.parse(readFileSync(from, 'utf8')) as { rows: Row[] }).rows))
}
