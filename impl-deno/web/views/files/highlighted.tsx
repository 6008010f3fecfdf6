// Text with colours, once the highlighter is loaded; the same text without them before, and where it is long.

import type { Root, RootContent } from 'hast'
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { visible } from '../talk/code-block.tsx'

/** Characters beyond which the colours would cost a phone too much. */
const COLOURED_MAX = 200_000

/** The names come from the grammars, the text from the file: both go into the page as what they are. */
function elements(nodes: readonly RootContent[]): ComponentChildren {
  return nodes.map((node) => {
    if (node.type === 'text') return visible(node.value)
    if (node.type !== 'element') return null
    const { className } = node.properties
    return <span class={Array.isArray(className) ? className.join(' ') : ''}>{elements(node.children)}</span>
  })
}

/** `name` is that of the file; without one there are no colours. */
export function Highlighted({ text: original, name }: { text: string; name: string }) {
  const [tree, setTree] = useState<Root>()
  const text = original.replaceAll('\r\n', '\n')
  useEffect(() => {
    let isLeft = false
    setTree(undefined)
    if (text.length > COLOURED_MAX) return
    // Without it the text stands there as well.
    const show = (found: Root | undefined) => {
      if (!isLeft) setTree(found)
    }
    void import('./highlighter.ts').then(({ highlight }) => show(highlight(text, name))).catch(() => undefined)
    return () => {
      isLeft = true
    }
  }, [text, name])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <pre class="code file-text" tabIndex={0}>
      <code>{tree ? elements(tree.children) : visible(text)}</code>
    </pre>
  )
}
