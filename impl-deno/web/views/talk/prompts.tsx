// Prompts, each with where it stands: those that the computer knows, and those that wait here.

import { useState } from 'preact/hooks'
import type { QueuedCommand } from '../../../controller/queued-command.ts'
import { safeText } from '../../../controller/safe-text.ts'
import { type Agent, promptOf } from '../../state/agent.ts'
import type { Item } from '../../state/conversation.ts'
import { errorText, texts } from '../../texts.ts'
import { takeFocus } from '../focus.ts'
import { LongText } from './long-text.tsx'

const words = texts.talk

interface BubbleProps {
  readonly text: string
  readonly files?: readonly string[]
  readonly state: string | undefined
  readonly why?: string | undefined
}

/** The states that need no word, since what follows shows them. */
const Delivery = ({ state, why }: { state: string | undefined; why?: string | undefined }) =>
  state === undefined ? null : (
    <p class={`delivery ${state}`}>
      {words.delivery[state] ?? state}
      {why !== undefined && `: ${why}`}
    </p>
  )

const Bubble = ({ text, files = [], state, why }: BubbleProps) => (
  <div class="prompt">
    <span class="visually-hidden">{words.you}:</span>
    <LongText class="prompt-text" text={text} />
    {files.length > 0 && (
      <p class="quiet">
        {words.files} {files.map(safeText).join(', ')}
      </p>
    )}
    <Delivery state={state} why={why} />
  </div>
)

export const Prompt = ({ item }: { item: Extract<Item, { kind: 'prompt' }> }) => (
  <Bubble
    text={item.text}
    files={item.files}
    state={item.state}
    why={item.reason === undefined ? undefined : safeText(item.reason)}
  />
)

function Editor({ text, save, leave }: { text: string; save: (text: string) => void; leave: () => void }) {
  const [typed, setTyped] = useState(text)
  return (
    <form
      class="prompt"
      onSubmit={(event) => {
        event.preventDefault()
        if (typed.trim() !== '') save(typed)
      }}
    >
      <label class="field">
        {words.editing}
        <textarea
          ref={takeFocus}
          rows={3}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      </label>
      <div class="actions">
        <button type="submit" class="button small primary">
          {texts.save}
        </button>
        <button type="button" class="button small" onClick={leave}>
          {texts.cancel}
        </button>
      </div>
    </form>
  )
}

interface WaitingProps {
  readonly agent: Agent
  readonly command: QueuedCommand
  /** Among those that wait, from 1, and how many those are. */
  readonly place: number
  readonly count: number
}

export function WaitingPrompt({ agent, command, place, count }: WaitingProps) {
  const [isEdited, setEdited] = useState(false)
  const [trouble, setTrouble] = useState<string>()
  const { id, state, code } = command
  const act = (work: Promise<void>) => void work.catch((error) => setTrouble(errorText(error)))
  if (isEdited && state === 'pending') {
    const save = (text: string) => {
      setEdited(false)
      act(agent.edit(id, text))
    }
    return <Editor text={promptOf(command)} save={save} leave={() => setEdited(false)} />
  }
  const button = (text: string, work: () => void) => (
    <button type="button" class="button small" onClick={work}>
      {text}
    </button>
  )
  return (
    <div class="waiting-prompt">
      <Bubble
        text={promptOf(command)}
        state={state === 'completed' ? 'accepted' : state}
        why={code === null ? undefined : (words.notTakenFor[code] ?? texts.errors[code] ?? safeText(code))}
      />
      {trouble !== undefined && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <div class="actions">
        {state === 'pending' && (
          <>
            {button(words.edit, () => setEdited(true))}
            {place > 1 && button(words.sooner, () => act(agent.move(id, place - 1)))}
            {place < count && button(words.later, () => act(agent.move(id, place + 1)))}
            {button(words.takeBack, () => act(agent.takeBack(id)))}
          </>
        )}
        {state === 'processing' && !agent.isOnline.value && button(words.giveUp, () => act(agent.takeBack(id)))}
        {(state === 'failed' || state === 'expired' || state === 'uncertain') && (
          <>
            {button(words.again, () => act(agent.giveAgain(id)))}
            {button(words.hide, () => agent.hide(id))}
          </>
        )}
      </div>
    </div>
  )
}
