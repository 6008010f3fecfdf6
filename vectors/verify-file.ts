// Judges one vector file on one back end.

import { isDeepStrictEqual } from 'node:util'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type Backend, NotOffered } from './backend/backend.ts'
import { constructions } from './generate/constructions.ts'
import type { TestCase, VectorFile } from './generate/file.ts'
import type { Computed, Operation } from './operations/operation.ts'
import { Ignored } from './protocol/notice.ts'

export interface FileResult {
  passed: number
  /** Cases whose primitive the engine does not have on this runtime. */
  notOffered: number
  /** One line each: id and what differs. */
  mismatches: string[]
}

type Outcome = { computed: Computed } | { code: string } | { notOffered: true }

async function run(operation: Operation, backend: Backend, input: unknown): Promise<Outcome> {
  try {
    return { computed: await operation.compute(backend, input) }
  } catch (error) {
    if (error instanceof ProtocolError) return { code: error.code }
    if (error instanceof Ignored) return { code: 'ignored' }
    if (error instanceof NotOffered) return { notOffered: true }
    return { code: `an unexpected error: ${error}` }
  }
}

/** Null where the case holds, else what differs. */
function difference(test: TestCase, outcome: Outcome): string | null {
  const code = 'code' in outcome ? outcome.code : null
  if (test.result === 'invalid') {
    return code === test.reject?.code ? null : `expected ${test.reject?.code}, got ${code ?? 'no refusal'}`
  }
  if (!('computed' in outcome)) return `expected success, got ${code}`
  const { intermediate, output } = outcome.computed
  for (const [got, expected] of [
    [intermediate, test.intermediate ?? {}],
    [output, test.output ?? {}],
  ] as const) {
    for (const name of new Set([...Object.keys(got), ...Object.keys(expected)])) {
      if (!isDeepStrictEqual(got[name], expected[name])) return `${name} differs`
    }
  }
  return null
}

/** Inputs alone are used to compute; intermediates and outputs are compared with what comes out. */
export async function verifyFile(file: VectorFile, backend: Backend): Promise<FileResult> {
  const result: FileResult = { passed: 0, notOffered: 0, mismatches: [] }
  const construction = constructions.find(({ construction }) => construction === file.construction)
  if (!construction) return { ...result, mismatches: [`${file.construction}: unknown construction`] }
  for (const { label, tests } of file.groups) {
    const operation = construction.operations[label]
    for (const test of tests) {
      if (!operation) {
        result.mismatches.push(`${test.id}: unknown group ${label}`)
        continue
      }
      const outcome = await run(operation, backend, test.input)
      if ('notOffered' in outcome) {
        result.notOffered++
        continue
      }
      const differs = difference(test, outcome)
      if (differs === null) result.passed++
      else result.mismatches.push(`${test.id}: ${differs}`)
    }
  }
  return result
}
