// The computers that this device is paired with.

import { safeLine } from '../../controller/safe-text.ts'
import { linkTo, route } from '../app/routes.ts'
import type { Agent } from '../state/agent.ts'
import { Home } from '../state/home.ts'
import type { Household } from '../state/household.ts'
import { texts } from '../texts.ts'
import { useFocus } from './focus.ts'
import { Icon } from './icon.tsx'
import { Mark } from './mark.tsx'
import { Presence, PresenceLine } from './presence.tsx'

const words = texts.computers

export const nameOf = (agent: Agent): string => safeLine(agent.alias.value || agent.name.value) || words.unnamed

function Card({ agent }: { agent: Agent }) {
  const shown = route.value
  const isHere = shown.at === 'computer' && shown.id === agent.id
  const [asks, queued] = [agent.waiting.value.length, agent.waitingInQueue.value]
  return (
    <li>
      <a class="card link" href={linkTo.computer(agent.id)} aria-current={isHere ? 'page' : undefined}>
        <span class="card-icon">
          <Icon name="computer" />
        </span>
        <span class="card-text">
          <strong>{nameOf(agent)}</strong>
          <Presence agent={agent} />
          <span class="tags">
            {asks > 0 && <span class="tag attention">{texts.presence.asks(asks)}</span>}
            {queued > 0 && <span class="tag">{texts.presence.queued(queued)}</span>}
            {agent.status.value?.state === 'running' && <span class="tag">{texts.presence.working}</span>}
          </span>
        </span>
      </a>
    </li>
  )
}

/** Of a pairing whose digits wait to be typed: the way back to them. */
function Digits() {
  return (
    <li>
      <a class="card link" href={linkTo.pair} aria-current={route.value.at === 'pair' ? 'page' : undefined}>
        <span class="card-icon">
          <Icon name="computer" />
        </span>
        <span class="card-text">
          <strong>{words.unnamed}</strong>
          <PresenceLine light="away" text={texts.presence.awaitsDigits} />
        </span>
      </a>
    </li>
  )
}

/** `isAlone`: it is what the page is about, and not beside something. */
export function Computers({ home, isAlone }: { home: Household; isAlone: boolean }) {
  const agents = home.agents.value
  const pairing = home instanceof Home ? home.pairing : undefined
  const awaitsDigits = pairing?.step.value.at === 'digits'
  const isEmpty = agents.length === 0 && !awaitsDigits
  const heading = useFocus<HTMLHeadingElement>(undefined, isAlone)
  const Heading = isAlone ? 'h1' : 'h2'
  return (
    <section class="computers" aria-labelledby="computers-title">
      <header class="bar">
        <Heading id="computers-title" ref={heading} tabIndex={-1}>
          {words.title}
        </Heading>
        {!isEmpty && (
          <a class="button" href={linkTo.pair} aria-label={words.pair} onClick={() => pairing?.another()}>
            <Icon name="plus" />
            {words.another}
          </a>
        )}
      </header>
      {!isEmpty ? (
        <ul class="cards">
          {agents.map((agent) => (
            <Card key={agent.id} agent={agent} />
          ))}
          {awaitsDigits && <Digits />}
        </ul>
      ) : (
        <div class="empty">
          <Mark />
          <h2>{words.none}</h2>
          <p>{words.noneAbout}</p>
          <pre class="command">{words.command}</pre>
          <a class="button primary" href={linkTo.pair}>
            {words.pair}
          </a>
        </div>
      )}
    </section>
  )
}
