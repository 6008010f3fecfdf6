// `happy-remote control term`: a shell at the computer, or a command.

import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import type { ControllerEvent } from '../../controller/controller.ts'
import { CallFailure } from '../../controller/failure.ts'
import { safeLine } from '../../controller/safe-text.ts'
import { CommandFailure, EXIT_FAILED, EXIT_OK, UsageError } from '../command.ts'
import type { Subject } from './subject.ts'

export interface TermOptions {
  readonly command: readonly string[]
  readonly cwd?: string | undefined
  /** The id of a terminal that runs already, or its beginning. */
  readonly attach?: string | undefined
  /** What is typed. */
  readonly keys?: ReadableStream<Uint8Array>
}

/** Ctrl-] detaches. */
const DETACH = 0x1d
/** Ctrl-D: the end of input that comes from a pipe. */
const END = Uint8Array.of(0x04)

function size(): { cols: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize()
    return { cols: Math.min(Math.max(1, columns), 1_000), rows: Math.min(Math.max(1, rows), 1_000) }
  } catch {
    return { cols: 80, rows: 24 }
  }
}

/**
 * What a program may leave behind that did not end by itself: the alternate screen, scrolling region, insertion, mouse
 * and focus reports, bracketed paste, keypad and cursor keys, no wrapping, a character set, a hidden cursor, colours.
 */
