// The published vectors, every case.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { constructions, vectorAnswer } from './constructions.ts'

interface VectorCase {
  readonly id: string
  readonly comment: string
  readonly input: Readonly<Record<string, unknown>>
  readonly intermediate?: Readonly<Record<string, unknown>>
  readonly output?: Readonly<Record<string, unknown>>
  readonly reject?: { readonly code: string }
}
interface VectorFile {
  readonly groups: readonly { readonly label: string; readonly tests: readonly VectorCase[] }[]
}

const folder = new URL('../../vectors/', import.meta.url)
const readVectors = (name: string): VectorFile => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))

function outcomeOf(file: string, group: string, { input }: VectorCase) {
  try {
    const outputs: Readonly<Record<string, unknown>> = vectorAnswer({ file, group, input })?.outputs ?? {}
    return outputs.ignored === true ? { code: 'ignored' } : { outputs }
  } catch (error) {
    if (error instanceof ProtocolError) return { code: error.code }
    throw error
  }
}

function judge(file: string, group: string, vector: VectorCase): void {
  const { outputs = {}, code } = outcomeOf(file, group, vector)
  assert.equal(code, vector.reject?.code, vector.comment)
  if (vector.reject) return
  for (const [name, value] of Object.entries(vector.output ?? {})) assert.deepEqual(outputs[name], value, name)
  for (const [name, value] of Object.entries(vector.intermediate ?? {})) {
    if (name in outputs) assert.deepEqual(outputs[name], value, `on the way: ${name}`)
  }
}

for (const [name, construction] of Object.entries(constructions)) {
  const { groups } = readVectors(name)
  test(`the vectors of ${name} have a group for each operation, and an operation for each group`, () => {
    assert.deepEqual(groups.map(({ label }) => label).sort(), Object.keys(construction).sort())
  })
  for (const { label, tests } of groups) {
    test(`all vectors of ${name}/${label} hold`, async (context) => {
      assert.ok(tests.length > 0, 'no case')
      for (const vector of tests) {
        await context.test(`${vector.id}: ${vector.comment}`, () => judge(name, label, vector))
      }
    })
  }
}

test('every published construction is known here', () => {
  const published = readdirSync(folder)
    .filter((file) => file.endsWith('.json') && file !== 'package.json')
    .map((file) => file.replace('.json', ''))
  assert.deepEqual(published.sort(), Object.keys(constructions).sort())
})
