// All terminals of the agent: terminal.* and stream.credit of spec/rpc.md end here.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { terminalEnvironment } from './environment.ts'
import type { Caller, Emit } from './handler.ts'
import { programFor } from './program.ts'
import { Terminal, type TerminalTimes } from './terminal.ts'
import { folderInside } from './workspace.ts'

/** Ended terminals whose output can still be read: so many, for so long (ms). */
const ENDED_MAX = 32
const ENDED_TTL = 600_000
const RUNNING_MAX = 64
const GRACE = 2_000

export interface TerminalsTimes extends TerminalTimes {
  /** A device not heard from for so long is detached. */
  readonly silence: number
}

export interface TerminalsOptions {
  /** Folder that terminals start in, and may not leave by `cwd`. */
  readonly workspace: string
  readonly emit: Emit
  /** What shells inherit, filtered; the agent's own environment unless given. */
  readonly env?: NodeJS.ProcessEnv
  /** Bytes of output kept per terminal. */
  readonly ring?: number
  /** In ms; those of limits.ts unless given. */
  readonly times?: Partial<TerminalsTimes>
}

/** Running terminals die with `close()`; until then they outlive every session and every viewer. */
export class Terminals {
  readonly #options: TerminalsOptions
  readonly #times: TerminalsTimes
  readonly #env: Readonly<Record<string, string>>
  readonly #running = new Map<string, Terminal>()
  /** Oldest first. */
  readonly #ended = new Map<string, { terminal: Terminal; at: number }>()
  readonly #heard = new Map<string, number>()
  readonly #sweep: NodeJS.Timeout
  /** Opens that have not come to their pty yet. */
  #opening = 0
  #closed = false

  constructor(options: TerminalsOptions) {
    this.#options = options
    this.#env = terminalEnvironment(options.env)
    this.#times = {
      coalesce: limits.terminalCoalesce,
      stall: limits.terminalStall,
      silence: limits.receiverSilence,
      grace: GRACE,
      ...options.times,
    }
    this.#sweep = setInterval(() => this.#detachSilent(), Math.max(1, this.#times.silence / 12)).unref()
  }

  /** Throws `path-outside-workspace`, `not-found` (folder or program), `busy` where too many run. */
  async open(params: Params<'terminal.open'>, caller: Caller): Promise<Result<'terminal.open'>> {
    if (this.#running.size + this.#opening >= RUNNING_MAX) {
      throw new ProtocolError('busy', `Cannot open a terminal: ${RUNNING_MAX} are running`)
    }
    const { cols, rows } = params
    this.#opening++
    try {
      const cwd = await folderInside(this.#options.workspace, params.cwd ?? '.')
      const program = await programFor(params.command, cwd, this.#env)
      if (this.#closed) throw new ProtocolError('interrupted', 'Cannot open a terminal: the agent stops')
      const terminal = new Terminal(
        { ...program, cwd, env: this.#env, cols, rows },
        {
          times: this.#times,
          ring: this.#options.ring ?? limits.terminalRing,
          onExit: (exited) => this.#exited(exited),
        },
      )
      const { terminalId } = terminal
      this.#running.set(terminalId, terminal)
      this.#options.emit('terminal.opened', { terminalId, cols, rows, by: caller.deviceId })
      this.heard(caller.deviceId)
      const { stream, offset, written } = terminal.attach(caller)
      return { terminalId, stream, offset, written }
    } finally {
      this.#opening--
    }
  }

  attach(params: Params<'terminal.attach'>, caller: Caller): Result<'terminal.attach'> {
    this.heard(caller.deviceId)
    return this.#find(params.terminalId).attach(caller, params.afterOffset)
  }

  write(params: Params<'terminal.write'>, caller: Caller): Result<'terminal.write'> {
    const bytes = Buffer.from(params.data, 'base64url')
    if (bytes.toString('base64url') !== params.data) {
      throw new ProtocolError('invalid-params', 'Cannot call terminal.write: params.data is not base64url')
    }
    return { offset: this.#find(params.terminalId).write(caller.deviceId, params.offset, bytes) }
  }

  resize({ terminalId, cols, rows }: Params<'terminal.resize'>): Result<'terminal.resize'> {
    this.#find(terminalId).resize(cols, rows)
    this.#options.emit('terminal.resized', { terminalId, cols, rows })
    return {}
  }

  /** Answers at once; `terminal.exited` tells when the program has ended. */
  end(terminalId: string): Result<'terminal.close'> {
    void this.#find(terminalId).close()
    return {}
  }

  list(): Result<'terminal.list'> {
    return { terminals: this.#all().map((terminal) => terminal.summary()) }
  }

  /** Throws `not-found` where the caller has no such stream. */
  credit({ streamId, upTo }: Params<'stream.credit'>, caller: Caller): Result<'stream.credit'> {
    if (!this.#all().some((terminal) => terminal.grant(caller.deviceId, streamId, upTo))) {
      throw new ProtocolError('not-found', `Cannot grant credit: this device has no stream ${streamId}`)
    }
    return {}
  }

  /** Every authentic message of a device counts: who is silent for `silence` is detached. */
  heard(deviceId: string): void {
    this.#heard.set(deviceId, performance.now())
  }

  /** Ends a device's streams, on every terminal. */
  detach(deviceId: string): void {
    for (const terminal of this.#all()) terminal.detach(deviceId)
  }

  /** Ends every terminal and resolves when no process of them is left. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    await Promise.all(this.#all().map((terminal) => terminal.close()))
    for (const terminal of this.#all()) for (const deviceId of terminal.viewers()) terminal.detach(deviceId)
  }

  #find(terminalId: string): Terminal {
    const found = this.#running.get(terminalId) ?? this.#ended.get(terminalId)?.terminal
    if (found === undefined) throw new ProtocolError('not-found', `There is no terminal ${terminalId}`)
    return found
  }

  #all(): Terminal[] {
    return [...this.#running.values(), ...Array.from(this.#ended.values(), ({ terminal }) => terminal)]
  }

  #exited(terminal: Terminal): void {
    const { terminalId, exit, end, closed } = terminal
    this.#running.delete(terminalId)
    this.#ended.set(terminalId, { terminal, at: performance.now() })
    this.#forgetEnded()
    this.#options.emit('terminal.exited', {
      terminalId,
      exitCode: exit?.exitCode ?? null,
      signal: exit?.signal ?? null,
      end,
      ...(closed && { reason: 'closed' as const }),
    })
  }

  #forgetEnded(): void {
    const before = performance.now() - ENDED_TTL
    for (const [terminalId, { terminal, at }] of this.#ended) {
      if (this.#ended.size <= ENDED_MAX && at > before) return
      this.#ended.delete(terminalId)
      for (const deviceId of terminal.viewers()) terminal.detach(deviceId)
    }
  }

  #detachSilent(): void {
    const before = performance.now() - this.#times.silence
    for (const [deviceId, at] of this.#heard) {
      if (at > before) continue
      this.#heard.delete(deviceId)
      this.detach(deviceId)
    }
    this.#forgetEnded()
  }
}
