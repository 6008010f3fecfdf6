// The conversations with the assistant: which one is open, and the way to another one, or to a new one.

import { useEffect, useState } from 'preact/hooks'
import { CallFailure } from '../../../controller/failure.ts'
import { safeLine } from '../../../controller/safe-text.ts'
import { go, linkTo } from '../../app/routes.ts'
import type { Agent } from '../../state/agent.ts'
import { now } from '../../state/clock.ts'
import type { Summary, Wanted } from '../../state/conversations.ts'
import { errorText, texts } from '../../texts.ts'
import { useFocus } from '../focus.ts'
import { Icon } from '../icon.tsx'

const words = texts.conversations

export const titleOf = ({ title }: Summary): string => safeLine(title) || words.untitled

/** Why another one was not opened; what the agent says is a sentence (rpc.conversation.unavailable). */
function failureOf(error: unknown): string {
  const { code = '', message } = error as Partial<CallFailure>
  if (code === 'assistant-unavailable') return words.unavailable(safeLine(message ?? ''))
  return words.failures[code] ?? words.failed(errorText(error))
}

/** Leads here from the conversation that is open. */
export function OpenTitle({ agent }: { agent: Agent }) {
  const { list, open } = agent.conversations
  if (!list.value || list.value.length === 0) return null
  return (
    <a class="talk-title" href={linkTo.computer(agent.id, 'talk', [words.place])}>
      <Icon name="talks" />
      <span class="visually-hidden">{words.title}: </span>
      <span aria-live="polite">{open.value ? titleOf(open.value) : words.choose}</span>
    </a>
  )
}

function Stopping({ agent, stay, leave }: { agent: Agent; stay: () => void; leave: () => void }) {
  const { state, queued = 0 } = agent.status.value ?? {}
  const asks = agent.waiting.value.length
  const heading = useFocus<HTMLHeadingElement>()
  useEffect(() => heading.current?.scrollIntoView({ block: 'center' }), [heading])
  return (
    <div class="ask" role="alertdialog" aria-labelledby="switch-title">
      <h2 id="switch-title" ref={heading} tabIndex={-1}>
        {words.stops}
      </h2>
      <ul class="stops">
        {state !== 'idle' && <li>{words.stopsTurn}</li>}
        {queued > 0 && <li>{words.stopsQueue(queued)}</li>}
        {asks > 0 && <li>{words.stopsAsks(asks)}</li>}
      </ul>
      <p>{words.stopsAbout}</p>
      <div class="actions">
        <button type="button" class="button danger" onClick={leave}>
          {words.stopAndOpen}
        </button>
        <button type="button" class="button" onClick={stay}>
          {words.stay}
        </button>
      </div>
    </div>
  )
}

interface RowProps {
  readonly one: Summary
  readonly agent: Agent
  readonly isDisabled: boolean
  readonly open: () => void
}

function Row({ one, agent, isDisabled, open }: RowProps) {
  const text = (
    <span class="entry-text">
      <span class="entry-name">{titleOf(one)}</span>
      <span class="quiet">{words.used(texts.ago(now.peek() - one.lastUsedAt))}</span>
    </span>
  )
  if (one.open) {
    return (
      <a class="file-entry" href={linkTo.computer(agent.id)} aria-current="true">
        {text}
        <span class="tag">{words.isOpen}</span>
      </a>
    )
  }
  if (!agent.may('prompt')) return <div class="file-entry">{text}</div>
  return (
    <button type="button" class="file-entry" disabled={isDisabled} onClick={open}>
      {text}
    </button>
  )
}

export function Conversations({ agent }: { agent: Agent }) {
  const { conversations } = agent
  const heading = useFocus<HTMLHeadingElement>()
  const [trouble, setTrouble] = useState<string>()
  const [wanted, setWanted] = useState<Wanted>()
  const [isBusy, setBusy] = useState(false)
  const attempt = (work: Promise<void>) => {
    setTrouble(undefined)
    work.catch((error) => setTrouble(failureOf(error)))
  }
  useEffect(() => attempt(conversations.read()), [conversations])
  const open = async (one: Wanted, isStopping: boolean) => {
    setWanted(undefined)
    setTrouble(undefined)
    setBusy(true)
    try {
      await agent.openConversation(one, isStopping)
      go(linkTo.computer(agent.id))
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error
      // Something has begun since it was looked at.
      if (error.code === 'busy' && agent.isOccupied.value) setWanted(one)
      else setTrouble(failureOf(error))
    }
    setBusy(false)
  }
  const choose = (one: Wanted) => {
    if (agent.isOccupied.value) setWanted(one)
    else void open(one, false)
  }
  const unsent = agent.waitingInQueue.value
  const isAway = !agent.isOnline.value
  const isDisabled = isBusy || isAway || unsent > 0
  const { list, hasMore } = conversations
  const workspace = agent.info.value?.workspace
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <section class="scroll" tabIndex={0} aria-label={words.title}>
      <div class="column">
        <h2 ref={heading} tabIndex={-1}>
          {words.title}
        </h2>
        {workspace !== undefined && (
          <p class="quiet">
            {words.folder} <span class="mono">{safeLine(workspace)}</span>
          </p>
        )}
        <div class="actions">
          <a class="button" href={linkTo.computer(agent.id)}>
            {texts.back}
          </a>
          {agent.may('prompt') && (
            <button type="button" class="button primary" disabled={isDisabled} onClick={() => choose({ new: true })}>
              <Icon name="plus" />
              {words.begin}
            </button>
          )}
        </div>
        {!agent.may('prompt') && <p class="notice">{words.mayNot}</p>}
        {isAway && <p class="notice">{words.away}</p>}
        {!isAway && unsent > 0 && <p class="notice">{words.unsent(unsent)}</p>}
        {trouble !== undefined && (
          <p class="trouble" role="alert">
            {trouble}
          </p>
        )}
        {isBusy && <p role="status">{words.opening}</p>}
        {wanted && <Stopping agent={agent} stay={() => setWanted(undefined)} leave={() => void open(wanted, true)} />}
        {list.value?.length === 0 && <p>{words.none}</p>}
        {list.value && list.value.length > 0 && (
          <ul class="file-entries conversations">
            {list.value.map((one) => (
              <li key={one.conversationId}>
                <Row one={one} agent={agent} isDisabled={isDisabled} open={() => choose({ id: one.conversationId })} />
              </li>
            ))}
          </ul>
        )}
        {hasMore.value && (
          <button type="button" class="button" onClick={() => attempt(conversations.readMore())}>
            {words.more}
          </button>
        )}
      </div>
    </section>
  )
}
