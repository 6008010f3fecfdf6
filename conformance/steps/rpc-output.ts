// The terminals of a scenario, and what each viewer has taken in of their output.

import { Output } from '../peers/output.ts'
import { SuiteError } from '../shim/trouble.ts'
import type { Caller } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

export interface OpenTerminal {
  readonly terminalId: string
  /** Who opened it. */
  readonly caller: Caller
  /** Bytes of input accepted, by controller. */
  readonly written: Map<Caller, number>
}

/** Of the results of `terminal.open` and `terminal.attach`. */
export interface Attachment {
  readonly terminalId: string
  readonly stream: number
  readonly offset: number
  readonly written: number
  readonly gap?: { readonly from: number; readonly to: number }
}

const terminals = new WeakMap<SuiteWorld, OpenTerminal[]>()
const outputs = new WeakMap<Caller, Output[]>()

/** The terminal that was opened last. */
export function terminalOf(world: SuiteWorld): OpenTerminal {
  const last = terminals.get(world)?.at(-1)
  if (!last) throw new SuiteError('No step has opened a terminal')
  return last
}

/** The streams of a controller, oldest first. */
export const outputsOf = (caller: Caller): readonly Output[] => outputs.get(caller) ?? []

/** The stream that began last. */
export function outputOf(caller: Caller): Output {
  const last = outputsOf(caller).at(-1)
  if (!last) throw new SuiteError(`The ${caller.name} watches no terminal`)
  return last
}

/** The result of a `terminal.open` or `terminal.attach`, as a stream that the controller takes in from now on. */
export async function attached(caller: Caller, { grants = true } = {}): Promise<Attachment> {
  const { frame } = await caller.answer()
  const answer = await caller.result<Attachment>()
  outputs.set(caller, [...outputsOf(caller), new Output(answer, frame.sessionNumber, grants)])
  return answer
}

/** The result of a `terminal.open`. */
export async function opened(world: SuiteWorld, caller: Caller, options?: { grants?: boolean }): Promise<OpenTerminal> {
  const { terminalId } = await attached(caller, options)
  const terminal = { terminalId, caller, written: new Map<Caller, number>() }
  terminals.set(world, [...(terminals.get(world) ?? []), terminal])
  return terminal
}
