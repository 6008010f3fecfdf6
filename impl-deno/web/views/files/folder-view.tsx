// The entries of a folder.

import { useEffect, useMemo, useState } from 'preact/hooks'
import { exactText } from '../../../controller/safe-text.ts'
import { linkTo } from '../../app/routes.ts'
import type { Agent } from '../../state/agent.ts'
import { now } from '../../state/clock.ts'
import type { FolderEntry } from '../../state/folder.ts'
import { texts } from '../../texts.ts'
import { useFocus } from '../focus.ts'
import { Icon } from '../icon.tsx'
import { fileFailure, Trouble } from './failure.tsx'
import { pathOf } from './path.ts'

const words = texts.files

interface FolderProps {
  readonly agent: Agent
  readonly names: readonly string[]
  /** The path of the file that is shown beside it. */
  readonly shown: string | undefined
}

function about({ type, size, mtime }: FolderEntry): string {
  const kind = words.kinds[type]
  const parts = [kind, type === 'file' && size !== undefined && texts.size(size)]
  // Not each second, for a folder may be large.
  // Not each second anew: a folder may be large.
  if (mtime !== undefined && type !== 'link') parts.push(texts.ago(now.peek() - mtime))
  return parts.filter(Boolean).join(', ')
}

function Row({ agent, names, shown, entry }: FolderProps & { entry: FolderEntry }) {
  const { name, type } = entry
  const own = [...names, name]
  const text = (
    <>
      <Icon name={type === 'folder' ? 'folder' : type === 'link' ? 'link' : 'file'} />
      <span class="entry-text">
        <span class="entry-name">{exactText(name)}</span>
        <span class="quiet">{about(entry)}</span>
      </span>
      {agent.files.isUnsaved(pathOf(own)) && <span class="tag attention">{words.unsaved}</span>}
    </>
  )
  if (type === 'other' || type === 'unreachable') return <li class="file-entry">{text}</li>
  return (
    <li>
      <a
        class="file-entry"
        href={linkTo.computer(agent.id, 'files', own)}
        aria-current={shown === pathOf(own) ? 'page' : undefined}
      >
        {text}
      </a>
    </li>
  )
}

/** Folders first, where all entries are there; else in the order in which the computer gives them. */
function sorted(entries: readonly FolderEntry[], isAll: boolean): readonly FolderEntry[] {
  if (!isAll) return entries
  return [...entries.filter(({ type }) => type === 'folder'), ...entries.filter(({ type }) => type !== 'folder')]
}

export function FolderView(props: FolderProps) {
  const { agent, names } = props
  const path = pathOf(names)
  const folder = useMemo(() => agent.files.folder(path), [agent, path])
  const [trouble, setTrouble] = useState<string>()
  const attempt = (what: () => Promise<void>) => {
    setTrouble(undefined)
    what().catch((error) => setTrouble(fileFailure(error)))
  }
  useEffect(() => attempt(() => folder.read()), [folder])
  const entries = folder.entries.value
  const place = useFocus<HTMLElement>(path, props.shown === undefined)
  return (
    <section
      ref={place}
      class="scroll folder"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
      tabIndex={0}
      aria-label={words.folder(exactText(names.at(-1) ?? words.workspace))}
    >
      <Trouble text={trouble} />
      {entries === undefined && trouble === undefined && <p class="quiet padded">{words.reading}</p>}
      {entries?.length === 0 && <p class="quiet padded">{words.empty}</p>}
      {entries && (
        <ul class="file-entries">
          {sorted(entries, !folder.more.value).map((entry) => (
            <Row key={entry.name} {...props} entry={entry} />
          ))}
        </ul>
      )}
      <div class="actions padded">
        {folder.more.value && (
          <button type="button" class="button" onClick={() => attempt(() => folder.readMore())}>
            {words.more}
          </button>
        )}
        <button type="button" class="button" onClick={() => attempt(() => folder.read())}>
          {words.again}
        </button>
      </div>
    </section>
  )
}
