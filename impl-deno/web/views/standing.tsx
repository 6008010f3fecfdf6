// What a person is told of a computer that does not come back by itself, with the ways on.

import { useEffect, useState } from 'preact/hooks'
import { go, linkTo } from '../app/routes.ts'
import type { Agent } from '../state/agent.ts'
import type { Household } from '../state/household.ts'
import { texts } from '../texts.ts'

const words = texts.standing
/** Milliseconds in which a computer that is there has answered. */
const PATIENCE = 10_000

interface Own {
  readonly home: Household
  readonly agent: Agent
}

function Over({ home, agent }: Own) {
  return (
    <div class="standing" role="alert">
      <p>{words.revoked}</p>
      <div class="actions">
        <a class="button primary" href={linkTo.pair}>
          {words.again}
        </a>
        <button
          type="button"
          class="button"
          onClick={() => {
            go(linkTo.computers)
            home.drop(agent)
          }}
        >
          {words.drop}
        </button>
      </div>
    </div>
  )
}

/** The relay is there, and the computer has not been heard since this page was opened. */
function Unheard({ agent }: Own) {
  const [isLate, setLate] = useState(false)
  const isWaiting = agent.relay.value?.state === 'bound' && agent.isUnheard.value
  useEffect(() => {
    if (!isWaiting) return undefined
    const timer = setTimeout(() => setLate(true), PATIENCE)
    return () => {
      clearTimeout(timer)
      setLate(false)
    }
  }, [isWaiting])
  if (!isWaiting || !isLate) return null
  return (
    <div class="standing" role="status">
      <p>{words.unheard}</p>
      <div class="actions">
        <a class="button" href={linkTo.pair}>
          {words.again}
        </a>
      </div>
    </div>
  )
}

export const Standing = ({ home, agent }: Own) =>
  agent.isOver.value ? <Over home={home} agent={agent} /> : <Unheard home={home} agent={agent} />
