// One terminal: a program in a pty, its output in a ring, and the controllers that watch and type.

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Caller } from './handler.ts'
import { endSession } from './process-session.ts'
import { type Exit, openPty, type Pty, type PtyOptions } from './pty.ts'
import { Ring } from './ring.ts'
import { Viewer } from './viewer.ts'

/** All in ms; limits.ts has what they are unless a test says otherwise. */
export interface TerminalTimes {
  /** Longest time for which output is gathered into one chunk. */
  readonly coalesce: number
  /** Longest time for which the pty is not read while no viewer can take more. */
  readonly stall: number
  /** Between SIGHUP and SIGKILL. */
  readonly grace: number
}

export interface TerminalHost {
  readonly times: TerminalTimes
  /** Bytes of output kept. */
  readonly ring: number
  /** Once, after the last output was handed to every viewer that can take it. */
  onExit(terminal: Terminal): void
}

/** Bytes of input that may wait for a program that does not read. */
const INPUT_MAX = 1_048_576

export class Terminal {
  readonly terminalId = randomUUID()
  readonly startedAt = Date.now()
  /** Set by `close()`: somebody closed it. */
  closed = false
  exit: Exit | null = null
  readonly #host: TerminalHost
  readonly #ring: Ring
  readonly #pty: Pty
  /** By device: one that attaches again replaces its older stream. */
  readonly #viewers = new Map<string, Viewer>()
  /** Bytes of input accepted, by device. */
  readonly #accepted = new Map<string, number>()
  #cols: number
  #rows: number
  #stall: NodeJS.Timeout | undefined
  /** The stall has lasted its time: output goes to the ring although nobody can take it. */
  #overrun = false
  #ending: Promise<void> | undefined
  readonly #gone = Promise.withResolvers<void>()

