// Examples are checked more strictly than messages are received: no unknown members anywhere.

import { rpcFile, schemaFile } from '../schemas/generate/files.ts'
import type { JsonSchema } from '../schemas/test/arbitrary.ts'

type Strict = JsonSchema & { readonly additionalProperties?: boolean }

const RPC_PARTS = ['params', 'result', 'request', 'success', 'event'] as const

/** Path below schemas/dist of the schema that the examples in a folder follow. */
export function schemaFileOf(folder: string): string {
  const part = RPC_PARTS.find((name) => folder.endsWith(`.${name}`))
  return part === undefined ? schemaFile(folder) : rpcFile(folder.slice(0, -part.length - 1), part)
}

/**
 * The schema with unknown members forbidden. An object without members of its own is any object in the
 * envelope (`params` of a method not known here) and has no members in the schema of a method.
 */
export function strict(schema: JsonSchema, emptyIsOpen: boolean): Strict {
  const within = (child: JsonSchema) => strict(child, emptyIsOpen)
  const members = Object.entries(schema.properties ?? {})
  const open = members.length === 0 && emptyIsOpen
  return {
    ...schema,
    ...(schema.anyOf && { anyOf: schema.anyOf.map(within) }),
    ...(schema.items && { items: within(schema.items) }),
    ...(schema.type === 'object' && {
      properties: Object.fromEntries(members.map(([name, member]) => [name, within(member)])),
      ...(!open && { additionalProperties: false }),
    }),
  }
}

/** In how many places two JSON values differ: a member that is missing, added or of another value counts once. */
export function differences(one: unknown, other: unknown): number {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return Object.is(one, other) ? 0 : 1
  }
  if (Array.isArray(one) !== Array.isArray(other)) return 1
  if (Array.isArray(one) && Array.isArray(other) && one.length !== other.length) return 1
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>]
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...names].reduce((sum, name) => {
    if (!(name in left) || !(name in right)) return sum + 1
    const nested = differences(left[name], right[name])
    return sum + nested
  }, 0)
}
