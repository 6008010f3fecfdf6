// A terminal of the agent on the own one, or on pipes. The only place where what an agent sends reaches
// the screen as it is.

import type { ReadStream, WriteStream } from 'node:tty'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller } from '../../controller/controller.ts'
import type { RemoteTerminal } from '../../controller/terminal.ts'

/** Ctrl-]: as of telnet, and hardly used by anything else. */
const DETACH = 0x1d
const END_OF_INPUT = 4
/** Bytes of input that may wait before standard input is read on. */
const INPUT_MAX = 262_144
const INPUT_CHECK = 20
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a program sends for the alternate screen
const ALTERNATE = /\u001b\[\?(?:1049|1047|47)([hl])/g
/**
 * What a program may leave behind that was not ended by itself: scrolling region, insertion, mouse and focus reports,
 * bracketed paste, keypad and cursor keys, no wrapping, another character set, a hidden cursor, colours.
 */
const RESET =
  '\u001b7\u001b[r\u001b8\u001b[4l\u001b[?9;1000;1002;1003;1004;1005;1006;1015l\u001b[?2004l\u001b[>4m\u001b[?1l\u001b>\u001b[?7h\u001b(B\u000f\u001b[?25h\u001b[0m'

export type TerminalEnd =
  | { readonly how: 'exited'; readonly exitCode: number | null; readonly signal: number | null }
  /** The agent was restarted. */
  | { readonly how: 'orphaned' }
  | { readonly how: 'detached'; readonly terminalId: string }
  /** Detached before there was anything to come back to. */
  | { readonly how: 'unopened' }

export interface TerminalRun {
  readonly controller: Controller
  /** Without a terminal here, 80x24, and the end of the input is passed on as Ctrl-D. */
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly open: { readonly attach: string } | Omit<Params<'terminal.open'>, 'cols' | 'rows'>
  /** Detaches. */
  readonly signal?: AbortSignal
  /** Rejects when nothing more will come. The screen is given back then; the reason is for others to tell. */
  readonly lost?: Promise<never>
}

const sizeOf = ({ columns = 80, rows = 24 }: Partial<WriteStream>) => ({
  cols: Math.min(Math.max(columns, 1), 1_000),
  rows: Math.min(Math.max(rows, 1), 1_000),
})

/** Runs until the program ends or the person detaches. Rejects with ProtocolError where it cannot be opened. */
export function runTerminal({ controller, input, output, open, signal, lost }: TerminalRun): Promise<TerminalEnd> {
  return new Promise((resolve, reject) => {
    const isTerminal = input.isTTY === true && output.isTTY === true
    let terminal: RemoteTerminal | null = null
    let onAlternate = false
    let tail = ''
    let lastByte = 0x0a
    let early = Buffer.alloc(0)
    let check: NodeJS.Timeout | undefined
    let wasReady = controller.status.ready
    let isOver = false

    const done = (settle: () => void) => {
      if (isOver) return
      isOver = true
      clearInterval(check)
      input.off('data', onInput).off('end', onInputEnd)
      input.pause()
      output.off('resize', onResize)
      controller.off('status', onStatus)
      signal?.removeEventListener('abort', detach)
      process.off('exit', giveBack)
      giveBack()
      settle()
    }
    const detach = () => {
      const terminalId = terminal?.terminalId
      terminal?.detach()
      done(() => {
        if (isTerminal) output.write('\r\n')
        resolve(terminalId === undefined ? { how: 'unopened' } : { how: 'detached', terminalId })
      })
    }
    const giveBack = () => {
      if (!isTerminal) return
      // Whatever goes on there: its screen must not stay here.
      if (terminal) output.write(`${onAlternate ? '\u001b[?1049l' : ''}${RESET}`)
      ;(input as ReadStream).setRawMode(false)
    }

    /**
     * Whoever types on while a program ends means what comes next. A whole line is not given back: there it would be a
     * prompt, or an answer, that nobody has seen.
     */
    function giveBackKeys(): void {
      if (!isTerminal || !terminal) return
      const line = Buffer.from(terminal.unaccepted)
        .toString()
        .split(/[\r\n]/)
        .at(-1)
      if (line && !/\p{Cc}/u.test(line)) input.unshift(Buffer.from(line))
    }

    function onInput(data: Buffer): void {
      const at = isTerminal ? data.indexOf(DETACH) : -1
      type(at < 0 ? data : data.subarray(0, at))
      if (at >= 0) detach()
    }
    function type(bytes: Buffer): void {
      if (bytes.length === 0) return
      lastByte = bytes.at(-1) as number
      if (!terminal) {
        early = Buffer.concat([early, bytes])
        return
      }
      terminal.write(bytes)
      if (terminal.unwritten < INPUT_MAX || check) return
      input.pause()
      check = setInterval(() => {
        if ((terminal?.unwritten ?? 0) >= INPUT_MAX) return
        clearInterval(check)
        check = undefined
        input.resume()
      }, INPUT_CHECK)
    }
    function onInputEnd(): void {
      // In the middle of a line the first one only ends what was typed.
      type(Buffer.from(lastByte === 0x0a ? [END_OF_INPUT] : [END_OF_INPUT, END_OF_INPUT]))
    }
    function onOutput(bytes: Uint8Array): void {
      output.write(bytes)
      if (!isTerminal) return
      const text = tail + Buffer.from(bytes).toString('latin1')
      for (const [, mode] of text.matchAll(ALTERNATE)) onAlternate = mode === 'h'
      tail = text.slice(-8)
    }
    function onResize(): void {
      const { cols, rows } = sizeOf(output)
      // A terminal that has just ended has no size; its end is on the way.
      terminal?.resize(cols, rows).catch(() => {})
    }
    function onStatus({ ready }: { ready: boolean }): void {
      if (ready === wasReady) return
      wasReady = ready
      if (isTerminal)
        output.write(ready ? '\r\n[connected again]\r\n' : '\r\n[connection lost, trying again; Ctrl-] leaves]\r\n')
    }

    const handlers = {
      onData: onOutput,
      onGap: (from: number, to: number) =>
        onOutput(Buffer.from(`\r\n[${to - from} bytes of output are no longer kept]\r\n`)),
      onExit: (exit: { exitCode: number | null; signal: number | null; reason?: string }) => {
        const { exitCode, signal, reason } = exit
        giveBackKeys()
        done(() => resolve(reason === 'orphaned' ? { how: 'orphaned' } : { how: 'exited', exitCode, signal }))
      },
    }
    const size = sizeOf(output)
    const opened =
      'attach' in open
        ? controller.attachTerminal(open.attach, handlers)
        : controller.openTerminal({ ...open, ...size }, handlers)
    if (isTerminal) (input as ReadStream).setRawMode(true)
    process.on('exit', giveBack)
    input.on('data', onInput).on('end', onInputEnd)
    input.resume()
    output.on('resize', onResize)
    controller.on('status', onStatus)
    signal?.addEventListener('abort', detach)
    lost?.catch(() => done(() => {}))
    opened.then(
      (watched) => {
        if (isOver) {
          watched.detach()
          return
        }
        terminal = watched
        if ('attach' in open) onResize()
        if (early.length > 0) terminal.write(early)
      },
      (error) => done(() => reject(error)),
    )
  })
}
