// Schemas in words, for the tables that people read.

import type { TSchema } from 'typebox'
import type { JsonSchema } from '../schemas/test/arbitrary.ts'

/** 262144 → 262,144. */
export const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

const BASE64URL = /^\^\[A-Za-z0-9_-\]\{(\d+)\}(\[[^\]]*\])?\$$/
const PATTERNS: Readonly<Record<string, string>> = {
  '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$': 'UUID',
  '^[a-z2-7]{25}[aeimquy4]$': 'device id',
  '^[A-Za-z0-9_-]*$': 'bytes',
  '^[^\\u0000-\\u001f\\u007f-\\u009f]*$': 'name',
}

function stringWords({ pattern }: JsonSchema): string {
  if (pattern === undefined) return 'text'
  const fixed = BASE64URL.exec(pattern)
  if (fixed === null) return PATTERNS[pattern] ?? 'text'
  const characters = Number(fixed[1]) + (fixed[2] === undefined ? 0 : 1)
  return `${Math.floor((characters * 6) / 8)} bytes`
}

/** The type of a member in a few words: `32 bytes`, `"online" or "offline"`, `integer`. */
export function typeWords(schema: JsonSchema): string {
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((choice) => JSON.stringify(choice)).join(' or ')
  if (schema.anyOf) return schema.anyOf.map(typeWords).join(' or ')
  if (schema.type === 'string') return stringWords(schema)
  if (schema.type === 'array') return `list of ${typeWords(schema.items ?? {})}`
  if (schema.type === 'object') return 'object'
  return schema.type ?? 'anything'
}

const asJson = (schema: TSchema): JsonSchema => schema as JsonSchema

/** The value of the member `type`. */
export const titleOf = (message: TSchema): string => String(asJson(message).properties?.type?.const)

/** The members beside `type`, each as `` `name`? type: description ``. */
export function membersOf(message: TSchema): string[] {
  const { properties = {}, required = [] } = asJson(message)
  return Object.entries(properties)
    .filter(([name]) => name !== 'type')
    .map(([name, schema]) => {
      const { description } = schema as { description?: string }
      const optional = required.includes(name) ? '' : ' (optional)'
      return `\`${name}\`${optional}: ${typeWords(schema)}${description ? `; ${description}` : ''}`
    })
}

/** The members of an object as `{a, b?}`. */
export function signatureOf(schema: TSchema): string {
  const { properties = {}, required = [] } = asJson(schema)
  const names = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`))
  return `{${names.join(', ')}}`
}
