import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULTS, fateOf, planOf } from './plan.ts'

test('a seed gives the same plan each time, and another seed another one', () => {
  assert.deepEqual(planOf('7', 60_000), planOf('7', 60_000))
  assert.notDeepEqual(planOf('7', 60_000), planOf('8', 60_000))
  const fates = (seed: string) => Array.from({ length: 200 }, (_, i) => fateOf(seed, 1, i)?.fault)
  assert.deepEqual(fates('7'), fates('7'))
  assert.notDeepEqual(fates('7'), fates('8'))
})

test('each fault meets its share of the frames', () => {
  const all = Array.from({ length: 20_000 }, (_, i) => fateOf('1', i % 4, i))
  for (const kind of FAULTS) {
    const share = all.filter((fate) => fate === kind).length / all.length
    assert.ok(Math.abs(share - kind.share) < 0.006, `${kind.fault} ${kind.delay}: ${share}`)
  }
})

test('something is cut every few seconds, and a minute has kills of both', () => {
  const { cuts, agent, controller } = planOf('1', 60_000)
  const gaps = cuts.map(({ at }, i) => at - (cuts[i - 1]?.at ?? 0))
  assert.ok(cuts.length >= 8 && Math.max(...gaps) <= 6_000)
  assert.ok(agent.length > 0 && controller.length > 0)
  assert.ok(
    agent.every(({ at }) => at < 30_000),
    'then the agent lives, so that its memory can be looked at',
  )
})
