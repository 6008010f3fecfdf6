// Names of those who did something.

import { safeLine } from '../../../controller/safe-text.ts'
import type { Agent } from '../../state/agent.ts'
import { texts } from '../../texts.ts'

export function whoIs(agent: Agent, by: string): string {
  if (by === 'local') return texts.who.local
  const device = agent.devices.value.find(({ deviceId }) => deviceId === by)
  if (device?.self) return texts.who.self
  return (device && safeLine(device.name)) || texts.who.unknown(by)
}

const OF_DEVICE: readonly string[] = ['allowed', 'denied', 'answered', 'declined']

/** An outcome that somebody gave carries who it was. */
export function outcomeText(agent: Agent, { outcome, by }: { outcome: string; by: string }): string {
  const text = texts.ask.outcomes[outcome] ?? outcome
  // What was withdrawn by nobody in particular was so by the assistant.
  const isOfDevice = OF_DEVICE.includes(outcome) || (outcome === 'cancelled' && by !== 'local')
  return isOfDevice ? texts.ask.by(text, whoIs(agent, by)) : text
}
