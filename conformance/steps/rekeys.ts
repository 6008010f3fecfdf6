// Rekeys of a running session, begun by the scripted controller or asked for by the scripted agent.

import type { HeardFrame } from '../peers/heard-frames.ts'
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

export const isR1 = (heard: HeardFrame) => heard.kind === 'handshake' && heard.type === 'R1'

/** The program has spoken in the session that the peer uses. */
export const isHeard = ({ peer }: Running): boolean =>
  peer.heard.some((heard) => 'seq' in heard && heard.session === peer.current)

/**
 * A whole rekey, until both sides have spoken in the new session. The clock of the program runs until its R1 has come,
 * which may have to wait for its gap; the rest needs no more than the network.
 */
export async function makeRekey(running: Running, begin: () => Promise<unknown> = () => beginRekey(running)) {
  const { program, peer } = running
  const { current, heard } = peer
  const { length } = heard
  await begin()
  const isBegun = () => !(peer instanceof ScriptedAgent) || heard.slice(length).some(isR1)
  const isNew = async () => {
    if (peer.current !== current && isHeard(running)) return true
    if (!isBegun() && program.has('clock')) await program.pass(500, 500)
    return false
  }
  if (!(await program.until(isNew, 30_000))) throw new Failed('No new session is made')
  await running.stage.settle()
}
