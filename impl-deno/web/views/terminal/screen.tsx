// One terminal: what there is to say of it, its screen, and its keys.

import { useSignal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Agent } from '../../state/agent.ts'
import type { End, Size, Terminal } from '../../state/terminal.ts'
import { errorText, texts } from '../../texts.ts'
import type { Emulator } from './emulator.ts'
import { Keys } from './keys.tsx'

const words = texts.terminal

/** It is large, so that it is loaded when it is first wanted. */
export const loadEmulator = () => import('./emulator.ts')

interface ScreenProps {
  readonly agent: Agent
  readonly terminal: Terminal
  readonly isAloud: boolean
  readonly left: () => void
}

function endText({ exitCode, signal, why }: End): string {
  if (why === 'closed') return words.closed
  if (why === 'gone') return words.gone
  if (signal !== null && signal !== 0) return words.signal(signal)
  return exitCode === null ? words.closed : words.status(exitCode)
}

export function Screen({ agent, terminal, isAloud, left }: ScreenProps) {
  const { terminals } = agent
  const place = useRef<HTMLDivElement>(null)
  const [emulator, setEmulator] = useState<Emulator>()
  const [trouble, setTrouble] = useState<string>()
  const holdsCtrl = useSignal(false)
  const room = useSignal<Size | undefined>(undefined)
  const { online } = agent.presence.value
  const isAttached = terminal.isAttached.value
  const [end, size, lost] = [terminal.end.value, terminal.size.value, terminal.lost.value]

  useEffect(() => {
    const shown = place.current
    const section = shown?.parentElement
    if (!shown || !section?.parentElement) return
    // Where there is too little height for all of the page, whoever types sees what they type, and the keys.
    const followed = new ResizeObserver(() => {
      if (shown.contains(document.activeElement)) section.scrollIntoView({ block: 'end' })
    })
    for (const part of [...section.parentElement.children, shown]) followed.observe(part)
    return () => followed.disconnect()
  }, [])

  useEffect(() => {
    let made: Emulator | undefined
    let stop: (() => void) | undefined
    let isOver = false
    loadEmulator().then(
      ({ Emulator }) => {
        if (isOver || !place.current) return
        made = new Emulator(place.current, {
          typed: (bytes) => void terminals.type(terminal, bytes),
          fitted: (fitting) => {
            room.value = fitting
            if (terminal.isAttached.value) void terminals.resize(terminal, fitting)
          },
          left,
          holdsCtrl: (isHeld) => {
            holdsCtrl.value = isHeld
          },
        })
        const shown = made
        stop = terminal.follow((bytes, mayAnswer) => shown.write(bytes, mayAnswer))
        setEmulator(shown)
        shown.fit()
        shown.focus()
      },
      () => setTrouble(words.notLoaded),
    )
    return () => {
      isOver = true
      stop?.()
      made?.close()
    }
  }, [terminal])

  useEffect(() => {
    // Also one that has ended before this page was there: what it wrote is kept.
    if (online && end?.why !== 'gone' && !isAttached) void terminals.attach(terminal)
  }, [terminal, online, end, isAttached])
  useEffect(() => {
    if (isAttached) emulator?.fit()
  }, [emulator, isAttached])
  useEffect(() => emulator?.resize(size), [emulator, size])
  useEffect(() => emulator?.readAloud(isAloud), [emulator, isAloud])
  useEffect(() => {
    if (end) emulator?.end()
  }, [emulator, end])

  const isOther = room.value !== undefined && (room.value.cols !== size.cols || room.value.rows !== size.rows)
  const isForeign = isOther && !terminal.isResizing.value
  const refused = terminals.trouble.value
  return (
    <>
      <div class="terminal-notes" role="status">
        {trouble === undefined && !emulator && <p>{words.loading}</p>}
        {!isAttached && !end && online && <p>{words.notAttached}</p>}
        {!online && !end && <p>{words.away}</p>}
        {lost > 0 && <p>{words.lost(lost)}</p>}
        {isForeign && isAttached && !end && (
          <p>
            {words.elsewhere(size.cols, size.rows)}{' '}
            <button type="button" class="button small" onClick={() => emulator?.fit()}>
              {words.fit}
            </button>
          </p>
        )}
        {(trouble !== undefined || refused) && <p class="trouble">{trouble ?? words.failed(errorText(refused))}</p>}
      </div>
      <div class="terminal-screen" ref={place} />
      {end ? (
        <div class="terminal-end">
          <p role="status">{endText(end)}</p>
          <button
            type="button"
            class="button small"
            disabled={terminals.isOpening.value || !online}
            onClick={() => void terminals.open(size)}
          >
            {terminals.isOpening.value ? words.opening : words.another}
          </button>
        </div>
      ) : (
        emulator && <Keys emulator={emulator} holdsCtrl={holdsCtrl} pasteFailed={() => setTrouble(words.pasteFailed)} />
      )}
    </>
  )
}
