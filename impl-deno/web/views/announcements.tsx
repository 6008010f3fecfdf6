// What a screen reader says at once, wherever the person is: what waits for an answer.

import { safeLine } from '../../controller/safe-text.ts'
import type { Household } from '../state/household.ts'
import { texts } from '../texts.ts'
import { nameOf } from './computers.tsx'

function newestAsk(home: Household): string {
  const asks = home.agents.value.flatMap((agent) =>
    agent.waiting.value.map(({ kind, request }) => {
      const who = safeLine(agent.info.value?.assistant?.name ?? texts.ask.assistant)
      const what = kind === 'permission' ? texts.ask.asks(who) : texts.ask.wants(who)
      return `${nameOf(agent)}. ${what}: ${safeLine(request.title)}`
    }),
  )
  return asks.at(-1) ?? ''
}

export const Announcements = ({ home }: { home: Household }) => (
  <p class="visually-hidden" aria-live="assertive">
    {newestAsk(home)}
  </p>
)
