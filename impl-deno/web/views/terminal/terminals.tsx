// The terminals of a computer: which there are, and the one that is looked at.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Terminal } from '../../state/terminal.ts'
import { errorText, texts } from '../../texts.ts'
import type { SectionProps } from '../computer.tsx'
import { takeFocus } from '../focus.ts'
import { Icon } from '../icon.tsx'
import { loadEmulator, Screen } from './screen.tsx'

const words = texts.terminal

/** Until a screen has said what it has room for. */
const SIZE = { cols: 80, rows: 24 }
const ALOUD = 'terminal-aloud'

function Close({ agent, terminal, done }: SectionAnd<{ terminal: Terminal; done: () => void }>) {
  return (
    <div class="terminal-notes" role="alert">
      <p>{words.closeAbout}</p>
      <div class="actions">
        <button
          ref={takeFocus}
          type="button"
          class="button small danger"
          onClick={() => {
            done()
            void agent.terminals.close(terminal)
          }}
        >
          {words.closeSure}
        </button>
        <button type="button" class="button small" onClick={done}>
          {texts.cancel}
        </button>
      </div>
    </div>
  )
}

type SectionAnd<More> = Pick<SectionProps, 'agent'> & More

export function Terminals({ agent }: SectionProps) {
  const { terminals } = agent
  const [list, current] = [terminals.list.value, terminals.current.value]
  const [isAloud, setAloud] = useState(localStorage.getItem(ALOUD) !== null)
  const [isAsked, setAsked] = useState(false)
  const tabs = useRef<HTMLUListElement>(null)
  // It comes while the person looks for what to touch. Where it does not come, the screen says so.
  useEffect(() => void loadEmulator().catch(() => {}), [])
  useEffect(() => {
    if (current) terminals.choose(current)
    setAsked(false)
  }, [current])
  const isBusy = terminals.isOpening.value || !agent.presence.value.online
  const open = () => void terminals.open(current?.size.value ?? SIZE)
  const turnAloud = () => {
    if (isAloud) localStorage.removeItem(ALOUD)
    else localStorage.setItem(ALOUD, '')
    setAloud(!isAloud)
  }
  if (!current) {
    const refused = terminals.trouble.value
    return (
      <section class="terminals" aria-label={words.label}>
        <div class="empty">
          <h2>{words.none}</h2>
          <p>{words.noneAbout}</p>
          {refused && (
            <p class="trouble" role="alert">
              {words.failed(errorText(refused))}
            </p>
          )}
          <button type="button" class="button primary" disabled={isBusy} onClick={open}>
            {terminals.isOpening.value ? words.opening : words.open}
          </button>
        </div>
      </section>
    )
  }
  return (
    <section class="terminals" aria-label={words.label}>
      <div class="terminal-bar">
        <ul class="terminal-list" ref={tabs}>
          {list.map((terminal) => (
            <li key={terminal.id}>
              <button
                type="button"
                class="button"
                aria-current={terminal === current ? 'true' : undefined}
                aria-label={`${words.name(terminal.number)}${terminal.end.value ? words.ended : ''}`}
                data-ended={terminal.end.value ? '' : undefined}
                onClick={() => terminals.choose(terminal)}
              >
                {terminal.number}
              </button>
            </li>
          ))}
        </ul>
        <button type="button" class="button bare" aria-label={words.open} disabled={isBusy} onClick={open}>
          <Icon name="plus" />
        </button>
        <span class="terminal-space" />
        <button
          type="button"
          class="button bare"
          aria-label={words.aloud}
          title={words.aloud}
          aria-pressed={isAloud}
          onClick={turnAloud}
        >
          <Icon name="aloud" />
        </button>
        <button
          type="button"
          class="button bare"
          aria-label={words.close}
          title={words.close}
          onClick={() => {
            if (current.end.value) void terminals.close(current)
            else setAsked(true)
          }}
        >
          <Icon name="close" />
        </button>
      </div>
      {isAsked && <Close agent={agent} terminal={current} done={() => setAsked(false)} />}
      <Screen
        key={current.id}
        agent={agent}
        terminal={current}
        isAloud={isAloud}
        left={() => tabs.current?.querySelector<HTMLElement>('[aria-current]')?.focus()}
      />
    </section>
  )
}
