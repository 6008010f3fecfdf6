// Git: what has changed, one change beside it where there is room, commit and push.

import { useEffect, useState } from 'preact/hooks'
import { linkTo } from '../../app/routes.ts'
import { texts } from '../../texts.ts'
import type { SectionProps } from '../computer.tsx'
import { useFocus } from '../focus.ts'
import { Change } from './change.tsx'
import { Branch, Changes } from './changes.tsx'
import { Commit, Push } from './commit.tsx'
import { type GitTrouble, gitTrouble } from './failure.ts'
import { HISTORY, History } from './history.tsx'
import { namesOf } from './kind.ts'
import { Trouble } from './trouble.tsx'

const words = texts.git

export function GitView({ agent, path }: SectionProps) {
  return path[0] === HISTORY ? <History agent={agent} /> : <Changed agent={agent} path={path} />
}

function Changed({ agent, path }: Pick<SectionProps, 'agent' | 'path'>) {
  const [trouble, setTrouble] = useState<GitTrouble>()
  const read = () => {
    setTrouble(undefined)
    agent.git.read().catch((error) => setTrouble(gitTrouble(error, words.failures.repository)))
  }
  useEffect(read, [agent])
  const status = agent.git.status.value
  const wanted = path.join('/')
  const list = useFocus<HTMLElement>(undefined, wanted === '')
  const shown = status?.entries.find((entry) => namesOf(entry).join('/') === wanted)
  return (
    <div class="files git">
      <div class={`split ${wanted === '' ? 'list' : 'detail'}`}>
        <div class="split-list">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard. */}
          <section ref={list} class="scroll" tabIndex={0} aria-label={words.label}>
            <div class="padded git-head">
              {status && <Branch status={status} />}
              {!status && !trouble && <p role="status">{words.reading}</p>}
              <Trouble trouble={trouble} />
              <div class="actions">
                <a class="button" href={linkTo.computer(agent.id, 'git', [HISTORY])}>
                  {words.history.title}
                </a>
                <button type="button" class="button" onClick={read}>
                  {words.again}
                </button>
              </div>
            </div>
            {status && (
              <>
                <Changes agent={agent} status={status} shown={shown} />
                <Commit agent={agent} read={read} />
                <Push agent={agent} read={read} />
              </>
            )}
          </section>
        </div>
        <div class="split-detail">
          {wanted === '' && <p class="door wide-only">{words.look}</p>}
          {shown && <Change key={shown.path} agent={agent} entry={shown} />}
          {wanted !== '' && status && !shown && (
            <div class="padded">
              <p>{words.notChanged}</p>
              <a class="button narrow-only" href={linkTo.computer(agent.id, 'git')}>
                {words.changes}
              </a>
            </div>
          )}
        </div>
      </div>
    </div>
  )
}
