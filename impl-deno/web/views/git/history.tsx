// What was committed, the newest first.

import { useEffect, useState } from 'preact/hooks'
import { safeLine, safeText } from '../../../controller/safe-text.ts'
import { linkTo } from '../../app/routes.ts'
import type { Agent } from '../../state/agent.ts'
import { now } from '../../state/clock.ts'
import type { GitCommit } from '../../state/git.ts'
import { texts } from '../../texts.ts'
import { useFocus } from '../focus.ts'
import { CopyButton } from '../talk/code-block.tsx'
import { Fold } from '../talk/fold.tsx'
import { LongText } from '../talk/long-text.tsx'
import { type GitTrouble, gitTrouble } from './failure.ts'
import { Trouble } from './trouble.tsx'

const words = texts.git.history

/** In the address, where no name of a file has a `/`. */
export const HISTORY = '/history'

/** Of the name of a commit, as git shows it. */
const SHORT = 8

function Commit({ commit: { sha, author, email, at, message, parents, truncated } }: { commit: GitCommit }) {
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
                <Commit commit={commit} />
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
