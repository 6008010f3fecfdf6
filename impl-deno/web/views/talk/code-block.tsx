// Code and diffs, with what cannot be seen made visible.

import { useMemo, useState } from 'preact/hooks'
import { exactText } from '../../../controller/safe-text.ts'
import { texts } from '../../texts.ts'

const SAID_FOR = 2_000
/** Lines of a diff, and characters of other code, that are shown at once: more would stop a phone. */
const LINES = 1_000
const CHARACTERS = 100_000

/** Line ends and tabs stay; whatever else cannot be seen is shown as `\u…`. */
export const visible = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.split('\t').map(exactText).join('\t'))
    .join('\n')

export function CopyButton({ text, label = texts.copy }: { text: string; label?: string }) {
  const [said, setSaid] = useState<string>()
  const copy = async () => {
    // A browser may refuse it, and has no clipboard for a page that is not trusted.
    const isDone = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    )
    setSaid(isDone ? texts.copied : texts.notCopied)
    setTimeout(() => setSaid(undefined), SAID_FOR)
  }
  return (
    <button type="button" class="button small" onClick={() => void copy()}>
      {said ?? label}
    </button>
  )
}

const kindOf = (line: string): string | undefined => {
  if (/^(\+\+\+|---|@@|diff |index )/.test(line)) return 'meta'
  if (line.startsWith('+')) return 'added'
  return line.startsWith('-') ? 'removed' : undefined
}

/** A unified diff; the signs at the front say it, too, for whoever sees no colours. */
export function Diff({ text }: { text: string }) {
  const [shown, setShown] = useState(LINES)
  const lines = useMemo(() => visible(text).split('\n'), [text])
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard. */}
      <pre class="code diff" tabIndex={0}>
        {lines.slice(0, shown).map((line, i) => (
          <span key={i} class={`line ${kindOf(line) ?? ''}`}>
            {`${line}\n`}
          </span>
        ))}
      </pre>
      {lines.length > shown && (
        <button type="button" class="button small" onClick={() => setShown(shown + LINES)}>
          {texts.moreLines(Math.min(LINES, lines.length - shown), lines.length - shown)}
        </button>
      )}
    </>
  )
}

/** Text that was made visible already; as much of it at once as a phone can show. */
export function LongCode({ text, class: name = '' }: { text: string; class?: string }) {
  const [shown, setShown] = useState(CHARACTERS)
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard. */}
      <pre class={`code ${name}`} tabIndex={0}>
        <code>{text.slice(0, shown)}</code>
      </pre>
      {text.length > shown && (
        <button type="button" class="button small" onClick={() => setShown(shown + CHARACTERS)}>
          {texts.moreCharacters(Math.min(CHARACTERS, text.length - shown), text.length - shown)}
        </button>
      )}
    </>
  )
}

export function CodeBlock({ text, language }: { text: string; language: string }) {
  const name = language.split(/\s/, 1)[0] ?? ''
  return (
    <div class="code-block">
      <div class="code-head">
        <span>{exactText(name)}</span>
        <CopyButton text={text} />
      </div>
      {name === 'diff' || name === 'patch' ? <Diff text={text} /> : <LongCode text={visible(text)} />}
    </div>
  )
}
