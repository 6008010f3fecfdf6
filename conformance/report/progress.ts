// How far a run has come: one line that changes on a terminal, a line now and then in a log.

const TERMINAL_EVERY = 1_000
const LOG_EVERY = 15_000
const CLEAR_LINE = '\r\u001b[K'

export interface Progress {
  readonly onProgress: (done: number, all: number) => void
  /** Takes the changing line away. */
  readonly end: () => void
}

const minutes = (milliseconds: number) =>
  `${Math.floor(milliseconds / 60_000)}:${String(Math.floor(milliseconds / 1_000) % 60).padStart(2, '0')}`

export function progressOn(
  stream: { readonly isTTY?: boolean; write(text: string): unknown },
  now = () => performance.now(),
): Progress {
  const began = now()
  let shown = began
  let counts: readonly [done: number, all: number] | undefined
  const tell = () => {
    shown = now()
    // Scenarios that wait for most of a minute are the last: without the time it would seem to stand still.
    const line = counts
      ? `${counts[0]} of ${counts[1]} done, ${minutes(shown - began)}`
      : `starting, ${minutes(shown - began)}`
    stream.write(stream.isTTY ? `${CLEAR_LINE}${line}` : `${line}\n`)
  }
  const timer = setInterval(() => {
    if (stream.isTTY || now() - shown >= LOG_EVERY) tell()
  }, TERMINAL_EVERY)
  timer.unref()
  return {
    onProgress: (done, all) => {
      counts = [done, all]
      if (stream.isTTY) tell()
    },
    end: () => {
      clearInterval(timer)
      if (stream.isTTY) stream.write(CLEAR_LINE)
    },
  }
}
