// fast-check arbitraries derived from the declarations, so that tests and fuzzers never repeat a shape.

import fc from 'fast-check'
import type { TSchema } from 'typebox'
import type { Layout } from '../src/layout.ts'

/** The members of a JSON Schema (draft-07) that the declarations use. */
export interface JsonSchema {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
}

/** Most bytes or characters drawn where the declaration allows more. */
const LONGEST = 512
const MOST_ITEMS = 6

/** Values of a layout's decoded type. Byte fields of varying length take at most 512 bytes more than they must. */
export const arbitraryOf = <T>(layout: Layout<T>): fc.Arbitrary<T> => decodedOf(layout.schema) as fc.Arbitrary<T>

/** Well-formed frames of a layout. */
export const arbitraryBytesOf = <T>(layout: Layout<T>): fc.Arbitrary<Uint8Array<ArrayBuffer>> =>
  arbitraryOf(layout).map((value) => layout.encode(value))

/** JSON values that fit a TypeBox or JSON schema, without members that it does not name. */
export const arbitraryOfSchema = (schema: TSchema | JsonSchema): fc.Arbitrary<unknown> =>
  arbitraryOfJson(schema as JsonSchema, stringOf)

/** In the schema of a layout every string stands for bytes. */
const decodedOf = (schema: TSchema | JsonSchema): fc.Arbitrary<unknown> =>
  arbitraryOfJson(schema as JsonSchema, bytesOf)

type Leaf = (schema: JsonSchema) => fc.Arbitrary<unknown>

function arbitraryOfJson(schema: JsonSchema, leaf: Leaf): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((choice) => arbitraryOfJson(choice, leaf)))
  switch (schema.type) {
    case 'string':
      return leaf(schema)
    case 'integer':
      return fc.integer({
        min: schema.minimum ?? Number.MIN_SAFE_INTEGER,
        max: schema.maximum ?? Number.MAX_SAFE_INTEGER,
      })
    case 'number':
      return fc
        .double({
          ...(schema.minimum !== undefined && { min: schema.minimum }),
          ...(schema.maximum !== undefined && { max: schema.maximum }),
          noNaN: true,
          noDefaultInfinity: true,
          // JSON has no negative zero.
        })
        .map((value) => value || 0)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array': {
      const minLength = schema.minItems ?? 0
      const maxLength = Math.min(schema.maxItems ?? Number.POSITIVE_INFINITY, minLength + MOST_ITEMS)
      return fc.array(arbitraryOfJson(schema.items ?? {}, leaf), { minLength, maxLength })
    }
    case 'object': {
      const members = Object.entries(schema.properties ?? {}).map(
        ([name, member]) => [name, arbitraryOfJson(member, leaf)] as const,
      )
      return fc.record(Object.fromEntries(members), {
        requiredKeys: [...(schema.required ?? [])],
        noNullPrototype: true,
      })
    }
    case undefined:
      return anyJson
    default:
      throw new TypeError(`Cannot derive an arbitrary: unknown schema type ${schema.type}`)
  }
}

// Through JSON once, because -0 and members named __proto__ do not survive it.
const anyJson = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown)

const HEX = '^([0-9a-f]{2})*$'
const NAME = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'

function bytesOf({ minLength = 0, maxLength = Number.POSITIVE_INFINITY }: JsonSchema): fc.Arbitrary<Uint8Array> {
  const least = minLength / 2
  return fc.uint8Array({ minLength: least, maxLength: Math.min(maxLength / 2, least + LONGEST), size: 'max' })
}

function stringOf(schema: JsonSchema): fc.Arbitrary<string> {
  const { pattern, minLength = 0 } = schema
  if (pattern === HEX) return bytesOf(schema).map((bytes) => Buffer.from(bytes).toString('hex'))
  const maxLength = Math.min(schema.maxLength ?? Number.POSITIVE_INFINITY, minLength + LONGEST)
  if (pattern === undefined) return fc.string({ minLength, maxLength })
  if (pattern === NAME) return nameOf(minLength, maxLength)
  const wanted = new RegExp(pattern)
  return fc.stringMatching(wanted).filter((text) => text.length >= minLength && text.length <= maxLength)
}

/** The schema counts characters and the protocol bytes, so both are kept. */
const nameOf = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'binary', minLength, maxLength: 24 })
    .map((text) => text.replace(/\p{Cc}|\p{Cs}/gu, ' '))
    .filter((text) => Buffer.byteLength(text) <= maxLength)

export { mutateBytes, mutateJson } from './mutation.ts'