  constructor(options: PtyOptions, host: TerminalHost) {
    this.#host = host
    this.#ring = new Ring(host.ring)
    this.#cols = options.cols
    this.#rows = options.rows
    this.#pty = openPty(options, {
      onOutput: (bytes) => this.#output(bytes),
      onExit: (exit) => this.#exited(exit),
    })
  }

  /** Offset where the output ends. */
  get end(): number {
    return this.#ring.end
  }

  summary(): Result<'terminal.list'>['terminals'][number] {
    return {
      terminalId: this.terminalId,
      cols: this.#cols,
      rows: this.#rows,
      running: this.exit === null,
      exitCode: this.exit?.exitCode ?? null,
      startedAt: this.startedAt,
      oldest: this.#ring.oldest,
      end: this.#ring.end,
    }
  }

  /**
   * Makes the caller a viewer from `afterOffset` on, or from the oldest byte kept; output flows once the
   * response is on its way. Throws `conflict` where the output has not come as far as `afterOffset`.
   */
  attach(caller: Caller, afterOffset?: number): Result<'terminal.attach'> {
    const { oldest, end } = this.#ring
    if (afterOffset !== undefined && afterOffset > end) {
      throw new ProtocolError('conflict', `Cannot attach after ${afterOffset}: the output ends at ${end}`, { end })
    }
    const offset = Math.max(afterOffset ?? oldest, oldest)
    this.detach(caller.deviceId)
    const viewer = new Viewer(caller, this.#ring, offset, {
      coalesce: this.#host.times.coalesce,
      onChange: () => this.#regulate(),
      onGone: (gone) => {
        if (this.#viewers.get(gone.deviceId) === gone) this.#viewers.delete(gone.deviceId)
        this.#regulate()
      },
    })
    this.#viewers.set(caller.deviceId, viewer)
    caller.afterResponse(() => {
      viewer.start()
      if (this.exit !== null) viewer.complete()
    })
    return {
      terminalId: this.terminalId,
      stream: viewer.streamId,
      offset,
      written: this.#accepted.get(caller.deviceId) ?? 0,
      cols: this.#cols,
      rows: this.#rows,
      running: this.exit === null,
      ...(afterOffset !== undefined && afterOffset < oldest && { gap: { from: afterOffset, to: oldest } }),
    }
  }

  detach(deviceId: string): void {
    const viewer = this.#viewers.get(deviceId)
    if (viewer === undefined) return
    this.#viewers.delete(deviceId)
    viewer.detach()
    this.#regulate()
  }

  /** Devices that watch. */
  viewers(): string[] {
    return [...this.#viewers.keys()]
  }

  /** False: this device has no such stream here. */
  grant(deviceId: string, streamId: number, upTo: number): boolean {
    const viewer = this.#viewers.get(deviceId)
    if (viewer?.streamId !== streamId) return false
    viewer.grant(upTo)
    return true
  }

  /**
   * Types `bytes` and returns the offset of the device's next write. Throws `conflict {offset}` where
   * `offset` is not that of the next write, `not-found` after the end, `busy` while a program that does
   * not read has too much to read already.
   */
  write(deviceId: string, offset: number, bytes: Uint8Array): number {
    this.#mustRun('write to')
    const accepted = this.#accepted.get(deviceId) ?? 0
    if (offset !== accepted) {
      const message = `Cannot write at ${offset}: the next write from this device is at ${accepted}`
      throw new ProtocolError('conflict', message, { offset: accepted })
    }
    if (this.#pty.unwritten + bytes.length > INPUT_MAX) {
      throw new ProtocolError('busy', 'Cannot write: the program does not read its input')
    }
    this.#pty.write(bytes)
    this.#accepted.set(deviceId, accepted + bytes.length)
    return accepted + bytes.length
  }

  /** Throws `not-found` after the end. */
  resize(cols: number, rows: number): void {
    this.#mustRun('resize')
    this.#pty.resize(cols, rows)
    this.#cols = cols
    this.#rows = rows
  }

  /** Ends the program and everything that it started in its session; resolves when nothing is left. */
  async close(): Promise<void> {
    if (this.exit === null) {
      this.closed = true
      this.#ending ??= this.#kill()
    }
    await this.#ending
  }

  async #kill(): Promise<void> {
    const { grace } = this.#host.times
    await endSession(this.#pty.pid, grace)
    // A process that is stuck in the kernel survives SIGKILL; it must not keep the agent.
    await Promise.race([this.#gone.promise, delay(grace, undefined, { ref: false })])
  }

  #mustRun(what: string): void {
    if (this.exit !== null) throw new ProtocolError('not-found', `Cannot ${what} this terminal: it has ended`)
  }

  #output(bytes: Uint8Array): void {
    this.#ring.push(bytes)
    for (const viewer of this.#viewers.values()) viewer.output()
    this.#regulate()
  }

  #exited(exit: Exit): void {
    this.exit = exit
    clearTimeout(this.#stall)
    for (const viewer of [...this.#viewers.values()]) viewer.complete()
    this.#host.onExit(this)
    this.#gone.resolve()
  }

  /**
   * Viewers, but none that can take more: the pty is not read, so that nobody loses output to a short
   * pause; for at most `times.stall`, so that a viewer which has gone does not stop the program. Without
   * viewers it is always read.
   */
  #regulate(): void {
    if (this.exit !== null) return
    if (this.#viewers.size === 0 || this.#anyAble()) {
      this.#overrun = false
      if (this.#stall === undefined) return
      clearTimeout(this.#stall)
      this.#stall = undefined
      this.#pty.resume()
    } else if (this.#stall === undefined && !this.#overrun) {
      this.#pty.pause()
      this.#stall = setTimeout(() => {
        this.#stall = undefined
        this.#overrun = true
        this.#pty.resume()
      }, this.#host.times.stall)
    }
  }

  #anyAble(): boolean {
    for (const viewer of this.#viewers.values()) if (viewer.able) return true
    return false
  }
}
