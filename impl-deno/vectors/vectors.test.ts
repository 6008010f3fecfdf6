// Every vector of every file, from the JSON.

import assert from 'node:assert/strict'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { vectorAnswer } from './all.ts'

interface VectorTest {
  readonly id: string
  readonly comment: string
  readonly input: unknown
  readonly intermediate?: Record<string, unknown>
  readonly output?: Record<string, unknown>
  readonly reject?: { readonly code: string }
}

interface VectorFile {
  readonly construction: string
  readonly groups: readonly { readonly label: string; readonly tests: readonly VectorTest[] }[]
}

const FOLDER = new URL('../../vectors/', import.meta.url)
const NOT_VECTORS = ['package.json']

const files: VectorFile[] = [...Deno.readDirSync(FOLDER)]
  .filter(({ name }) => name.endsWith('.json') && !NOT_VECTORS.includes(name))
  .map(({ name }) => JSON.parse(Deno.readTextFileSync(new URL(name, FOLDER))))

async function outcomeOf(file: string, group: string, input: unknown) {
  try {
    const answer = await vectorAnswer(file, group, input)
    assert.ok(answer, `${file}/${group} is not defined`)
    return answer.outputs.ignored === true ? { code: 'ignored' } : answer
  } catch (error) {
    if (error instanceof ProtocolError) return { code: error.code }
    throw error
  }
}

async function judge(file: string, group: string, { input, intermediate, output, reject }: VectorTest): Promise<void> {
  const outcome = await outcomeOf(file, group, input)
  assert.equal('code' in outcome ? outcome.code : undefined, reject?.code)
  if (!('outputs' in outcome)) return
  const { outputs } = outcome
  for (const [name, value] of Object.entries(output ?? {})) assert.deepEqual(outputs[name], value, name)
  for (const [name, value] of Object.entries(intermediate ?? {})) {
    if (name in outputs) assert.deepEqual(outputs[name], value, `on the way: ${name}`)
  }
}

for (const { construction, groups } of files) {
  for (const { label, tests } of groups) {
    Deno.test(`${construction}: all ${tests.length} vectors of ${label} come out as given`, async () => {
      assert.ok(tests.length > 0)
      const failures: string[] = []
      for (const test of tests) {
        await judge(construction, label, test).catch(({ message }) =>
          failures.push(`${test.id} (${test.comment}): ${message}`),
        )
      }
      assert.deepEqual(failures, [])
    })
  }
}
