// The code, pasted or typed.

import { useState } from 'preact/hooks'
import type { Pairing } from '../../state/pairing.ts'
import { texts } from '../../texts.ts'

const words = texts.pair

export function Code({ pairing, why }: { pairing: Pairing; why: string | undefined }) {
  const [text, setText] = useState('')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim() !== '') pairing.take(text)
      }}
    >
      <p>{words.about}</p>
      <pre class="command">{texts.computers.command}</pre>
      <label class="field">
        {words.label}
        <textarea
          rows={4}
          value={text}
          placeholder={words.placeholder}
          autocapitalize="off"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={why !== undefined}
          aria-describedby={why === undefined ? undefined : 'code-trouble'}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      {why !== undefined && (
        <p id="code-trouble" role="alert" class="trouble">
          {words.failures[why] ?? words.failures['qr-encoding']}
        </p>
      )}
      <button type="submit" class="button primary">
        {words.go}
      </button>
    </form>
  )
}
