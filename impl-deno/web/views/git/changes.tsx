// What has changed, and what of it the next commit takes.

import { exactText } from '../../../controller/safe-text.ts'
import { linkTo } from '../../app/routes.ts'
import type { Agent } from '../../state/agent.ts'
import { canChoose, type GitEntry, type GitStatus, isReachable } from '../../state/git.ts'
import { texts } from '../../texts.ts'
import { kindOf, namesOf } from './kind.ts'

const words = texts.git

interface ChangesProps {
  readonly agent: Agent
  readonly status: GitStatus
  /** The change that is shown beside it. */
  readonly shown: GitEntry | undefined
}

export function Branch({ status: { branch, head, upstream, ahead = 0, behind = 0 } }: { status: GitStatus }) {
  const name = branch === null ? words.noBranch : exactText(branch)
  return (
    <div>
      <h2 class="mono">{upstream === undefined ? name : words.branch(name, exactText(upstream))}</h2>
      {head === null && <p class="quiet">{words.noCommit}</p>}
      {ahead > 0 && <p class="quiet">{words.ahead(ahead)}</p>}
      {behind > 0 && <p class="quiet">{words.behind(behind)}</p>}
    </div>
  )
}

function Row({ agent, shown, entry }: Omit<ChangesProps, 'status'> & { entry: GitEntry }) {
  const { path } = entry
  const text = (
    <span class="entry-text">
      <span class="entry-name">{exactText(path)}</span>
      <span class="quiet">{kindOf(entry)}</span>
    </span>
  )
  return (
    <li class="change">
      <label class="change-choice">
        <input
          type="checkbox"
          aria-label={words.choose(exactText(path))}
          disabled={!canChoose(entry)}
          checked={agent.git.chosen.value.includes(path)}
          onChange={({ currentTarget }) => agent.git.choose([path], currentTarget.checked)}
        />
      </label>
      {isReachable(entry) ? (
        <a
          class="file-entry"
          href={linkTo.computer(agent.id, 'git', namesOf(entry))}
          aria-current={shown === entry ? 'page' : undefined}
        >
          {text}
        </a>
      ) : (
        <span class="file-entry">{text}</span>
      )}
    </li>
  )
}

export function Changes(props: ChangesProps) {
  const { agent, status } = props
  const { choosable, chosen } = agent.git
  if (status.entries.length === 0) return <p class="padded">{words.clean}</p>
  return (
    <>
      {status.truncated && <p class="notice">{words.cut}</p>}
      {choosable.value.length > 1 && (
        <label class="choice choose-all">
          <input
            type="checkbox"
            checked={chosen.value.length === choosable.value.length}
            onChange={({ currentTarget }) => agent.git.choose(choosable.value, currentTarget.checked)}
          />
          {words.all}
        </label>
      )}
      <ul class="file-entries" aria-label={words.label}>
        {status.entries.map((entry) => (
          // What was removed and is there again is in the list twice.
          <Row key={`${entry.index}${entry.path}`} agent={agent} shown={props.shown} entry={entry} />
        ))}
      </ul>
    </>
  )
}
