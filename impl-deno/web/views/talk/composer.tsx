// The prompt box, and the way to stop what runs.

import { useSignal } from '@preact/signals'
import { useRef, useState } from 'preact/hooks'
import type { Agent } from '../../state/agent.ts'
import { errorText, texts } from '../../texts.ts'
import { takeFocus } from '../focus.ts'
import { Icon } from '../icon.tsx'

const words = texts.talk

/** Characters beyond which it costs too much at each key to find out how high the box has to be. */
const LONG = 5_000

function Stop({ agent }: { agent: Agent }) {
  const isOpen = useSignal(false)
  const [trouble, setTrouble] = useState<string>()
  const [isSent, setSent] = useState(false)
  const queued = agent.status.value?.queued ?? 0
  const stop = (scope: 'turn' | 'turn-and-queue') => {
    isOpen.value = false
    setTrouble(undefined)
    setSent(true)
    agent
      .stop(scope)
      .catch((error) => setTrouble(errorText(error)))
      .finally(() => setSent(false))
  }
  return (
    <>
      {isSent && <p role="status">{agent.isOnline.value ? words.stopping : words.stoppingLater}</p>}
      {trouble !== undefined && (
        <p class="trouble" role="alert">
          {words.notTaken(trouble)}
        </p>
      )}
      {isOpen.value ? (
        <div class="actions stop-scope">
          <button ref={takeFocus} type="button" class="button danger" onClick={() => stop('turn')}>
            {words.stopTurn}
          </button>
          {queued > 0 && (
            <button type="button" class="button danger" onClick={() => stop('turn-and-queue')}>
              {words.stopAll(queued)}
            </button>
          )}
          <button
            type="button"
            class="button"
            onClick={() => {
              isOpen.value = false
            }}
          >
            {texts.cancel}
          </button>
        </div>
      ) : (
        <button
          type="button"
          class="button stop"
          disabled={isSent}
          onClick={() => {
            if (queued > 0) isOpen.value = true
            else stop('turn')
          }}
        >
          <Icon name="stop" />
          {words.stop}
        </button>
      )}
    </>
  )
}

export function Composer({ agent, given }: { agent: Agent; given: () => void }) {
  const text = agent.drafts.prompt.value
  const [trouble, setTrouble] = useState<string>()
  const box = useRef<HTMLTextAreaElement>(null)
  const isRunning = agent.status.value?.state === 'running' || agent.status.value?.state === 'needs-answer'
  if (!agent.may('prompt')) return <p class="composer quiet">{words.cannotPrompt}</p>
  const send = async () => {
    if (text.trim() === '') return
    setTrouble(undefined)
    try {
      await agent.giveDraft()
      given()
    } catch (error) {
      setTrouble(words.notTaken(errorText(error)))
    }
    box.current?.focus()
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      {trouble !== undefined && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      {isRunning && <Stop agent={agent} />}
      <div class="composer-row">
        <label class="visually-hidden" for="prompt-box">
          {words.prompt}
        </label>
        <textarea
          id="prompt-box"
          class={text.length > LONG ? 'long' : undefined}
          ref={box}
          rows={1}
          value={text}
          placeholder={agent.isOnline.value ? words.placeholder : words.placeholderAway}
          onInput={({ currentTarget }) => {
            agent.drafts.prompt.value = currentTarget.value
          }}
          onKeyDown={(event) => {
            // With a keyboard, Enter sends; on a touch screen it is a new line, and the button sends.
            const isPhone = matchMedia('(pointer: coarse)').matches
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing || isPhone) return
            event.preventDefault()
            void send()
          }}
        />
        <button type="submit" class="button primary round" aria-label={words.send} disabled={text.trim() === ''}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  )
}
