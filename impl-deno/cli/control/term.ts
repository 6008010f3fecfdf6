// `happy-remote control term`: a shell at the computer, or a command.

import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import type { ControllerEvent } from '../../controller/controller.ts'
import { CallFailure } from '../../controller/failure.ts'
import { EXIT_FAILED, EXIT_OK } from '../command.ts'
import type { Subject } from './subject.ts'

export interface TermOptions {
  readonly command: readonly string[]
  readonly cwd?: string | undefined
  /** The id of a terminal that runs already. */
  readonly attach?: string | undefined
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

export async function term(subject: Subject, { command, cwd, attach }: TermOptions): Promise<number> {
  const { controller } = subject
  const done = Promise.withResolvers<number>()
  let terminalId: string | undefined = attach
  /** What came before the answer told which terminal it is. */
  const early: ControllerEvent[] = []
  let exit: EventParams<'terminal.exited'> | undefined
  let isOver = false
  const take = (event: ControllerEvent) => {
    if (event.type === 'revoked') done.reject(new CallFailure('revoked', 'The computer has ended the pairing'))
    if (event.type === 'output' && event.terminalId === terminalId) Deno.stdout.writeSync(event.bytes)
    if (event.type === 'terminal-over' && event.terminalId === terminalId) isOver = true
    if (event.type === 'event' && event.method === 'terminal.exited') {
      const params = event.params as EventParams<'terminal.exited'>
      if (params.terminalId === terminalId) exit = params
    }
    if (event.type === 'terminals') {
      const ended = event.terminals.find((one) => one.terminalId === terminalId && !one.running)
      if (ended) exit ??= { terminalId: ended.terminalId, exitCode: ended.exitCode, signal: null, end: ended.end }
    }
    if (isOver) done.resolve(codeOf(exit))
  }
  controller.listen((event) => {
    if (terminalId === undefined) early.push(event)
    else take(event)
  })
  const { cols, rows } = size()
  if (attach !== undefined) {
    const { running } = await controller.call('terminal.attach', { terminalId: attach })
    if (running) await controller.call('terminal.resize', { terminalId: attach, cols, rows })
  } else {
    const more = { ...(cwd !== undefined && { cwd }), ...(command.length > 0 && { command: [...command] }) }
    terminalId = (await controller.call('terminal.open', { cols, rows, ...more })).terminalId
    for (const event of early.splice(0)) take(event)
  }
  const end = typing(subject, terminalId as string, () => done.resolve(EXIT_OK), done.reject)
  try {
    return await done.promise
  } finally {
    end()
  }
}

function codeOf(exit: EventParams<'terminal.exited'> | undefined): number {
  if (!exit) return EXIT_FAILED
  return exit.signal ? 128 + exit.signal : (exit.exitCode ?? EXIT_FAILED)
}

/** Hands what is typed to the terminal, until the result is called. */
function typing(
  { controller }: Subject,
  terminalId: string,
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
    for await (const bytes of Deno.stdin.readable) {
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
