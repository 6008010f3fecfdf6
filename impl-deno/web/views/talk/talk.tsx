// The conversation: what happened, what waits for an answer, what waits to be sent, and the prompt box.

import { useEffect, useState } from 'preact/hooks'
import { waits } from '../../../controller/queued-command.ts'
import { safeLine } from '../../../controller/safe-text.ts'
import type { Agent } from '../../state/agent.ts'
import { errorText, texts } from '../../texts.ts'
import type { SectionProps } from '../computer.tsx'
import { Icon } from '../icon.tsx'
import { Approval } from './approval.tsx'
import { Composer } from './composer.tsx'
import { Conversations, OpenTitle } from './conversations.tsx'
import { EntryView } from './items.tsx'
import { WaitingPrompt } from './prompts.tsx'
import { Question } from './question.tsx'
import { useScrolling } from './scrolling.ts'
import { whoIs } from './who.ts'
import { useWindow } from './window.ts'

const words = texts.talk

/** With fewer things in view of the open conversation, what was before is read without being asked for. */
const FEW = 20

interface FlowProps {
  readonly agent: Agent
  readonly isAtEnd: boolean
  readonly keepPlace: () => void
}

/** What happened, and the way to what was before. */
function Flow({ agent, isAtEnd, keepPlace }: FlowProps) {
  const { shown, hasMore, showMore } = useWindow(agent.shown.value, isAtEnd)
  const [trouble, setTrouble] = useState<string>()
  const [isReading, setReading] = useState(false)
  const read = () => {
    setTrouble(undefined)
    setReading(true)
    agent
      .readEarlier()
      .then(showMore)
      .catch((error) => setTrouble(errorText(error)))
      .finally(() => setReading(false))
  }
  // Of a conversation that was opened again nothing may be here yet.
  const { openId, hasEarlier, conversations } = agent
  const isBare = shown.length < FEW && hasEarlier.value && conversations.open.value?.conversationId === openId.value
  useEffect(() => {
    if (isBare && agent.isOnline.value) read()
  }, [isBare, openId.value])
  return (
    <>
      {(hasMore || hasEarlier.value) && (
        <p class="earlier">
          <button
            type="button"
            class="button small"
            disabled={isReading}
            onClick={() => {
              keepPlace()
              if (hasMore) showMore()
              else read()
            }}
          >
            {isReading ? words.readingEarlier : words.earlier}
          </button>
          {trouble !== undefined && <span role="alert"> {words.notRead(trouble)}</span>}
        </p>
      )}
      <ol class="flow" aria-live="polite" aria-relevant="additions">
        {shown.map((entry) => (
          <li key={entry.key} class="entry">
            <EntryView agent={agent} entry={entry} />
          </li>
        ))}
      </ol>
    </>
  )
}

function Outbox({ agent }: { agent: Agent }) {
  const commands = agent.outbox.value
  const waiting = commands.filter(waits)
  if (commands.length === 0) return null
  return (
    <ol class="flow">
      {commands.map((command) => (
        <li key={command.id} class="entry">
          <WaitingPrompt agent={agent} command={command} place={waiting.indexOf(command) + 1} count={waiting.length} />
        </li>
      ))}
    </ol>
  )
}

function Waiting({ agent }: { agent: Agent }) {
  const asked = agent.waiting.value
  return (
    <section class="waiting" aria-label={texts.ask.waiting}>
      {asked.map((one) =>
        one.kind === 'permission' ? (
          <Approval key={one.request.requestId} agent={agent} request={one.request} />
        ) : (
          <Question key={one.request.requestId} agent={agent} request={one.request} />
        ),
      )}
    </section>
  )
}

function Empty({ agent }: { agent: Agent }) {
  const info = agent.info.value
  return (
    <div class="empty">
      <h2>{words.empty}</h2>
      {info && (
        <p>
          {words.emptyAbout} <span class="mono">{safeLine(info.workspace)}</span>
        </p>
      )}
    </div>
  )
}

function Paused({ agent, by }: { agent: Agent; by: string }) {
  const [trouble, setTrouble] = useState<string>()
  const resume = () => {
    setTrouble(undefined)
    agent.resume().catch((error) => setTrouble(errorText(error)))
  }
  return (
    <div class="banner">
      <p>{words.paused(whoIs(agent, by))}</p>
      {trouble !== undefined && <p role="alert">{words.notResumed(trouble)}</p>}
      {agent.may('prompt') && (
        <button type="button" class="button small" disabled={!agent.isOnline.value} onClick={resume}>
          {words.resume}
        </button>
      )}
    </div>
  )
}

export function Talk({ agent, path }: SectionProps) {
  return path[0] === texts.conversations.place ? <Conversations agent={agent} /> : <Open agent={agent} />
}

function Open({ agent }: { agent: Agent }) {
  const { box, content, isAtEnd, toEnd, onScroll, keepPlace } = useScrolling()
  const { paused } = agent.status.value ?? {}
  const count = agent.waiting.value.length
  const isEmpty =
    agent.outbox.value.length === 0 &&
    !agent.hasEarlier.value &&
    agent.shown.value.every(({ item }) => item.value.kind === 'event')
  return (
    <div class="talk">
      <OpenTitle agent={agent} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard. */}
      <section class="scroll" ref={box} onScroll={onScroll} tabIndex={0} aria-label={words.label}>
        <div ref={content} class="column">
          {!agent.may('observe') && agent.capabilities.value.length > 0 && <p>{words.cannotObserve}</p>}
          {isEmpty && (agent.status.value ? <Empty agent={agent} /> : <p class="quiet">{words.unknown}</p>)}
          <Flow key={agent.openId.value} agent={agent} isAtEnd={isAtEnd.value} keepPlace={keepPlace} />
          <Waiting agent={agent} />
          <Outbox agent={agent} />
        </div>
      </section>
      <div class="jump-place">
        {!isAtEnd.value && (
          <button type="button" class="button jump" onClick={toEnd}>
            <Icon name="down" />
            {count > 0 ? texts.presence.asks(count) : words.down}
          </button>
        )}
      </div>
      {paused && <Paused agent={agent} by={paused.by} />}
      <Composer agent={agent} given={toEnd} />
    </div>
  )
}
