// Runs the vectors of ../../vectors, from their JSON, against this implementation.

import assert from 'node:assert/strict'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { fromHex, toHex } from '../crypto/bytes.ts'

// biome-ignore lint/suspicious/noExplicitAny: the shape of an input is that of its operation
export type Input = any
/** Computes what a group of tests is about; bytes in what it returns are compared as hex. */
export type Operation = (input: Input, test: VectorTest) => Promise<object> | object

export interface VectorTest {
  readonly id: string
  readonly comment: string
  readonly input: Input
  readonly intermediate?: Record<string, unknown>
  readonly output?: Record<string, unknown>
  readonly result: 'valid' | 'invalid'
  readonly reject?: { readonly code: string }
}

interface VectorFile {
  readonly groups: readonly { readonly label: string; readonly tests: readonly VectorTest[] }[]
}

const FOLDER = new URL('../../vectors/', import.meta.url)
const NOT_VECTORS = ['package.json']

export const hex = fromHex
/** Where the vectors have null, or no bytes for "none". */
export const hexOrNull = (text: string | null): Uint8Array<ArrayBuffer> | null => (text ? fromHex(text) : null)

export const vectorNames = (): string[] =>
  [...Deno.readDirSync(FOLDER)]
    .map(({ name }) => name)
    .filter((name) => name.endsWith('.json') && !NOT_VECTORS.includes(name))
    .map((name) => name.slice(0, -'.json'.length))
    .sort()

export const loadVectors = (name: string): VectorFile =>
  JSON.parse(Deno.readTextFileSync(new URL(`${name}.json`, FOLDER)))

/** A refusal that has no code of the registry: without effect, and nothing is reported. */
export class Ignored extends Error {
  readonly code = 'ignored'
}

const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

async function runOne(operation: Operation, test: VectorTest): Promise<void> {
  let got: Record<string, unknown>
  try {
    got = plain(await operation(test.input, test)) as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof ProtocolError || error instanceof Ignored)) throw error
    assert.equal(test.result, 'invalid', `refused with ${error.code}: ${error.message}`)
    assert.equal(error.code, test.reject?.code)
    return
  }
  assert.equal(test.result, 'valid', `accepted, not refused with ${test.reject?.code}`)
  for (const [name, value] of Object.entries(test.output ?? {})) assert.deepEqual(got[name], value, name)
  for (const [name, value] of Object.entries(test.intermediate ?? {})) {
    if (name in got) assert.deepEqual(got[name], value, `intermediate ${name}`)
  }
}

const covered = new Set<string>()
export const coveredGroups: ReadonlySet<string> = covered

/** One test for each group of a file; every case of it that differs is named. */
export function testVectors(name: string, operations: Record<string, Operation>): void {
  for (const { label, tests } of loadVectors(name).groups) {
    const operation = operations[label]
    if (!operation) continue
    covered.add(`${name}/${label}`)
    Deno.test(`${name}: all ${tests.length} vectors of ${label} come out as given`, async () => {
      const failures: string[] = []
      for (const test of tests) {
        await runOne(operation, test).catch((error) => failures.push(`${test.id} (${test.comment}): ${error.message}`))
      }
      assert.deepEqual(failures, [])
    })
  }
}
