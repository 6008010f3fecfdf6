// A relay that changes bytes, among programs that are right: the matrix says which scenarios depend on it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadImplementation } from '../runner/configuration.ts'
import { runMatrix } from '../runner/matrix.ts'
import { relayMutants } from './relay/index.ts'
import { withProgram } from './subject.ts'

const node = loadImplementation(fileURLToPath(new URL('../implementations/node.json', import.meta.url)))
const { relay: _relay, ...ends } = node.implementation.roles

test('a relay that changes large frames is found by a large prompt', async () => {
  const mutant = relayMutants.find(({ name }) => name === 'rewrites-large')
  assert.ok(mutant)
  const relays = await Promise.all(
    [undefined, { ...mutant, role: 'relay' } as const].map((each) =>
      withProgram('scripted relay', each, async (program) => program),
    ),
  )
  const both = { ...node, implementation: { ...node.implementation, name: 'node', roles: ends } }
  const options = { strict: true, looseErrors: false, filter: 'L', workers: 2 }
  const { report } = await runMatrix([...relays, both], options)
  assert.deepEqual(
    report.scenarios.map(({ id, verdict }) => `${id}: ${verdict}`),
    ['matrix/scripted-relay+node+node/L: pass', 'matrix/rewrites-large+node+node/L: fail'],
  )
  assert.deepEqual(report.matrix?.findings, [
    'L of agent node and controller node depends on the relay, which has to be opaque: pass with the relay scripted relay, fail with the relay rewrites-large',
  ])
})