const RESET =
  '\u001b7\u001b[r\u001b8\u001b[4l\u001b[?9;1000;1002;1003;1004;1005;1006;1015l\u001b[?2004l\u001b[>4m\u001b[?1l\u001b>\u001b[?7h\u001b(B\u000f\u001b[?25h\u001b[0m'
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a program sends for the alternate screen
const ALTERNATE = /\u001b\[\?(?:1049|1047|47)([hl])/g

const encoder = new TextEncoder()
const isScreen = () => Deno.stdin.isTerminal() && Deno.stdout.isTerminal()

export type TermEnd =
  | { readonly how: 'exited'; readonly code: number }
  | { readonly how: 'detached'; readonly terminalId: string }
  /** The agent was restarted. */
  | { readonly how: 'orphaned' }

/** The only place where what a computer sends reaches the screen as it is (rpc.show.data). */
class Shown {
  #onAlternate = false
  #tail = ''
  #isLost = false

  output(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) done += Deno.stdout.writeSync(bytes.subarray(done))
    if (!isScreen()) return
    const text = this.#tail + new TextDecoder('latin1').decode(bytes)
    for (const [, mode] of text.matchAll(ALTERNATE)) this.#onAlternate = mode === 'h'
    this.#tail = text.slice(-8)
  }

  note(text: string): void {
    this.output(encoder.encode(`\r\n[${text}]\r\n`))
  }

  presence(away: boolean): void {
    if (!isScreen() || away === this.#isLost) return
    this.#isLost = away
    this.note(away ? 'connection lost, trying again; Ctrl-] leaves' : 'connected again')
  }

  /** Gives the screen back, whatever goes on there. */
  end(): void {
    if (isScreen()) this.output(encoder.encode(`${this.#onAlternate ? '\u001b[?1049l' : ''}${RESET}`))
  }
}

/** Until the program ends or the person detaches. Throws CallFailure where it cannot be opened. */
export async function runTerminal(subject: Subject, { command, cwd, attach, keys }: TermOptions): Promise<TermEnd> {
  const { controller } = subject
  const done = Promise.withResolvers<TermEnd>()
  const shown = new Shown()
  let terminalId = attach
  /** What came before the answer told which terminal it is. */
  const early: ControllerEvent[] = []
  let exit: EventParams<'terminal.exited'> | undefined
  let isOver = false
  const take = (event: ControllerEvent) => {
    if (event.type === 'revoked') done.reject(new CallFailure('revoked', 'The computer has ended the pairing'))
    if (event.type === 'presence') shown.presence(event.away)
    if (event.type === 'output' && event.terminalId === terminalId) shown.output(event.bytes)
    if (event.type === 'gap' && event.terminalId === terminalId) {
      shown.note(`${event.to - event.from} bytes of output are no longer kept`)
    }
    if (event.type === 'terminal-over' && event.terminalId === terminalId) isOver = true
    if (event.type === 'event' && event.method === 'terminal.exited') {
      const params = event.params as EventParams<'terminal.exited'>
      if (params.terminalId === terminalId) exit = params
    }
    if (event.type === 'terminals') {
      const ended = event.terminals.find((one) => one.terminalId === terminalId && !one.running)
      if (ended) exit ??= { terminalId: ended.terminalId, exitCode: ended.exitCode, signal: null, end: ended.end }
    }
    if (exit?.reason === 'orphaned') done.resolve({ how: 'orphaned' })
    else if (isOver) done.resolve({ how: 'exited', code: codeOf(exit) })
  }
  const deafen = controller.listen((event) => {
    if (terminalId === undefined) early.push(event)
    else take(event)
  })
  let end = () => {}
  try {
    const { cols, rows } = size()
    if (attach !== undefined) {
      const { running } = await controller.call('terminal.attach', { terminalId: attach })
      if (running) await controller.call('terminal.resize', { terminalId: attach, cols, rows })
    } else {
      const more = { ...(cwd !== undefined && { cwd }), ...(command.length > 0 && { command: [...command] }) }
      terminalId = (await controller.call('terminal.open', { cols, rows, ...more })).terminalId
      for (const event of early.splice(0)) take(event)
    }
    const id = terminalId as string
    const detached = () => done.resolve({ how: 'detached', terminalId: id })
    end = typing(subject, id, keys ?? Deno.stdin.readable, detached, done.reject)
    const ended = await done.promise
    if (ended.how === 'detached') controller.leave(id)
    return ended
  } finally {
    deafen()
    end()
    shown.end()
  }
}

/** The id of the terminal that begins so. Throws CommandFailure or UsageError. */
export async function terminalMeant({ controller }: Subject, beginning: string): Promise<string> {
  const { terminals } = await controller.call('terminal.list', {})
  const [found, ...others] = terminals.filter(({ terminalId }) => terminalId.startsWith(beginning.toLowerCase()))
  if (!found) throw new CommandFailure(`There is no terminal "${beginning}"`, EXIT_FAILED, 'not-found')
  if (others.length > 0) throw new UsageError(`Several terminals begin with "${beginning}"`)
  return found.terminalId
}

export async function term(subject: Subject, options: TermOptions): Promise<number> {
  const { io, json, controller } = subject
  if (json) throw new UsageError('A terminal has no JSON')
  const { command, cwd } = options
  if (options.attach !== undefined && (command.length > 0 || cwd !== undefined)) {
    throw new UsageError('--attach is for a terminal that runs already; it takes no command and no --cwd')
  }
  const attach = options.attach === undefined ? undefined : await terminalMeant(subject, options.attach)
  if (isScreen()) io.err(`— ${safeLine(controller.record.peerName)}: Ctrl-] leaves; what runs keeps running —`)
  const end = await runTerminal(subject, { ...options, attach })
  if (end.how === 'exited') return end.code
  if (end.how === 'orphaned') {
    throw new CommandFailure('The terminal is gone: the agent was restarted', EXIT_FAILED, 'not-found')
  }
  io.err(`Detached. Back again: happy-remote control term --attach ${end.terminalId.slice(0, 8)}`)
  return EXIT_OK
}

function codeOf(exit: EventParams<'terminal.exited'> | undefined): number {
  if (!exit) return EXIT_FAILED
  return exit.signal ? 128 + exit.signal : (exit.exitCode ?? EXIT_FAILED)
}

/** Hands what is typed to the terminal, until the result is called. */
function typing(
  { controller }: Subject,
  terminalId: string,
  keys: ReadableStream<Uint8Array>,
  detach: () => void,
  failed: (error: unknown) => void,
): () => void {
  const isTerminal = Deno.stdin.isTerminal()
  if (isTerminal) Deno.stdin.setRaw(true)
  const type = (bytes: Uint8Array) =>
    controller.type(terminalId, bytes).catch((error) => {
      // The terminal has ended: that is told by itself.
      if (!(error instanceof CallFailure) || error.code !== 'not-found') failed(error)
    })
  const read = async () => {
    for await (const bytes of keys) {
      const at = isTerminal ? bytes.indexOf(DETACH) : -1
      await type(at >= 0 ? bytes.subarray(0, at) : bytes)
      if (at >= 0) return detach()
    }
    if (!isTerminal) await type(END)
  }
  void read()
  const resize = () => {
    void controller.call('terminal.resize', { terminalId, ...size() }).catch(() => {})
  }
  if (isTerminal) Deno.addSignalListener('SIGWINCH', resize)
  return () => {
    if (!isTerminal) return
    Deno.removeSignalListener('SIGWINCH', resize)
    Deno.stdin.setRaw(false)
  }
}
