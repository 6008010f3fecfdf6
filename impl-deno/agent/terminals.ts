// The terminals of the agent.

import { userInfo } from 'node:os'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { EventParams, Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Timers } from '../link/timers.ts'
import { terminalEnvironment } from './pty.ts'
import { Terminal } from './terminal.ts'
import type { StreamPort, Viewer } from './viewer.ts'
import { executableOf, folderInside } from './workspace.ts'

export interface TerminalEvents {
  opened(event: EventParams<'terminal.opened'>): void
  resized(event: EventParams<'terminal.resized'>): void
  exited(event: EventParams<'terminal.exited'>): void
}

export interface TerminalsOptions {
  readonly workspace: string
  readonly environment: Readonly<Record<string, string>>
  readonly timers: Timers
  readonly events: TerminalEvents
}

/** Terminals that run at once. */
const RUNNING = 64
/** For which the output of an ended terminal can still be attached to, in ms; the newest of them only. */
const KEPT_TIME = 600_000
const KEPT = 16

/** What an attachment is answered with, and what begins to flow when the answer has left. */
export interface Attachment<M extends 'terminal.open' | 'terminal.attach'> {
  readonly result: Result<M>
  readonly viewer: Viewer
}

export class Terminals {
  readonly #options: TerminalsOptions
  readonly #terminals = new Map<string, Terminal>()

  constructor(options: TerminalsOptions) {
    this.#options = options
  }

  get list(): Result<'terminal.list'>['terminals'] {
    return [...this.#terminals.values()].map(({ summary }) => summary)
  }

  open(
    device: string,
    port: StreamPort,
    { cols, rows, cwd, command }: Params<'terminal.open'>,
  ): Attachment<'terminal.open'> {
    const { workspace, environment, timers, events } = this.#options
    if (this.list.filter(({ running }) => running).length >= RUNNING) {
      throw new ProtocolError('busy', `Cannot open a terminal: ${RUNNING} are open`)
    }
    const folder = folderInside(workspace, cwd)
    const env = terminalEnvironment(environment)
    // rpc.terminal.program
    const [name = '', ...args] = command ?? [shellOf(environment)]
    const file = executableOf(name, folder, env.PATH ?? '')
    if (file === undefined) throw new ProtocolError('not-found', 'Cannot open a terminal: there is no such program')
    const program = { file, args, cwd: folder, env, cols, rows }
    const terminal = new Terminal(program, timers, (exit) => {
      // rpc.terminal.exited
      events.exited({ terminalId: terminal.id, ...exit, end: terminal.end })
      this.#expire(terminal)
    })
    this.#terminals.set(terminal.id, terminal)
    // rpc.terminal.opened
    events.opened({ terminalId: terminal.id, cols, rows, by: device })
    const { result, viewer } = terminal.attach(device, port)
    const { terminalId, stream, offset, written } = result
    return { result: { terminalId, stream, offset, written }, viewer }
  }

  attach(
    device: string,
    port: StreamPort,
    { terminalId, afterOffset }: Params<'terminal.attach'>,
  ): Attachment<'terminal.attach'> {
    return this.#find(terminalId).attach(device, port, afterOffset)
  }

  write(device: string, { terminalId, offset }: Params<'terminal.write'>, bytes: Uint8Array): number {
    return this.#find(terminalId).write(device, offset, bytes)
  }

  resize({ terminalId, cols, rows }: Params<'terminal.resize'>): void {
    this.#find(terminalId).resize(cols, rows)
    // rpc.terminal.resize
    this.#options.events.resized({ terminalId, cols, rows })
  }

  /** Of one that has ended, what is left is forgotten. */
  async close({ terminalId }: Params<'terminal.close'>): Promise<void> {
    const terminal = this.#find(terminalId)
    if (terminal.exit) this.#forget(terminal)
    else await terminal.close()
  }

  /** Throws ProtocolError `not-found` for a stream that the controller does not have (rpc.credit.unknown). */
  grant(device: string, { streamId, upTo }: Params<'stream.credit'>): void {
    for (const terminal of this.#terminals.values()) if (terminal.grant(device, streamId, upTo)) return
    throw new ProtocolError('not-found', `Cannot grant credit: there is no stream ${streamId}`)
  }

  /** The controller is silent, its session is over, or it may no longer look. */
  detach(device: string): void {
    for (const terminal of this.#terminals.values()) terminal.detach(device)
  }

  /** Ends all of them; resolves when nothing runs any more (rpc.terminal.killed). */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#terminals.values()].map((terminal) => terminal.close()))
    for (const terminal of this.#terminals.values()) this.#forget(terminal)
  }

  #find(terminalId: string): Terminal {
    const terminal = this.#terminals.get(terminalId)
    if (!terminal) throw new ProtocolError('not-found', 'Cannot use a terminal: there is none of that id')
    return terminal
  }

  #expire(ended: Terminal): void {
    ended.expiry.set(KEPT_TIME, () => this.#forget(ended))
    const all = [...this.#terminals.values()].filter(({ exit }) => exit)
    for (const terminal of all.slice(0, -KEPT)) this.#forget(terminal)
  }

  #forget(terminal: Terminal): void {
    terminal.forget()
    this.#terminals.delete(terminal.id)
  }
}

function shellOf({ SHELL }: Readonly<Record<string, string>>): string {
  if (SHELL) return SHELL
  try {
    return userInfo().shell || '/bin/sh'
  } catch {
    return '/bin/sh'
  }
}
