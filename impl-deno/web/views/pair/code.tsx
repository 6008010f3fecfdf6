// The code: scanned, read from a picture, pasted or typed.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Pairing } from '../../state/pairing.ts'
import { texts } from '../../texts.ts'
import { Icon } from '../icon.tsx'
import type { CameraTrouble } from './camera.ts'
import { readPicture } from './qr-reader.ts'
import { Scan } from './scan.tsx'

const words = texts.pair

/** Why nothing was read: of the camera, or of a file. */
type Trouble = CameraTrouble | 'foreign' | 'nothing'

/** Reads the code from a file: where there is no camera, or the page may not use it. */
function Picture({ pairing, failed }: { pairing: Pairing; failed: (why: Trouble | undefined) => void }) {
  const read = async (file: File) => {
    failed(undefined)
    try {
      const found = await readPicture(file)
      if (!found.some((text) => pairing.takeScanned(text))) failed(found.length > 0 ? 'foreign' : 'nothing')
    } catch {
      failed('unloaded')
    }
  }
  return (
    <label class="button">
      <Icon name="picture" />
      {words.scan.file}
      <input
        type="file"
        accept="image/*"
        class="visually-hidden"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          if (file) void read(file)
          // The same file once more is a change, too.
          currentTarget.value = ''
        }}
      />
    </label>
  )
}

function Paste({ isWrong, take }: { isWrong: boolean; take: (text: string) => void }) {
  const [text, setText] = useState('')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim() !== '') take(text)
      }}
    >
      <label class="field">
        {words.label}
        <textarea
          rows={3}
          value={text}
          placeholder={words.placeholder}
          autocapitalize="off"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? 'code-trouble' : undefined}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <button type="submit" class="button">
        {words.go}
      </button>
    </form>
  )
}

export function Code({ pairing, why }: { pairing: Pairing; why: string | undefined }) {
  const [isScanning, setScanning] = useState(false)
  const [trouble, setTrouble] = useState<Trouble>()
  const start = useRef<HTMLButtonElement>(null)
  const hasScanned = useRef(false)
  useEffect(() => {
    if (!isScanning && hasScanned.current) start.current?.focus()
    hasScanned.current ||= isScanning
  }, [isScanning])
  const shown =
    trouble === undefined ? why && (words.failures[why] ?? words.failures['qr-encoding']) : words.scan[trouble]
  if (isScanning) {
    return (
      <Scan
        take={(text) => pairing.takeScanned(text)}
        end={(failure) => {
          setTrouble(failure)
          setScanning(false)
        }}
      />
    )
  }
  return (
    <>
      <p>{words.about}</p>
      <pre class="command">{texts.computers.command}</pre>
      {shown !== undefined && (
        <p id="code-trouble" role="alert" class="trouble">
          {shown}
        </p>
      )}
      <div class="actions">
        <button type="button" class="button primary" ref={start} onClick={() => setScanning(true)}>
          <Icon name="camera" />
          {words.scan.start}
        </button>
        <Picture pairing={pairing} failed={setTrouble} />
      </div>
      <Paste
        isWrong={trouble === undefined && why !== undefined}
        take={(text) => {
          setTrouble(undefined)
          pairing.take(text)
        }}
      />
    </>
  )
}
