// A file: what it holds, as far as it was read, and what can be done with it.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Agent } from '../../state/agent.ts'
import { now } from '../../state/clock.ts'
import type { OpenFile } from '../../state/open-file.ts'
import { texts } from '../../texts.ts'
import { useFocus } from '../focus.ts'
import { CopyButton, visible } from '../talk/code-block.tsx'
import { Editor } from './editor.tsx'
import { fileFailure, Trouble } from './failure.tsx'
import { Highlighted } from './highlighted.tsx'

const words = texts.files

export interface FileProps {
  readonly agent: Agent
  readonly file: OpenFile
  readonly name: string
}

/** Hands a file of the computer to this device. */
function Keep({ file, name }: Pick<FileProps, 'file' | 'name'>) {
  const [arrived, setArrived] = useState<number>()
  const [trouble, setTrouble] = useState<string>()
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])
  const keep = async () => {
    const abort = new AbortController()
    running.current = abort
    setTrouble(undefined)
    setArrived(0)
    try {
      const blob = await file.download(setArrived, abort.signal)
      const anchor = document.createElement('a')
      anchor.href = URL.createObjectURL(blob)
      anchor.download = name
      anchor.click()
      URL.revokeObjectURL(anchor.href)
    } catch (error) {
      if (!abort.signal.aborted) setTrouble(fileFailure(error))
    }
    setArrived(undefined)
  }
  if (arrived === undefined) {
    return (
      <>
        <button type="button" class="button" onClick={() => void keep()}>
          {words.keep}
        </button>
        <Trouble text={trouble} />
      </>
    )
  }
  return (
    <>
      <button type="button" class="button" onClick={() => running.current?.abort()}>
        {texts.cancel}
      </button>
      <span role="status">{words.keeping(texts.size(arrived), texts.size(file.reading.value.size.value))}</span>
    </>
  )
}

function Content({ file, name }: Pick<FileProps, 'file' | 'name'>) {
  const { text, isWhole } = file.reading.value
  if (text.value === undefined) return null
  return <Highlighted text={text.value} name={isWhole.value ? name : ''} />
}

function Viewer({ agent, file, name }: FileProps) {
  const [trouble, setTrouble] = useState<string>()
  const { text, size, bytesRead, isWhole } = file.reading.value
  const attempt = (what: Promise<void>) => {
    setTrouble(undefined)
    what.catch((error) => setTrouble(fileFailure(error)))
  }
  const { whyNot } = file
  const isText = text.value !== undefined
  return (
    <>
      <div class="actions">
        {whyNot === undefined && (
          <button type="button" class="button primary" onClick={() => file.edit()}>
            {words.edit}
          </button>
        )}
        {isText && isWhole.value && <CopyButton text={text.value ?? ''} />}
        <Keep file={file} name={name} />
        <button type="button" class="button" disabled={agent.isOver.value} onClick={() => attempt(file.read())}>
          {words.again}
        </button>
      </div>
      <Trouble text={trouble} />
      {whyNot !== undefined && <p class="notice">{words.whyNot[whyNot]}</p>}
      {isText && text.value !== undefined && visible(text.value) !== text.value.replaceAll('\r\n', '\n') && (
        <p class="notice">{words.hidden}</p>
      )}
      <Content file={file} name={name} />
      {isText && !isWhole.value && (
        <div class="actions">
          <p>{words.part(texts.size(bytesRead.value), texts.size(size.value))}</p>
          <button type="button" class="button" onClick={() => attempt(file.reading.value.more())}>
            {words.next}
          </button>
        </div>
      )}
    </>
  )
}

export function FileView(props: FileProps) {
  const { file, name } = props
  const heading = useFocus<HTMLHeadingElement>()
  const { size } = file.reading.value
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <section class="scroll file" tabIndex={0} aria-label={name}>
      <header>
        <h2 ref={heading} tabIndex={-1} class="mono">
          {name}
        </h2>
        <p class="quiet">
          {texts.size(size.value)}
          {file.mtime.value !== undefined && `, ${words.changed(texts.ago(now.value - file.mtime.value))}`}
        </p>
      </header>
      {file.draft.value === undefined ? <Viewer {...props} /> : <Editor {...props} />}
    </section>
  )
}
