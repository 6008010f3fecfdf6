import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killNode } from './node-killed.ts'

for (const [doomed, other] of [
  ['deno', 'node'],
  ['node', 'deno'],
] as const) {
  test(`all clients of a ${doomed} node that is killed are bound again at the ${other} node, and no command is lost or done twice`, async () => {
    const verdict = await killNode({ nodes: [doomed, other], connections: 400, working: [[other, doomed]], quiet: 0 })
    const { bound, online, reached, failed, lost, faults, acknowledged } = verdict
    assert.deepEqual({ bound, online, reached, failed }, { bound: 400, online: 400, reached: 400, failed: 0 })
    assert.deepEqual(lost, { idle: 200, programs: 1 })
    assert.deepEqual(faults, [])
    assert.ok(acknowledged.before > 0 && acknowledged.all > acknowledged.before)
  })
}
