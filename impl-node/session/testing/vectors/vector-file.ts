// Reads the published vectors. Operations map the inputs of a case to what this implementation makes of them.

import { readFileSync } from 'node:fs'
import type { ErrorCode } from '@happy-remote/schemas/errors.ts'
import { unhex } from '../deterministic.ts'

export interface VectorCase {
  readonly id: string
  readonly comment: string
  readonly input: Input
  readonly intermediate?: Readonly<Record<string, unknown>>
  readonly output?: Readonly<Record<string, unknown>>
  readonly result: 'valid' | 'invalid'
  readonly reject?: { readonly code: ErrorCode | 'ignored' }
}

export interface VectorFile {
  readonly construction: string
  readonly groups: readonly { readonly label: string; readonly tests: readonly VectorCase[] }[]
}

const folder = new URL('../../../../vectors/', import.meta.url)

export const readVectors = (name: string): VectorFile =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as VectorFile

/** Members of a vector's input; the files are checked against their schemas elsewhere. */
export class Input {
  readonly values: Readonly<Record<string, unknown>>
  constructor(values: unknown) {
    this.values = values as Readonly<Record<string, unknown>>
  }

  bytes(name: string): Uint8Array {
    return unhex(this.values[name] as string)
  }
  number<T extends number = number>(name: string): T {
    return this.values[name] as T
  }
  text<T extends string = string>(name: string): T {
    return this.values[name] as T
  }
  flag(name: string): boolean {
    return this.values[name] as boolean
  }
  is(name: string): boolean {
    return this.values[name] !== null
  }
  inner(name: string): Input {
    return new Input(this.values[name])
  }
  list(name: string): readonly Input[] {
    return (this.values[name] as unknown[]).map((value) => new Input({ value }))
  }
  objects(name: string): readonly Input[] {
    return (this.values[name] as unknown[]).map((value) => new Input(value))
  }
}

/** No effect at all: neither an error nor an answer. */
export class Ignored extends Error {}

/**
 * Gives members of the case's output or intermediate values, at least one; throws ProtocolError or
 * Ignored. `expected` is for what can be verified and not made again.
 */
export type Operation = (input: Input, expected: Readonly<Record<string, unknown>>) => Record<string, unknown>

/** By group of the file. A group that is judged by another layer is a sentence that says which. */
export type Construction = Readonly<Record<string, Operation | string>>
