import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import { PairComplete } from './pair-complete.ts'

const START = 5_000

test('pair.complete tells the name and the capabilities, and one that nobody knows', () => {
  const said = new PairComplete('desk\n', START).say(['observe', 'prompt'], START)
  assert.ok(said.type === 'pair.complete')
  assert.equal(said.agentName, 'desk')
  const [first, second, grease, ...more] = said.capabilities
  assert.deepEqual([first, second, more], ['observe', 'prompt', []])
  assert.match(grease ?? '', /^unstable-grease-[0-9a-f]{8}$/)
})

// pairing.agent.complete
test('pair.complete is due every 2 s, until 10 s are over', () => {
  const complete = new PairComplete('desk', START)
  const at: number[] = []
  for (let ms = 0; ms <= 20_000; ms += 500) {
    if (!complete.isDue(START + ms)) continue
    complete.say([], START + ms)
    at.push(ms)
  }
  assert.deepEqual(at, [0, 2_000, 4_000, 6_000, 8_000, 10_000])
  assert.equal(complete.isOver(START + limits.pairAckTime), false)
  assert.equal(complete.isOver(START + limits.pairAckTime + 1), true)
})
