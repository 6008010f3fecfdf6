// An operation is what one group of vectors exercises: its JSON shapes and how to compute it.

import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'
import type { Backend } from '../backend/backend.ts'

export interface Computed {
  readonly intermediate: Record<string, unknown>
  readonly output: Record<string, unknown>
}

export interface Operation {
  readonly input: TObject
  readonly intermediate: TObject
  readonly output: TObject
  /** Throws ProtocolError with the code of `reject`, or Ignored, where the input is to be refused. */
  compute(backend: Backend, input: unknown): Promise<Computed>
}

const closed = { additionalProperties: false }

/** `compute` gets an input that fits the schema: the schemas of all files are checked first. */
export function operation<I extends TProperties, M extends TProperties, O extends TProperties>(parts: {
  input: I
  intermediate?: M
  output: O
  compute(
    backend: Backend,
    input: Static<TObject<I>>,
  ): Promise<{ intermediate?: Static<TObject<M>>; output: Static<TObject<O>> }>
}): Operation {
  return {
    input: Type.Object(parts.input, closed),
    intermediate: Type.Object(parts.intermediate ?? {}, closed),
    output: Type.Object(parts.output, closed),
    async compute(backend, input) {
      const { intermediate, output } = await parts.compute(backend, input as Static<TObject<I>>)
      return {
        intermediate: (intermediate ?? {}) as Record<string, unknown>,
        output: output as Record<string, unknown>,
      }
    },
  }
}

/** Bytes in lower-case hex: `size` of them, or any number. */
export function Hex(size?: number, description?: string) {
  const pattern = size === undefined ? '^([0-9a-f]{2})*$' : `^[0-9a-f]{${2 * size}}$`
  return Type.String({ pattern, ...(description && { description }) })
}

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const U32 = Type.Integer({ minimum: 0, maximum: 0xffff_ffff })
export const U16 = Type.Integer({ minimum: 0, maximum: 0xffff })
export const U8 = Type.Integer({ minimum: 0, maximum: 0xff })
export const Suite = Type.Union([Type.Literal(1), Type.Literal(2)])
export const Shape = <P extends TProperties>(properties: P) => Type.Object(properties, closed)
