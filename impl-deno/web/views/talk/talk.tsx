// The conversation: what happened, what waits for an answer, what waits to be sent, and the prompt box.

import { useState } from 'preact/hooks'
import { waits } from '../../../controller/queued-command.ts'
import { safeLine } from '../../../controller/safe-text.ts'
import type { Agent } from '../../state/agent.ts'
import { errorText, texts } from '../../texts.ts'
import type { SectionProps } from '../computer.tsx'
import { Icon } from '../icon.tsx'
import { Approval } from './approval.tsx'
import { Composer } from './composer.tsx'
import { EntryView } from './items.tsx'
import { WaitingPrompt } from './prompts.tsx'
import { Question } from './question.tsx'
import { useScrolling } from './scrolling.ts'
import { whoIs } from './who.ts'

const words = texts.talk

function Earlier({ agent, before }: { agent: Agent; before: () => void }) {
  const [trouble, setTrouble] = useState<string>()
  const oldest = agent.conversation.oldest.value
  if (oldest === undefined || oldest <= 1) return null
  const read = () => {
    before()
    agent.readEarlier().catch((error) => setTrouble(errorText(error)))
  }
  return (
    <p class="earlier">
      <button type="button" class="button small" onClick={read}>
        {words.earlier}
      </button>
      {trouble !== undefined && <span role="alert"> {trouble}</span>}
    </p>
  )
}

function Flow({ agent }: { agent: Agent }) {
  const entries = agent.conversation.entries.value
  return (
    <ol class="flow" aria-live="polite" aria-busy={agent.status.value?.state === 'running'}>
      {entries.map((entry, i) => {
        const before = entries.slice(0, i).findLast(({ conversationId }) => conversationId !== undefined)
        const isOther = entry.conversationId !== undefined && before && before.conversationId !== entry.conversationId
        return (
          <li key={entry.key} class="entry">
            {isOther && <p class="divider">{words.otherConversation}</p>}
            <EntryView agent={agent} entry={entry} />
          </li>
        )
      })}
    </ol>
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
    <section class="waiting" aria-label={texts.ask.waiting} aria-live="polite">
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

export function Talk({ agent }: SectionProps) {
  const { box, content, isAtEnd, toEnd, onScroll, keepPlace } = useScrolling()
  const { paused } = agent.status.value ?? {}
  const count = agent.waiting.value.length
  const isEmpty =
    agent.outbox.value.length === 0 && agent.conversation.entries.value.every(({ item }) => item.value.kind === 'event')
  return (
    <div class="talk">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard. */}
      <section class="scroll" ref={box} onScroll={onScroll} tabIndex={0} aria-label={words.label}>
        <div ref={content} class="column">
          {!agent.may('observe') && agent.capabilities.value.length > 0 && <p>{words.cannotObserve}</p>}
          <Earlier agent={agent} before={keepPlace} />
          {isEmpty && <Empty agent={agent} />}
          <Flow agent={agent} />
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
      {paused && <p class="banner">{words.paused(whoIs(agent, paused.by))}</p>}
      <Composer agent={agent} given={toEnd} />
    </div>
  )
}
