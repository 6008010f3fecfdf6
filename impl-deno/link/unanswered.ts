// How many M1 of one device wait for an answer (spec/pairing.md, M1).

import { limits } from '@happy-remote/schemas/limits.ts'
import type { Identity } from '../crypto/identity.ts'

/** Of each device: how its attempts are forgotten, oldest first. */
const waiting = new WeakMap<Identity, Set<() => void>>()

/** The wait begins. `forget` is called when eight younger attempts wait. Gives what ends the wait; idempotent. */
export function awaitM2(device: Identity, forget: () => void): () => void {
  const all = waiting.get(device) ?? new Set()
  waiting.set(device, all)
  all.add(forget)
  const [oldest] = all
  // pairing.m1.outstanding
  if (all.size > limits.bundles) oldest?.()
  return () => void all.delete(forget)
}
