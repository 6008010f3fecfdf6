// A terminal at the agent, as the controller sees it: output in order by offset, input once
// (spec/rpc.md).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import type { StreamChunk } from '@happy-remote/schemas/session.ts'
import type { Calls } from './calls.ts'

export interface TerminalHandlers {
  onData(bytes: Uint8Array): void
  /** Output from `from`, up to but without `to`, is no longer kept. */
  onGap?(from: number, to: number): void
  onExit(exit: EventParams<'terminal.exited'>): void
}

/** Bytes of input in one write. */
const WRITE_MAX = 16_384
/** ms for which a hole in the output may last before the terminal is attached again. */
const HOLE = 1_000
/** ms after which input that the agent could not take is sent again. */
const BUSY = 200

export class RemoteTerminal {
  readonly terminalId: string
  readonly #calls: Calls
  readonly #handlers: TerminalHandlers
  #stream: number | null
  #next: number
  #credit: number
  #written: number
  #input: Buffer = Buffer.alloc(0)
  #writing = false
  #early = new Map<number, Uint8Array>()
  #hole: NodeJS.Timeout | undefined
  #exit: EventParams<'terminal.exited'> | null = null
  #ended = false

  constructor(
    calls: Calls,
    handlers: TerminalHandlers,
    attachment: { terminalId: string; stream: number; offset: number; written: number },
  ) {
    this.#calls = calls
    this.#handlers = handlers
    this.terminalId = attachment.terminalId
    this.#stream = attachment.stream
    this.#next = attachment.offset
    this.#credit = attachment.offset + limits.terminalWindow
    this.#written = attachment.written
  }

  /** Stream of the present session; null while there is none. */
  get stream(): number | null {
    return this.#stream
  }

  /** Offset of the next byte of output. */
  get offset(): number {
    return this.#next
  }

  /** Bytes of input that the agent has not accepted yet. */
  get unwritten(): number {
    return this.#input.length
  }

  /** Types; what is typed while a write is under way goes out with the next. */
  write(bytes: Uint8Array): void {
    this.#input = Buffer.concat([this.#input, bytes])
    void this.#flush()
  }

  resize(cols: number, rows: number): Promise<unknown> {
    return this.#calls.call('terminal.resize', { terminalId: this.terminalId, cols, rows })
  }

  /** Ends the terminal and what runs in it. */
  async kill(): Promise<void> {
    await this.#calls.call('terminal.close', { terminalId: this.terminalId })
  }

  /** Watches no longer; the terminal goes on at the agent. */
  detach(): void {
    this.#ended = true
    this.#stream = null
    clearTimeout(this.#hole)
  }

  onChunk({ offset, bytes }: StreamChunk): void {
    if (this.#ended) return
    if (offset > this.#next) {
      this.#early.set(offset, new Uint8Array(bytes))
      this.#hole ??= setTimeout(() => void this.reattach(), HOLE)
      return
    }
    this.#take(offset, bytes)
    for (let early = this.#early.get(this.#next); early; early = this.#early.get(this.#next)) {
      this.#early.delete(this.#next)
      this.#take(this.#next, early)
    }
    if (this.#early.size === 0) {
      clearTimeout(this.#hole)
      this.#hole = undefined
    }
    this.#grant()
    this.#finish()
  }

  onExited(exit: EventParams<'terminal.exited'>): void {
    this.#exit = exit
    this.#finish()
    // Output that was lost on the way is fetched before the end is told.
    if (!this.#ended) this.#hole ??= setTimeout(() => void this.reattach(), HOLE)
  }

  /** The session has ended: the stream is gone, the terminal is not. */
  onSessionEnd(): void {
    this.#stream = null
    this.#early.clear()
  }

  /** Attaches again from where the output stopped: in a new session, or over a hole. */
  async reattach(): Promise<void> {
    clearTimeout(this.#hole)
    this.#hole = undefined
    if (this.#ended) return
    try {
      const answer = await this.#calls.call('terminal.attach', {
        terminalId: this.terminalId,
        afterOffset: this.#next,
      })
      if (this.#ended) return
      if (answer.gap) {
        this.#handlers.onGap?.(answer.gap.from, answer.gap.to)
        this.#next = answer.gap.to
      }
      this.#early.clear()
      this.#stream = answer.stream
      this.#credit = answer.offset + limits.terminalWindow
      if (!this.#writing) this.#written = answer.written
      void this.#flush()
      this.#finish()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      if (error.code === 'not-found') this.#endAs({ exitCode: null, signal: null, reason: 'orphaned' })
      else this.#hole = setTimeout(() => void this.reattach(), HOLE)
    }
  }

  #take(offset: number, bytes: Uint8Array): void {
    const known = this.#next - offset
    if (known >= bytes.length) return
    const news = bytes.subarray(known)
    this.#next += news.length
    this.#handlers.onData(news)
  }

  #grant(): void {
    if (this.#stream === null || this.#credit - this.#next > limits.terminalWindow / 2) return
    this.#credit = this.#next + limits.terminalWindow
    // A grant that is lost is repaired by the next.
    this.#calls.call('stream.credit', { streamId: this.#stream, upTo: this.#credit }).catch(() => {})
  }

  async #flush(): Promise<void> {
    if (this.#writing || this.#ended) return
    this.#writing = true
    try {
      while (this.#input.length > 0 && !this.#ended) {
        const data = this.#input.subarray(0, WRITE_MAX)
        const offset = this.#written
        this.#written = await this.#writeAt(offset, data)
        this.#input = this.#input.subarray(Math.max(0, this.#written - offset))
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      // A program that does not read: what is typed waits with it.
      if (error.code === 'busy') setTimeout(() => void this.#flush(), BUSY)
      // The terminal has ended, or may no longer be written to: what was typed is lost with it.
      else this.#input = Buffer.alloc(0)
    } finally {
      this.#writing = false
    }
  }

  /** The offset behind what the agent has accepted. */
  async #writeAt(offset: number, data: Uint8Array): Promise<number> {
    const params = { terminalId: this.terminalId, offset, data: Buffer.from(data).toString('base64url') }
    try {
      return (await this.#calls.call('terminal.write', params)).offset
    } catch (error) {
      // rpc.write.offset: a repetition of what was accepted tells how far it got
      const accepted = error instanceof ProtocolError && error.code === 'conflict' ? error.data : null
      const at = (accepted as { offset?: unknown } | null)?.offset
      if (typeof at === 'number' && at > offset && at <= offset + data.length) return at
      throw error
    }
  }

  #finish(): void {
    if (this.#exit && this.#next >= this.#exit.end) this.#endAs(this.#exit)
  }

  #endAs(exit: Pick<EventParams<'terminal.exited'>, 'exitCode' | 'signal' | 'reason'>): void {
    if (this.#ended) return
    this.detach()
    this.#handlers.onExit({ terminalId: this.terminalId, end: this.#next, ...exit })
  }
}
