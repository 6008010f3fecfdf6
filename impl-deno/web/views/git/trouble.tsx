import { texts } from '../../texts.ts'
import { visible } from '../talk/code-block.tsx'
import type { GitTrouble } from './failure.ts'

/** What git or a remote said, as it is. */
export const Said = ({ text }: { text: string }) =>
  text.trim() === '' ? null : (
    <details class="git-said">
      <summary>{texts.git.said}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard. */}
      <pre class="code exact" tabIndex={0}>
        {visible(text.replaceAll('\r', '\n'))}
      </pre>
    </details>
  )

export const Trouble = ({ trouble }: { trouble: GitTrouble | undefined }) =>
  trouble === undefined ? null : (
    <div>
      <p class="trouble" role="alert">
        {trouble.text}
      </p>
      <Said text={trouble.said} />
    </div>
  )
