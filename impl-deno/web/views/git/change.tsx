// One change: what differs, staged and not staged.

import { exactText } from '../../../controller/safe-text.ts'
import { linkTo } from '../../app/routes.ts'
import type { Agent } from '../../state/agent.ts'
import { type EntryDiff, type GitEntry, isNew } from '../../state/git.ts'
import { texts } from '../../texts.ts'
import { useFocus } from '../focus.ts'
import { Diff } from '../talk/code-block.tsx'
import { useGitAnswer } from './answer.ts'
import { kindOf, namesOf } from './kind.ts'
import { Trouble } from './trouble.tsx'

const words = texts.git

function Differences({ diff: { staged, unstaged, isCut } }: { diff: EntryDiff }) {
  return (
    <>
      {staged !== '' && (
        <>
          <h3>{words.stagedDiff}</h3>
          <Diff text={staged} />
        </>
      )}
      {unstaged !== '' && (
        <>
          {staged !== '' && <h3>{words.unstagedDiff}</h3>}
          <Diff text={unstaged} />
        </>
      )}
      {staged === '' && unstaged === '' && <p>{words.noDiff}</p>}
      {isCut && <p class="notice">{words.diffCut}</p>}
    </>
  )
}

export function Change({ agent, entry }: { agent: Agent; entry: GitEntry }) {
  const ask = () => agent.git.diff(entry)
  const { answer: diff, trouble } = useGitAnswer(ask, [agent, entry], words.failures.repository)
  const heading = useFocus<HTMLHeadingElement>(entry.path)
  const isRemoved = entry.worktree === 'D' || (entry.index === 'D' && entry.worktree === '.')
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <section class="scroll file" tabIndex={0} aria-label={exactText(entry.path)}>
      <header>
        <h2 ref={heading} tabIndex={-1} class="mono">
          {exactText(entry.path)}
        </h2>
        <p class="quiet">{kindOf(entry)}</p>
      </header>
      <div class="actions">
        <a class="button narrow-only" href={linkTo.computer(agent.id, 'git')}>
          {words.changes}
        </a>
        {agent.may('files') && !isRemoved && (
          <a class="button" href={linkTo.computer(agent.id, 'files', namesOf(entry))}>
            {words.openFile}
          </a>
        )}
      </div>
      <Trouble trouble={trouble} />
      {isNew(entry) ? <p>{words.isNew}</p> : diff ? <Differences diff={diff} /> : !trouble && <p>{words.reading}</p>}
    </section>
  )
}
