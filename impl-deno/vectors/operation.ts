// What the operations of the published vectors are made of: each computes from an input what this implementation
// makes of it.

import { fromHex, toHex } from '../crypto/bytes.ts'

// biome-ignore lint/suspicious/noExplicitAny: the shape of an input is that of its operation
export type Input = any
/** Throws ProtocolError or Ignored; bytes in what it returns are compared as hex. */
export type Operation = (input: Input) => Promise<object> | object

export const hex = fromHex

/** A refusal that has no code of the registry: without effect, and nothing is reported. */
export class Ignored extends Error {}

const operations = new Map<string, Operation>()

/** What the groups of one file compute. */
export function defineVectors(file: string, groups: Readonly<Record<string, Operation>>): void {
  for (const [group, operation] of Object.entries(groups)) operations.set(`${file}/${group}`, operation)
}

const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

export interface VectorAnswer {
  readonly outputs: Readonly<Record<string, unknown>>
}

/** The answer to `vector` of the shim protocol; undefined for a group that is not defined. Throws ProtocolError. */
export async function vectorAnswer(file: string, group: string, input: Input): Promise<VectorAnswer | undefined> {
  const operation = operations.get(`${file}/${group}`)
  if (!operation) return undefined
  try {
    return { outputs: plain(await operation(input)) as Record<string, unknown> }
  } catch (error) {
    if (error instanceof Ignored) return { outputs: { ignored: true } }
    throw error
  }
}
