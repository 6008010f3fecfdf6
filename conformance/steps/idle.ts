// Programs that a scenario leaves as if they had just been started wait here for the next one, because a
// start costs more than most scenarios. A program that anything was done to that might last is ended.

import { AfterAll } from '@cucumber/cucumber'
import type { WatchingRelay } from '../peers/watching-relay.ts'
import type { Target } from './parameters.ts'
import type { ProgramUnderTest } from './program.ts'

export interface Idle {
  readonly relay: WatchingRelay
  readonly url: string
  readonly program: ProgramUnderTest
}

const waiting = new Map<string, Idle>()
const keyOf = (role: string, target: Target): string => `${role} ${JSON.stringify(target)}`

/** The one that waits for this role, if there is one. */
export function takeIdle(role: string, target: Target): Idle | undefined {
  const key = keyOf(role, target)
  const idle = waiting.get(key)
  waiting.delete(key)
  return idle
}

export function keepIdle(role: string, target: Target, idle: Idle): void {
  waiting.set(keyOf(role, target), idle)
}

AfterAll(async () => {
  const all = [...waiting.values()]
  waiting.clear()
  await Promise.all(
    all.map(async ({ program, relay }) => {
      await program.end()
      await relay.crash()
    }),
  )
})
