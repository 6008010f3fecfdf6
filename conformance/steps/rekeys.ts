// Rekeys of a running session, begun by the scripted controller or asked for by the scripted agent.

import { ScriptedAgent } from '../peers/scripted-agent.ts'
import type { ScriptedController } from '../peers/scripted-controller.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { Running } from './running.ts'

/** The scripted controller of an agent under test. */
export function controllerOf({ peer }: Running): ScriptedController {
  if (peer instanceof ScriptedAgent) throw new SuiteError('The controller is under test here, and not scripted')
  return peer
}

/** The scripted agent of a controller under test. */
export function agentOf({ peer }: Running): ScriptedAgent {
  if (peer instanceof ScriptedAgent) return peer
  throw new SuiteError('The agent is under test here, and not scripted')
}

/** Begins a rekey and does not wait for anything. */
export async function beginRekey({ peer }: Running): Promise<void> {
  if (peer instanceof ScriptedAgent) await peer.sendControl({ type: 'rekey' })
  else await peer.sendR1()
}

/** Waits until the peer uses another session than `before`; the clock of the program runs meanwhile. */
export async function expectNewSession(running: Running, before: unknown, time = 30_000): Promise<void> {
  const { program, peer } = running
  const isNew = async () => {
    if (peer.current !== undefined && peer.current !== before && isHeard(running)) return true
    if (program.has('clock')) await program.pass(500, 500)
    return false
  }
  if (!(await program.until(isNew, time))) throw new Failed('No new session is made')
  await running.stage.settle()
}

/** The program has spoken in the newest session. */
const isHeard = ({ peer }: Running): boolean =>
  peer.heard.some((heard) => 'seq' in heard && heard.session === peer.current)

/** A whole rekey, until both sides have spoken in the new session. */
export async function makeRekey(running: Running): Promise<void> {
  const before = running.peer.current
  await beginRekey(running)
  await expectNewSession(running, before)
}
