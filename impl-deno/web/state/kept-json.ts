// What the page keeps in the store as JSON.

import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'

/** Undefined where there is nothing, or another version of the page wrote it. */
export function readJson<T extends TSchema>(schema: T, content: Uint8Array | undefined): Static<T> | undefined {
  try {
    const kept: unknown = content && JSON.parse(new TextDecoder().decode(content))
    return Check(schema, kept) ? kept : undefined
  } catch {
    return undefined
  }
}
