// A text field for a file, and what there is to choose where somebody else has written it meanwhile.

import { useEffect, useState } from 'preact/hooks'
import type { Conflict, OpenFile } from '../../state/open-file.ts'
import { texts } from '../../texts.ts'
import { takeFocus, useFocus } from '../focus.ts'
import { CopyButton, Diff } from '../talk/code-block.tsx'
import { changed } from '../talk/readable.ts'
import { fileFailure, Trouble } from './failure.tsx'
import type { FileProps } from './file-view.tsx'

const words = texts.files

/** Unchanged lines around what is changed. */
const CONTEXT = 3

type Attempt = (what: () => Promise<void>) => void

function Both({ theirs, mine }: { theirs: NonNullable<Conflict['theirs']>; mine: string }) {
  const text = theirs.isWhole.value ? theirs.text.value : undefined
  if (text === undefined) return <p>{words.conflict.theirsUnshown(texts.size(theirs.size.value))}</p>
  return (
    <>
      <p>{words.conflict.about}</p>
      <Diff text={changed(text.replaceAll('\r\n', '\n'), mine, CONTEXT)} />
      <details>
        <summary>{words.conflict.theirs}</summary>
        <Diff text={text.replaceAll(/^/gm, ' ')} />
      </details>
    </>
  )
}

interface ConflictProps {
  readonly file: OpenFile
  readonly conflict: Conflict
  readonly isBusy: boolean
  readonly attempt: Attempt
}

function ConflictView({ file, conflict, isBusy, attempt }: ConflictProps) {
  const { theirs } = conflict
  const own = words.conflict
  const heading = useFocus<HTMLHeadingElement>(conflict)
  const mine = file.draft.value ?? ''
  return (
    <section class="conflict" aria-labelledby="conflict-title">
      <h2 id="conflict-title" ref={heading} tabIndex={-1}>
        {theirs ? own.title : own.gone}
      </h2>
      {theirs ? <Both theirs={theirs} mine={mine} /> : <p>{own.goneAbout}</p>}
      <div class="actions">
        <CopyButton text={mine} label={own.copy} />
        <button
          type="button"
          class="button"
          disabled={isBusy}
          onClick={() => (theirs ? attempt(() => file.read()) : file.discard())}
        >
          {theirs ? own.reload : own.drop}
        </button>
        <button
          type="button"
          class="button danger"
          disabled={isBusy}
          onClick={() => attempt(() => file.overwrite(conflict))}
        >
          {theirs ? own.overwrite : own.create}
        </button>
      </div>
    </section>
  )
}

function Discard({ file }: { file: OpenFile }) {
  const [isAsked, setAsked] = useState(false)
  if (!isAsked) {
    return (
      <button type="button" class="button" onClick={() => (file.isChanged ? setAsked(true) : file.discard())}>
        {file.isChanged ? words.discard : texts.cancel}
      </button>
    )
  }
  return (
    <>
      <button ref={takeFocus} type="button" class="button danger" onClick={() => file.discard()}>
        {words.discardSure}
      </button>
      <button type="button" class="button" onClick={() => setAsked(false)}>
        {words.goOn}
      </button>
    </>
  )
}

export function Editor({ file, name }: FileProps) {
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string>()
  const field = useFocus<HTMLTextAreaElement>()
  const attempt: Attempt = (what) => {
    setTrouble(undefined)
    setBusy(true)
    what()
      .catch((error) => setTrouble(words.notSaved(fileFailure(error))))
      .finally(() => setBusy(false))
  }
  const canSave = file.isChanged && !isBusy
  const save = () => attempt(() => file.save())
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== 's' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      if (canSave) save()
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  })
  const conflict = file.conflict.value
  return (
    <>
      {conflict && <ConflictView {...{ file, conflict, isBusy, attempt }} />}
      <Trouble text={trouble} />
      <textarea
        ref={field}
        class="editor"
        aria-label={words.textOf(name)}
        value={file.draft.value}
        readOnly={isBusy}
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        onInput={({ currentTarget }) => {
          file.draft.value = currentTarget.value
        }}
      />
      <div class="actions">
        {!conflict && (
          <button type="button" class="button primary" disabled={!canSave} onClick={save}>
            {texts.save}
          </button>
        )}
        <Discard file={file} />
        {isBusy && <span role="status">{words.saving}</span>}
      </div>
    </>
  )
}
