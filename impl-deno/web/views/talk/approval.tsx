// A permission request that waits: what is asked, exactly, and the options as the assistant gave them.

import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import { useRef, useState } from 'preact/hooks'
import { CallFailure } from '../../../controller/failure.ts'
import { exactText, safeLine } from '../../../controller/safe-text.ts'
import type { Agent } from '../../state/agent.ts'
import { now } from '../../state/clock.ts'
import { errorText, texts } from '../../texts.ts'
import { takeFocus } from '../focus.ts'
import { inputOf } from './readable.ts'
import { ReadableInput } from './readable-view.tsx'

const words = texts.ask

type Option = PermissionRequest['options'][number]

const isRefusal = ({ kind }: Option): boolean => kind.startsWith('reject')
/** What reaches further than this once, or needs a person who looks twice, is confirmed by a second touch. */
const needsSecond = ({ needsInteraction }: PermissionRequest, option: Option): boolean =>
  !isRefusal(option) && (needsInteraction === true || option.kind === 'allow_always')

export function Expiry({ at }: { at: number | undefined }) {
  if (at === undefined) return null
  const left = Math.round((at - now.value) / 1_000)
  return <p class="quiet">{left > 0 ? words.expires(left) : words.expired}</p>
}

export function Approval({ agent, request }: { agent: Agent; request: PermissionRequest }) {
  const [chosen, setChosen] = useState<Option>()
  const [note, setNote] = useState(agent.notes.get(request.requestId))
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string>()
  const box = useRef<HTMLElement>(null)
  const { tool, title, inputText, options, defaultToNo = false, expiresAt, requestId } = request
  const assistant = agent.info.value?.assistant?.name
  const refusal = options.find(({ kind }) => kind === 'reject_once') ?? options.find(isRefusal)

  const give = async (option: Option, said?: string) => {
    setBusy(true)
    setTrouble(undefined)
    try {
      await agent.answer(request, inputText, option.id, said === '' ? undefined : said)
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error
      setTrouble(error.code === 'conflict' ? words.faster : words.failed(errorText(error)))
      setBusy(false)
      setChosen(undefined)
    }
  }
  const back = () => {
    setChosen(undefined)
    agent.notes.delete(requestId)
    setNote(undefined)
    box.current?.focus()
  }
  const pick = (option: Option) => {
    if (needsSecond(request, option)) setChosen(option)
    else void give(option)
  }
  const look = (option: Option) => {
    if (isRefusal(option)) return defaultToNo ? 'primary' : 'danger'
    return option.kind === 'allow_once' && !defaultToNo ? 'primary' : ''
  }
  return (
    <article class="ask" ref={box} tabIndex={-1} aria-labelledby={`ask-${requestId}`}>
      <p class="ask-kind">{words.asks(assistant === undefined ? words.assistant : safeLine(assistant))}</p>
      <h2 id={`ask-${requestId}`}>{safeLine(title)}</h2>
      <ReadableInput input={inputOf(inputText)} />
      <p class="label">
        {words.exact} <span class="quiet">({safeLine(tool)})</span>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard. */}
      <pre class="code exact" tabIndex={0}>
        {exactText(inputText)}
      </pre>
      {isBusy && !agent.isOnline.value && <p role="status">{words.later}</p>}
      <Expiry at={expiresAt} />
      {trouble !== undefined && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      {!agent.may('approve') && <p>{words.cannot}</p>}
      {agent.may('approve') && chosen && (
        <div class="actions">
          <button
            ref={takeFocus}
            type="button"
            class="button primary"
            disabled={isBusy}
            onClick={() => void give(chosen)}
          >
            {words.sure(safeLine(chosen.name))}
          </button>
          <button type="button" class="button" onClick={back}>
            {texts.back}
          </button>
        </div>
      )}
      {agent.may('approve') && !chosen && note !== undefined && refusal && (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void give(refusal, note)
          }}
        >
          <label class="field">
            {words.note}
            <textarea
              ref={takeFocus}
              rows={2}
              value={note}
              placeholder={words.noteAbout}
              onInput={({ currentTarget }) => {
                agent.notes.set(requestId, currentTarget.value)
                setNote(currentTarget.value)
              }}
            />
          </label>
          <div class="actions">
            <button type="submit" class="button danger" disabled={isBusy}>
              {safeLine(refusal.name)}
            </button>
            <button type="button" class="button" onClick={back}>
              {texts.back}
            </button>
          </div>
        </form>
      )}
      {agent.may('approve') && !chosen && note === undefined && (
        <div class="actions">
          {options.map((option) => (
            <button
              key={option.id}
              type="button"
              class={`button ${look(option)}`}
              disabled={isBusy}
              onClick={() => pick(option)}
            >
              {safeLine(option.name)}
            </button>
          ))}
          {refusal && (
            <button type="button" class="button" disabled={isBusy} onClick={() => setNote('')}>
              {words.denyWithNote}
            </button>
          )}
        </div>
      )}
    </article>
  )
}
