// The `type` of every JSON message outside the method registry.

import { schemas } from '../schemas/generate/declarations.ts'
import type { JsonSchema } from '../schemas/test/arbitrary.ts'

const typesIn = (union: string): string[] =>
  ((schemas.get(union) as JsonSchema | undefined)?.anyOf ?? []).map((message) =>
    String(message.properties?.type?.const),
  )

export const relayTypes: readonly string[] = [...typesIn('ClientToRelay'), ...typesIn('RelayToClient')]
export const controlTypes: readonly string[] = typesIn('ControlMessage')
