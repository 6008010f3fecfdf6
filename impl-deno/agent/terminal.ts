// One terminal: its program, its output, and those who see it. It outlives sessions and viewers.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { Alarm, type Timers } from '../link/timers.ts'
import { Pty, type PtyOptions } from './pty.ts'
import { Ring } from './ring.ts'
import { type StreamPort, Viewer } from './viewer.ts'

export type TerminalProgram = Pick<PtyOptions, 'file' | 'args' | 'cwd' | 'env' | 'cols' | 'rows'>
export interface Exit {
  readonly exitCode: number | null
  readonly signal: number | null
  readonly reason?: 'closed'
}

export class Terminal {
  /** rpc.terminal.id */
  readonly id = crypto.randomUUID()
  readonly startedAt: number
  readonly #ring = new Ring()
  readonly #pty: Pty
  readonly #timers: Timers
  readonly #stall: Alarm
  readonly #exited: (exit: Exit) => void
  readonly #viewers = new Map<string, Viewer>()
  /** Bytes of input accepted from each controller. */
  readonly #accepted = new Map<string, number>()
  #size: { cols: number; rows: number }
  #closing = false
  /** This stall has had its time. */
  #waited = false
  exit: Exit | undefined
  /** Rings when nobody needs what is left of an ended terminal any more. */
  readonly expiry: Alarm

  constructor(program: TerminalProgram, timers: Timers, exited: (exit: Exit) => void) {
    this.#timers = timers
    this.#stall = new Alarm(timers)
    this.expiry = new Alarm(timers)
    this.#exited = exited
    this.startedAt = timers.wall()
    this.#size = { cols: program.cols, rows: program.rows }
    this.#pty = new Pty({
      ...program,
      output: (bytes) => {
        this.#ring.append(bytes)
        for (const viewer of this.#viewers.values()) viewer.wake()
        this.#flow()
      },
      exited: (exitCode, signal) => this.#end(exitCode, signal),
    })
  }

  get end(): number {
    return this.#ring.end
  }

  get summary(): Result<'terminal.list'>['terminals'][number] {
    const { oldest, end } = this.#ring
    const { id: terminalId, startedAt, exit } = this
    return { terminalId, ...this.#size, running: !exit, exitCode: exit?.exitCode ?? null, startedAt, oldest, end }
  }

  /**
   * Throws ProtocolError `conflict` for an offset that is ahead. `start` is to be called when the result has left.
   */
  attach(
    device: string,
    port: StreamPort,
    afterOffset?: number,
  ): { result: Result<'terminal.attach'>; viewer: Viewer } {
    const { oldest, end } = this.#ring
    // rpc.terminal.attach-ahead
    if (afterOffset !== undefined && afterOffset > end) {
      throw new ProtocolError('conflict', `Cannot attach at ${afterOffset}: there is less output`, { end })
    }
    // rpc.terminal.attach
    const offset = Math.max(afterOffset ?? oldest, oldest)
    // rpc.terminal.attach-replace
    this.detach(device)
    const viewer = new Viewer(port, this.#ring, offset, this.#timers, () => this.#flow())
    this.#viewers.set(device, viewer)
    this.#flow()
    const result = {
      terminalId: this.id,
      stream: viewer.streamId,
      offset,
      written: this.#accepted.get(device) ?? 0,
      ...this.#size,
      running: !this.exit,
      // rpc.terminal.gap
      ...(afterOffset !== undefined && afterOffset < oldest && { gap: { from: afterOffset, to: oldest } }),
    }
    return { result, viewer }
  }

  detach(device: string): void {
    this.#viewers.get(device)?.end()
    if (this.#viewers.delete(device)) this.#flow()
  }

  /** Raises the credit of a stream of this controller; false where it has none of that id. */
  grant(device: string, streamId: number, upTo: number): boolean {
    const viewer = this.#viewers.get(device)
    if (viewer?.streamId !== streamId) return false
    // One that grants is there, and is worth another wait.
    this.#waited = false
    viewer.grant(upTo)
    return true
  }

  /** Throws ProtocolError `not-found` or `conflict`; answers with the next offset. */
  write(device: string, offset: number, bytes: Uint8Array): number {
    // rpc.write.ended
    if (this.exit) throw new ProtocolError('not-found', 'Cannot type: the terminal has ended')
    const accepted = this.#accepted.get(device) ?? 0
    // rpc.write.offset, rpc.write.conflict
    if (offset !== accepted) {
      throw new ProtocolError('conflict', `Cannot type at ${offset}: ${accepted} bytes were accepted`, {
        offset: accepted,
      })
    }
    if (bytes.length > 0) this.#pty.write(bytes)
    this.#accepted.set(device, accepted + bytes.length)
    // rpc.write.result
    return accepted + bytes.length
  }

  /** rpc.terminal.resize */
  resize(cols: number, rows: number): void {
    // rpc.write.ended
    if (this.exit) throw new ProtocolError('not-found', 'Cannot resize: the terminal has ended')
    this.#pty.resize(cols, rows)
    this.#size = { cols, rows }
  }

  /** Ends the program and what runs in the terminal; resolves when it is gone. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#pty.close()
  }

  /** What nobody may look at any more. */
  forget(): void {
    for (const device of [...this.#viewers.keys()]) this.detach(device)
    this.#stall.clear()
    this.expiry.clear()
  }

  /** rpc.credit.stall, rpc.credit.no-viewers */
  #flow(): void {
    const viewers = [...this.#viewers.values()]
    const isStalled = viewers.length > 0 && viewers.every(({ hasCredit }) => !hasCredit)
    if (!isStalled) {
      this.#stall.clear()
      this.#waited = false
      this.#pty.resume()
    } else if (!this.#stall.isSet && !this.#waited) {
      this.#pty.pause()
      this.#stall.set(limits.terminalStall, () => {
        this.#waited = true
        this.#pty.resume()
      })
    }
  }

  #end(exitCode: number | null, signal: number | null): void {
    this.exit = { exitCode, signal, ...(this.#closing && { reason: 'closed' as const }) }
    this.#stall.clear()
    this.#exited(this.exit)
  }
}
