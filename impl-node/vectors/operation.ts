// What an operation of the published vectors is: it maps the input of a case to what this implementation
// makes of it.

import { unhex } from './deterministic.ts'

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

/** The outputs of a case, bytes as hex, and perhaps values on the way; throws ProtocolError or Ignored. */
export type Operation = (input: Input) => Record<string, unknown>

/** By group of the file. */
export type Construction = Readonly<Record<string, Operation>>
