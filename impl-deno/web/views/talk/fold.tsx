// What is folded until somebody wants to see it, and made only then.

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'

interface FoldProps {
  readonly class?: string
  readonly summary: ComponentChildren
  readonly content: () => ComponentChildren
}

export function Fold({ class: name = '', summary, content }: FoldProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details class={`fold ${name}`} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{summary}</summary>
      {isOpen && content()}
    </details>
  )
}
