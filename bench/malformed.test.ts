import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flood } from './malformed.ts'

for (const implementation of ['node', 'deno'] as const) {
  test(`malformed frames from many connections leave nothing behind in the ${implementation} relay, and cost nobody else a frame`, async () => {
    const { memory, lost, errors, left, connections, flooded } = await flood(implementation, 20_000)
    assert.deepEqual({ lost, errors, left }, { lost: 0, errors: 0, left: 0 })
    assert.ok(connections >= 200 && flooded.count > 0)
    assert.ok(memory.after < memory.before + 96, `${memory.before} MiB before, ${memory.after} MiB after`)
  })
}
