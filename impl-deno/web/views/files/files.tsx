// The workspace: one pane on a phone, the folder beside the file where there is room.

import { useEffect, useState } from 'preact/hooks'
import { exactText } from '../../../controller/safe-text.ts'
import { linkTo } from '../../app/routes.ts'
import type { Agent } from '../../state/agent.ts'
import type { OpenFile } from '../../state/open-file.ts'
import { Following } from '../../state/tabs/following.ts'
import { texts } from '../../texts.ts'
import type { SectionProps } from '../computer.tsx'
import { fileFailure, Trouble } from './failure.tsx'
import { FileView } from './file-view.tsx'
import { FolderView } from './folder-view.tsx'
import { pathOf } from './path.ts'

const words = texts.files

interface Found {
  readonly path: string
  readonly place: OpenFile | 'folder' | { readonly trouble: string }
}

interface PlaceProps {
  readonly agent: Agent
  readonly names: readonly string[]
}

function Crumbs({ agent, names }: PlaceProps) {
  return (
    <nav class="crumbs" aria-label={words.place}>
      <ol>
        {[words.workspace, ...names].map((name, i) => (
          <li key={i}>
            <a
              href={linkTo.computer(agent.id, 'files', names.slice(0, i))}
              aria-current={i === names.length ? 'page' : undefined}
            >
              {i === 0 ? name : exactText(name)}
            </a>
          </li>
        ))}
      </ol>
    </nav>
  )
}

/** What the path leads to; undefined until that is known. */
function useFound(agent: Agent, path: string): [found: Found | undefined, again: () => void] {
  const [found, setFound] = useState<Found>()
  const [tries, setTries] = useState(0)
  useEffect(() => {
    let isLeft = false
    const show = (place: Found['place']) => {
      if (!isLeft) setFound({ path, place })
    }
    agent.files.at(path).then(show, (error) => show({ trouble: fileFailure(error) }))
    return () => {
      isLeft = true
    }
  }, [agent, path, tries])
  return [found, () => setTries(tries + 1)]
}

/** Only the tab that holds the keys keeps what was written for another time. */
function useUnsavedWarning(agent: Agent, isLost: boolean): void {
  useEffect(() => {
    if (!isLost) return undefined
    const warn = (event: BeforeUnloadEvent) => {
      if (agent.files.hasUnsaved) event.preventDefault()
    }
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [agent, isLost])
}

export function Files({ home, agent, path: names }: SectionProps) {
  const path = pathOf(names)
  const [last, again] = useFound(agent, path)
  useUnsavedWarning(agent, home instanceof Following)
  const found = last?.path === path ? last : undefined
  const isFolder = found?.place === 'folder'
  const folder = isFolder ? names : names.slice(0, -1)
  const shown = found?.place
  return (
    <div class="files">
      <Crumbs agent={agent} names={names} />
      <div class={`split ${isFolder ? 'list' : 'detail'}`}>
        <div class="split-list">
          <FolderView agent={agent} names={folder} shown={isFolder ? undefined : path} />
        </div>
        <div class="split-detail">
          {isFolder && <p class="door wide-only">{words.choose}</p>}
          {shown === undefined && (
            <p class="quiet padded" role="status">
              {words.reading}
            </p>
          )}
          {typeof shown === 'object' && 'trouble' in shown && (
            <div class="padded">
              <Trouble text={shown.trouble} />
              <div class="actions">
                <button type="button" class="button" onClick={again}>
                  {words.again}
                </button>
                <a class="button narrow-only" href={linkTo.computer(agent.id, 'files', folder)}>
                  {words.up}
                </a>
              </div>
            </div>
          )}
          {typeof shown === 'object' && 'reading' in shown && (
            <FileView key={path} agent={agent} file={shown} name={exactText(names.at(-1) ?? '')} />
          )}
        </div>
      </div>
    </div>
  )
}
