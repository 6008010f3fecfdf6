// Code and diffs, with what cannot be seen made visible.

import { useState } from 'preact/hooks'
import { exactText } from '../../../controller/safe-text.ts'
import { texts } from '../../texts.ts'

const COPIED_FOR = 2_000

/** Line ends and tabs stay; whatever else cannot be seen is shown as `\u…`. */
export const visible = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.split('\t').map(exactText).join('\t'))
    .join('\n')

export function CopyButton({ text, label = texts.copy }: { text: string; label?: string }) {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), COPIED_FOR)
  }
  return (
    <button type="button" class="button small" onClick={() => void copy()}>
      {isCopied ? texts.copied : label}
    </button>
  )
}

const kindOf = (line: string): string | undefined => {
  if (/^(\+\+\+|---|@@|diff |index )/.test(line)) return 'meta'
  if (line.startsWith('+')) return 'added'
  return line.startsWith('-') ? 'removed' : undefined
}

/** A unified diff; the signs at the front say it, too, for whoever sees no colours. */
export const Diff = ({ text }: { text: string }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
  <pre class="code diff" tabIndex={0}>
    {visible(text)
      .split('\n')
      .map((line, i) => (
        <span key={i} class={`line ${kindOf(line) ?? ''}`}>
          {`${line}\n`}
        </span>
      ))}
  </pre>
)

export function CodeBlock({ text, language }: { text: string; language: string }) {
  const name = language.split(/\s/, 1)[0] ?? ''
  return (
    <div class="code-block">
      <div class="code-head">
        <span>{exactText(name)}</span>
        <CopyButton text={text} />
      </div>
      {name === 'diff' || name === 'patch' ? (
        <Diff text={text} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
        <pre class="code" tabIndex={0}>
          <code>{visible(text)}</code>
        </pre>
      )}
    </div>
  )
}
