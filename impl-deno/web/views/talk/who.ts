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

/** An outcome that somebody gave carries who it was. */
export function outcomeText(agent: Agent, { outcome, by }: { outcome: string; by: string }): string {
  const text = texts.ask.outcomes[outcome] ?? outcome
  const isGiven = ['allowed', 'denied', 'answered', 'declined'].includes(outcome)
  return isGiven ? texts.ask.by(text, whoIs(agent, by)) : text
}
