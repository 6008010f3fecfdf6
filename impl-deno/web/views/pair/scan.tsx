// The picture of the camera, while a code is looked for.

import { useEffect, useRef, useState } from 'preact/hooks'
import { texts } from '../../texts.ts'
import { useFocus } from '../focus.ts'
import { Icon } from '../icon.tsx'
import type { Camera, CameraFailure, CameraTrouble } from './camera.ts'
import { scan } from './scanning.ts'

const words = texts.pair.scan

interface Props {
  /** Whether the text is a code of an agent, which is then taken. */
  readonly take: (text: string) => boolean
  /** Nobody looks any more; `why` where it cannot. */
  readonly end: (why?: CameraTrouble) => void
}

export function Scan({ take, end }: Props) {
  const video = useRef<HTMLVideoElement>(null)
  const stop = useFocus<HTMLButtonElement>()
  const [camera, setCamera] = useState<Camera>()
  const [isForeign, setForeign] = useState(false)
  const [isLit, setLit] = useState(false)
  useEffect(() => {
    const leaving = new AbortController()
    const { signal } = leaving
    const found = (text: string) => {
      const isTaken = take(text)
      setForeign(!isTaken)
      return isTaken
    }
    scan(video.current as HTMLVideoElement, { signal, opened: setCamera, found }).then(
      () => signal.aborted || end(),
      ({ why }: CameraFailure) => signal.aborted || end(why),
    )
    // Whoever looks at something else does not want to be looked at.
    document.addEventListener('visibilitychange', () => document.hidden && end(), { signal })
    return () => leaving.abort()
  }, [])
  const light = camera?.light
  return (
    <div class="scan">
      <div class="finder">
        <video ref={video} muted playsInline aria-label={words.picture} />
      </div>
      <p role="status">{isForeign ? words.foreign : camera ? words.aim : words.asking}</p>
      <div class="actions">
        <button type="button" class="button" ref={stop} onClick={() => end()}>
          {words.stop}
        </button>
        {light && (
          <button
            type="button"
            class="button"
            aria-pressed={isLit}
            onClick={() =>
              void light(!isLit).then(
                () => setLit(!isLit),
                () => {},
              )
            }
          >
            <Icon name="light" />
            {words.light}
          </button>
        )}
      </div>
    </div>
  )
}
