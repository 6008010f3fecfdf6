// What steps about a node of a cluster share.

import type { EnvelopeOf, ScriptedNode } from '../peers/scripted-node.ts'
import { Failed } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

export const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time))
export const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Asks again and again until it is so. Throws Failed with `otherwise` when `time` ms are over. */
export async function until(isSo: () => Promise<boolean>, time: number, otherwise: string): Promise<void> {
  const end = performance.now() + time
  while (!(await isSo())) {
    if (performance.now() > end) throw new Failed(`${otherwise} within ${time / 1000} s`)
    await pause(20)
  }
}

export const scripted = async (world: SuiteWorld, which = ''): Promise<ScriptedNode> => {
  const { node, other } = await world.meeting()
  return which.trim() === 'other' ? other : node
}

/** Whether a claim is one of `route`. */
export const claimed = (route: Uint8Array) => (envelope: EnvelopeOf<'claim'>) => isSame(envelope.route, route)
