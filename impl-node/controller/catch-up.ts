// What a controller has missed: the present state, instead of the events that told it (rpc.event.catch-up).

import type { Capability } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { MethodName, Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { PairingRecord } from '../session/record.ts'
import type { Calls } from './calls.ts'

/** Null: this device may not see it, or there was no answer. */
export interface Present {
  readonly status: Result<'claude.getStatus'> | null
  readonly terminals: Result<'terminal.list'>['terminals'] | null
}

export type Described = Pick<PairingRecord, 'capabilities' | 'peerName'>

/** Asks at once for all that this device may see. */
export async function presentState(calls: Pick<Calls, 'call'>, known: readonly Capability[]): Promise<Present> {
  const ask = <M extends MethodName>(capability: Capability, method: M) =>
    known.includes(capability) ? orNull(calls.call(method, {} as Params<M>)) : null
  const [status, list] = await Promise.all([ask('observe', 'claude.getStatus'), ask('terminal', 'terminal.list')])
  return { status, terminals: list?.terminals ?? null }
}

/** What `pair.complete` would have told, of a pairing that a rekey has confirmed. Null without an answer. */
export async function describedAgent(calls: Pick<Calls, 'call'>): Promise<Described | null> {
  const info = await orNull(calls.call('agent.info', {}))
  return info && { capabilities: info.capabilities, peerName: info.name }
}

async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return null
  }
}
