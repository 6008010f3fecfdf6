import { safeLine } from '../../../controller/safe-text.ts'
import { Diff, visible } from './code-block.tsx'
import { readable } from './readable.ts'

/** Nothing where nothing is known of such an input. */
export function ReadableInput({ input }: { input: unknown }) {
  const found = readable(input)
  if (!found) return null
  return (
    <>
      {found.about !== '' && <p class="quiet">{safeLine(found.about)}</p>}
      {found.kind === 'diff' ? (
        <Diff text={found.text} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
        <pre class="code command-line" tabIndex={0}>
          {visible(found.text)}
        </pre>
      )}
    </>
  )
}
