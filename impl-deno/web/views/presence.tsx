// How a computer stands, in words: as heard end to end, and never a bare "connected".

import { hasNetwork } from '../app/network.ts'
import type { Agent } from '../state/agent.ts'
import { now } from '../state/clock.ts'
import { texts } from '../texts.ts'

const words = texts.presence

export type Light = 'online' | 'away' | 'trouble'

export function presenceOf(agent: Agent): { readonly light: Light; readonly text: string } {
  const { online, heardAt } = agent.presence.value
  const relay = agent.relay.value
  const heard = heardAt === null ? undefined : texts.ago(now.value - heardAt)
  if (agent.isOver.value) return { light: 'trouble', text: words.revoked }
  if (online && heard !== undefined) return { light: 'online', text: words.online(heard) }
  if (relay?.state === 'ended' || relay?.state === 'refused') {
    const why = relay.state === 'ended' ? relay.why : relay.code
    return { light: 'trouble', text: why === 'superseded' ? words.superseded : words.ended }
  }
  if (!hasNetwork.value) return { light: 'trouble', text: words.noNetwork(heard) }
  if (relay?.state === 'lost') return { light: 'trouble', text: words.offline(heard) }
  if (heard !== undefined) return { light: 'away', text: words.away(heard) }
  return { light: 'away', text: relay?.state === 'bound' ? words.never : words.connecting }
}

export const PresenceLine = ({ light, text }: { light: Light; text: string }) => (
  <span class="presence">
    <span class={`light ${light}`} aria-hidden="true" />
    {text}
  </span>
)

export const Presence = ({ agent }: { agent: Agent }) => <PresenceLine {...presenceOf(agent)} />
