// The published vectors, every case. Known answers have a test of their own.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { constructions } from './testing/vectors/constructions.ts'
import { Ignored, Input, type Operation, readVectors, type VectorCase } from './testing/vectors/vector-file.ts'

/**
 * Refusals that need more than one message to judge, so another layer makes them: what was answered
 * before, the time of day, salts already seen, whether a record is stored.
 */
const JUDGED_BY_LINK: Readonly<Record<string, readonly string[]>> = {
  'handshake/agent-m1': ['pair-busy', 'pair-expired'],
  'handshake/controller-m2': ['ignored'],
  'handshake/agent-r1': ['ignored'],
  'rekey-ask/receive': ['replay'],
}

function outcomeOf(operation: Operation, { input, intermediate, output }: VectorCase) {
  try {
    return { made: operation(new Input(input), { ...intermediate, ...output }) }
  } catch (error) {
    if (error instanceof ProtocolError) return { code: error.code }
    if (error instanceof Ignored) return { code: 'ignored' }
    throw error
  }
}

function judge(operation: Operation, vector: VectorCase): void {
  const { made, code } = outcomeOf(operation, vector)
  assert.equal(code, vector.reject?.code, vector.comment)
  if (vector.result === 'invalid') return
  const expected: Record<string, unknown> = { ...vector.intermediate, ...vector.output }
  const names = Object.keys(made ?? {})
  assert.ok(names.length > 0, `${vector.id} compares nothing`)
  for (const name of names) assert.deepEqual(made?.[name], expected[name], `${vector.id}: ${name}`)
}

for (const [name, construction] of Object.entries(constructions)) {
  const { groups } = readVectors(name)
  test(`the vectors of ${name} have a group for each operation, and an operation for each group`, () => {
    assert.deepEqual(groups.map(({ label }) => label).sort(), Object.keys(construction).sort())
  })
  for (const { label, tests } of groups) {
    const operation = construction[label]
    if (typeof operation !== 'function') continue
    const byLink = JUDGED_BY_LINK[`${name}/${label}`] ?? []
    const cases = tests.filter(({ reject }) => !reject || !byLink.includes(reject.code))
    test(`all vectors of ${name}/${label} hold`, async (context) => {
      assert.ok(cases.length > 0, 'no case')
      for (const vector of cases) {
        await context.test(`${vector.id}: ${vector.comment}`, () => judge(operation, vector))
      }
    })
  }
}

test('every published construction is known here', () => {
  const published = readdirSync(new URL('../../vectors/', import.meta.url))
    .filter((file) => file.endsWith('.json') && file !== 'package.json')
    .map((file) => file.replace('.json', ''))
  assert.deepEqual(published.sort(), [...Object.keys(constructions), 'known-answers'].sort())
})
