// What was committed, the newest first, and what each commit has changed.

import { useEffect, useState } from 'preact/hooks'
import { safeLine, safeText } from '../../../controller/safe-text.ts'
import { linkTo } from '../../app/routes.ts'
import type { Agent } from '../../state/agent.ts'
import { now } from '../../state/clock.ts'
import type { Git, GitCommit } from '../../state/git.ts'
import { texts } from '../../texts.ts'
import { useFocus } from '../focus.ts'
import { CopyButton, Diff } from '../talk/code-block.tsx'
import { Fold } from '../talk/fold.tsx'
import { LongText } from '../talk/long-text.tsx'
import { useGitAnswer } from './answer.ts'
import { type GitTrouble, gitTrouble } from './failure.ts'
import { Trouble } from './trouble.tsx'

const words = texts.git.history

/** In the address, where no name of a file has a `/`. */
export const HISTORY = '/history'

/** Of the name of a commit, as git shows it. */
const SHORT = 8

interface OwnProps {
  readonly git: Git
  readonly commit: GitCommit
}

/** Asked for when the commit is looked at. */
function Changed({ git, commit }: OwnProps) {
  const { answer, trouble } = useGitAnswer(() => git.show(commit), [git, commit.sha], words.gone)
  return (
    <>
      <h3>{commit.parents.length > 1 ? words.brought : words.changed}</h3>
      <Trouble trouble={trouble} />
      {!answer && !trouble && <p role="status">{texts.git.reading}</p>}
      {answer && (answer.diff === '' ? <p>{texts.git.noDiff}</p> : <Diff text={answer.diff} />)}
      {answer?.truncated && <p class="notice">{texts.git.diffCut}</p>}
    </>
  )
}

function Commit({ git, commit }: OwnProps) {
  const { sha, author, email, at, message, parents, truncated } = commit
  const [subject = '', ...rest] = safeText(message).split('\n')
  const body = rest.join('\n').trim()
  const date = new Date(at)
  return (
    <Fold
      class="commit"
      summary={
        <span class="entry-text">
          <span class="entry-name">{subject || words.noMessage}</span>
          <span class="quiet">{words.by(safeLine(author), texts.ago(now.peek() - at))}</span>
        </span>
      }
      content={() => (
        <>
          {body !== '' && <LongText class="commit-body" text={body} />}
          {truncated && <p class="notice">{words.cut}</p>}
          <dl class="facts">
            <dt>{words.author}</dt>
            <dd>{`${safeLine(author)} <${safeLine(email)}>`}</dd>
            <dt>{words.at}</dt>
            <dd>
              <time dateTime={date.toISOString()}>{date.toLocaleString()}</time>
            </dd>
            <dt>{words.name}</dt>
            <dd class="mono">{sha}</dd>
            {parents.length > 1 && (
              <>
                <dt>{words.merged}</dt>
                <dd class="mono">{parents.map((parent) => parent.slice(0, SHORT)).join(', ')}</dd>
              </>
            )}
          </dl>
          <div class="actions">
            <CopyButton text={sha} label={words.copy} />
          </div>
          <Changed git={git} commit={commit} />
        </>
      )}
    />
  )
}

export function History({ agent }: { agent: Agent }) {
  const { git } = agent
  const [trouble, setTrouble] = useState<GitTrouble>()
  const [isReading, setReading] = useState(false)
  const heading = useFocus<HTMLHeadingElement>()
  const attempt = (work: Promise<void>) => {
    setTrouble(undefined)
    setReading(true)
    work.catch((error) => setTrouble(gitTrouble(error, texts.git.failures.repository))).finally(() => setReading(false))
  }
  useEffect(() => attempt(git.readLog()), [git])
  const log = git.log.value
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <section class="scroll git" tabIndex={0} aria-label={words.title}>
      <div class="column">
        <div class="git-head">
          <h2 ref={heading} tabIndex={-1}>
            {words.title}
          </h2>
          <div class="actions">
            <a class="button" href={linkTo.computer(agent.id, 'git')}>
              {texts.git.changes}
            </a>
            <button type="button" class="button" disabled={isReading} onClick={() => attempt(git.readLog())}>
              {texts.git.again}
            </button>
          </div>
        </div>
        <Trouble trouble={trouble} />
        {!log && isReading && <p role="status">{texts.git.reading}</p>}
        {log?.commits.length === 0 && <p>{texts.git.noCommit}</p>}
        {log && log.commits.length > 0 && (
          <ol class="commits">
            {log.commits.map((commit) => (
              <li key={commit.sha}>
                <Commit git={git} commit={commit} />
              </li>
            ))}
          </ol>
        )}
        {log?.more && (
          <button type="button" class="button" disabled={isReading} onClick={() => attempt(git.readMoreLog())}>
            {words.more}
          </button>
        )}
      </div>
    </section>
  )
}
