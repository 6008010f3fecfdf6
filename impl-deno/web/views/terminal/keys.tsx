// The keys that a phone's keyboard lacks. They leave the focus, and with it that keyboard, where it is.

import type { Signal } from '@preact/signals'
import { texts } from '../../texts.ts'
import { Icon } from '../icon.tsx'
import type { Emulator, Key } from './emulator.ts'

const words = texts.terminal

const ARROWS = ['left', 'up', 'down', 'right'] as const satisfies readonly Key[]

interface KeysProps {
  readonly emulator: Emulator
  readonly holdsCtrl: Signal<boolean>
  readonly pasteFailed: () => void
}

export function Keys({ emulator, holdsCtrl, pasteFailed }: KeysProps) {
  const press = (key: Key) => () => emulator.press(key)
  const paste = async () => {
    try {
      emulator.paste(await navigator.clipboard.readText())
    } catch {
      pasteFailed()
    }
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: keys of a keyboard are no fields of a form.
    <div class="keys" role="group" aria-label={words.keys} onMouseDown={(event) => event.preventDefault()}>
      <button type="button" class="button" onClick={press('escape')}>
        {words.escape}
      </button>
      <button type="button" class="button" onClick={press('tab')}>
        {words.tab}
      </button>
      <button
        type="button"
        class="button"
        title={words.controlAbout}
        aria-pressed={holdsCtrl.value}
        onClick={() => emulator.holdCtrl(!holdsCtrl.value)}
      >
        {words.control}
      </button>
      {ARROWS.map((arrow) => (
        <button key={arrow} type="button" class="button" aria-label={words[arrow]} onClick={press(arrow)}>
          <Icon name={arrow} />
        </button>
      ))}
      <button type="button" class="button" aria-label={words.paste} title={words.paste} onClick={() => void paste()}>
        <Icon name="paste" />
      </button>
    </div>
  )
}
