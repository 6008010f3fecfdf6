import assert from 'node:assert/strict'
import { test } from 'node:test'
import { panelsOf, plot } from './plot.ts'
import type { Row } from './row.ts'

const row = (id: string, subject: string, reference: string, medians: [number, number]): Row => ({
  ...{ id, subject, reference, unit: '', ratio: 1, spread: 0, goal: null },
  ...{ subjectMedian: medians[0], referenceMedian: medians[1] },
})
const rows = [
  row('relay.forward.65536.node', 'relay (Node)', 'bare ws forwarder', [120, 140]),
  row('relay.forward.256.node', 'relay (Node)', 'bare ws forwarder', [6, 12]),
  row('relay.forward.256.node.bun', 'relay (Node)', 'Bun (uWebSockets)', [7, 8]),
  row('relay.forward.256.burst.node', 'relay (Node)', 'bare ws forwarder', [1, 1]),
  row('relay.idle.node', 'relay (Node)', 'bare ws forwarder', [10.24, 8]),
  row('relay.idle.2500.node', 'relay (Node)', 'bare ws forwarder', [20.48, 8]),
  row('crypto.roundtrip.100', 'a', 'b', [1, 1]),
]

test('panelsOf gives each contestant one value for a size, in the order of the sizes, of the rows that it draws', () => {
  const [forwarded, idle] = panelsOf(rows)
  assert.deepEqual(forwarded?.series, [
    {
      name: 'relay (Node)',
      points: [
        { x: 256, y: 6 },
        { x: 65_536, y: 120 },
      ],
    },
    {
      name: 'bare ws forwarder',
      points: [
        { x: 256, y: 12 },
        { x: 65_536, y: 140 },
      ],
    },
    { name: 'Bun (uWebSockets)', points: [{ x: 256, y: 8 }] },
  ])
  // MiB of all, out of KiB of each.
  assert.deepEqual(idle?.series[0]?.points, [
    { x: 2_500, y: 50 },
    { x: 10_000, y: 100 },
  ])
})

test('plot draws all points within the picture, and higher is more', () => {
  const svg = plot(rows)
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []
  const dots = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)])
  assert.equal(dots.length, 9)
  for (const [x = -1, y = -1] of dots) assert.ok(x > 0 && x < Number(width) && y > 0 && y < Number(height))
  const [small, large] = dots as [[number, number], [number, number]]
  assert.ok(large[0] > small[0] && large[1] < small[1])
  assert.match(svg, /prefers-color-scheme:dark/)
})

test('plot leaves out a panel that has no rows, and says so where none has', () => {
  assert.match(plot(rows.slice(0, 3)), /viewBox="0 0 460 /)
  assert.throws(() => plot([]), RangeError)
})
