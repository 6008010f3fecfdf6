// One pseudoterminal: @lydell/node-pty behind the face that terminal.ts needs, and the places where
// node-pty alone would lose output or stop the whole agent.

import { writeSync } from 'node:fs'
import { type IPty, spawn } from '@lydell/node-pty'

/** null where the other one tells. */
export interface Exit {
  readonly exitCode: number | null
  readonly signal: number | null
}

export interface PtyOptions {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly cols: number
  readonly rows: number
}

export interface PtyEvents {
  /** Raw bytes, as the program wrote them. The buffer is the receiver's. */
  onOutput(bytes: Uint8Array): void
  /** Once, after the last `onOutput`. */
  onExit(exit: Exit): void
}

export interface Pty {
  readonly pid: number
  /** Bytes that the program has not yet taken. */
  readonly unwritten: number
  write(bytes: Uint8Array): void
  resize(cols: number, rows: number): void
  /** Stops reading: the program waits once the kernel's buffer is full. */
  pause(): void
  resume(): void
}

/** How long a program that does not read its input is left alone before the next try, in ms. */
const WRITE_RETRY = 10
/** node-pty drops unread output 200 ms after the exit: a paused pty is looked at more often than that. */
const EXIT_CHECK = 40

/** What node-pty has on Unix beside its declarations; absent on Windows. */
interface UnixParts {
  readonly fd?: number
  readonly _socket?: { readonly destroyed: boolean }
}

/** Starts a program in a new pty. Throws where the system cannot. */
export function openPty(options: PtyOptions, events: PtyEvents): Pty {
  const { file, args, cwd, env, cols, rows } = options
  const pty = spawn(file, [...args], { name: env.TERM ?? 'xterm-256color', cols, rows, cwd, env, encoding: null })
  const input = createInput(pty)
  let check: NodeJS.Timeout | undefined

  const resume = () => {
    clearInterval(check)
    check = undefined
    pty.resume()
  }
  // With `encoding: null` node-pty gives Buffers where its declarations say string.
  pty.onData((data) => events.onOutput(data as unknown as Uint8Array))
  pty.onExit(({ exitCode, signal }) => {
    clearInterval(check)
    input.end()
    events.onExit(signal ? { exitCode: null, signal } : { exitCode, signal: null })
  })

  return {
    pid: pty.pid,
    get unwritten() {
      return input.waiting
    },
    write: input.write,
    resize: (columns, lines) => pty.resize(columns, lines),
    pause() {
      if (!lives(pty.pid)) return
      pty.pause()
      check ??= setInterval(() => {
        if (!lives(pty.pid)) resume()
      }, EXIT_CHECK)
    },
    resume,
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/**
 * The way into a pty. node-pty's own `write` goes through a blocking libuv handle: a program that does
 * not read would stop every terminal of the agent. The descriptor itself is non-blocking.
 */
function createInput(pty: IPty) {
  const { fd, _socket: socket } = pty as unknown as UnixParts
  const queue: Uint8Array[] = []
  let waiting = 0
  let ended = false
  let retry: NodeJS.Timeout | undefined

  const end = () => {
    ended = true
    clearTimeout(retry)
    queue.length = 0
    waiting = 0
  }

  function flush(): void {
    retry = undefined
    for (let bytes = queue[0]; bytes !== undefined; bytes = queue[0]) {
      const written = put(bytes)
      if (written === null) {
        end()
        return
      }
      if (written === 0) {
        retry = setTimeout(flush, WRITE_RETRY)
        return
      }
      waiting -= written
      if (written === bytes.length) queue.shift()
      else queue[0] = bytes.subarray(written)
    }
  }

  /** Bytes taken; 0 where none can be taken now, null where the program has gone. */
  function put(bytes: Uint8Array): number | null {
    // After the socket is destroyed its descriptor's number may belong to another file.
    if (fd === undefined || socket === undefined || socket.destroyed) return null
    try {
      return writeSync(fd, bytes)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : null
    }
  }

  function write(bytes: Uint8Array): void {
    if (ended || bytes.length === 0) return
    if (fd === undefined || socket === undefined) {
      pty.write(bytes as unknown as string)
      return
    }
    queue.push(bytes)
    waiting += bytes.length
    if (retry === undefined) flush()
  }

  return {
    write,
    end,
    get waiting() {
      return waiting
    },
  }
}
