// A terminal at the agent, as the controller sees it: output in order by offset, input once
// (spec/rpc.md).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { EventParams, Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { StreamChunk } from '@happy-remote/schemas/session.ts'
import type { Calls } from './calls.ts'
import { Placing } from './placing.ts'

export interface TerminalHandlers {
  /** The first attachment, before any of its output. */
  onAttach?(attachment: Attachment): void
  /** `age`: ms since the agent was asked for what it shows; null where that cannot be told (session.fresh.live). */
  onData(bytes: Uint8Array, age: number | null): void
  /** Output from `from`, up to but without `to`, is no longer kept. */
  onGap?(from: number, to: number): void
  onExit(exit: EventParams<'terminal.exited'>): void
}

export interface Attachment {
  readonly terminalId: string
  readonly stream: number
  readonly offset: number
  readonly written: number
}

/** Bytes of input in one write. */
const WRITE_MAX = 16_384
/** ms for which a hole in the output may last before the terminal is attached again; doubles where that fails. */
const HOLE = 1_000
const RETRY_MAX = 30_000
/** ms after which input that the agent could not take is sent again. */
const BUSY = 200

export class RemoteTerminal {
  readonly terminalId: string
  readonly #calls: Pick<Calls, 'call'>
  readonly #handlers: TerminalHandlers
  readonly #onEnd: () => void
  readonly #output: Placing
  #stream: number | null
  /** Sessions that have ended meanwhile: a stream is of one of them only. */
  #sessions = 0
  #credit: number
  #granting: AbortController | undefined
  #written: number
  #input: Buffer = Buffer.alloc(0)
  #refused: Buffer = Buffer.alloc(0)
  #writing = false
  #attaching = false
  #again = false
  #retry = HOLE
  #hole: NodeJS.Timeout | undefined
  #exit: EventParams<'terminal.exited'> | null = null
  #ended = false

  /** `onEnd`: it is watched no longer, for whatever reason. */
  constructor(calls: Pick<Calls, 'call'>, handlers: TerminalHandlers, attachment: Attachment, onEnd = () => {}) {
    this.#calls = calls
    this.#handlers = handlers
    this.#onEnd = onEnd
    this.#output = new Placing(attachment.offset, (bytes, age) => handlers.onData(bytes, age))
    this.terminalId = attachment.terminalId
    this.#stream = attachment.stream
    // rpc.credit.initial
    this.#credit = attachment.offset + limits.terminalWindow
    this.#written = attachment.written
  }

  /** Stream of the present session; null while there is none. */
  get stream(): number | null {
    return this.#stream
  }

  /** Offset of the next byte of output. */
  get offset(): number {
    return this.#output.next
  }

  /** Bytes of input that the agent has not accepted yet. */
  get unwritten(): number {
    return this.#input.length
  }

  /** What was typed and has not reached the terminal, nor will where it has ended. */
  get unaccepted(): Uint8Array {
    return Buffer.concat([this.#refused, this.#input])
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
    if (this.#ended) return
    this.#ended = true
    this.#stream = null
    this.#granting?.abort()
    clearTimeout(this.#hole)
    this.#onEnd()
  }

  onChunk({ offset, bytes }: StreamChunk, age: number | null = null): void {
    if (this.#ended) return
    // session.stream.order, session.stream.overlap
    this.#output.place(offset, bytes, age)
    if (this.#output.hasHole) this.suspect()
    else this.#trust()
    this.#grant()
    this.#finish()
  }

  onExited(exit: EventParams<'terminal.exited'>): void {
    this.#exit = exit
    this.#finish()
    // Output that was lost on the way is fetched before the end is told.
    this.suspect()
  }

  /** Output may be missing: unless it comes in a moment, the terminal is attached again. */
  suspect(): void {
    if (!this.#ended) this.#hole ??= setTimeout(() => void this.reattach(), this.#retry)
  }

  #trust(): void {
    if (this.#exit) return
    clearTimeout(this.#hole)
    this.#hole = undefined
  }

  /** The session has ended: the stream is gone, the terminal is not. */
  onSessionEnd(): void {
    this.#stream = null
    this.#sessions++
    this.#output.forget()
    // The number of a stream means another one in the next session.
    this.#granting?.abort()
  }

  /** Attaches again from where the output stopped: in a new session, on a new connection, or over a hole. */
  async reattach(): Promise<void> {
    clearTimeout(this.#hole)
    this.#hole = undefined
    this.#again = true
    if (this.#ended || this.#attaching) return
    this.#attaching = true
    try {
      while (this.#again && !this.#ended) {
        this.#again = false
        const { running } = await this.#attach()
        if (!running && !this.#exit && !this.#ended) await this.#learnExit()
      }
      this.#retry = HOLE
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      if (error.code === 'not-found') this.#endAs({ exitCode: null, signal: null, reason: 'orphaned' })
      else {
        this.suspect()
        this.#retry = Math.min(RETRY_MAX, 2 * this.#retry)
      }
    } finally {
      this.#attaching = false
    }
  }

  #attach(): Promise<Result<'terminal.attach'>> {
    const session = this.#sessions
    let sent = 0
    return this.#calls.call(
      'terminal.attach',
      { terminalId: this.terminalId, afterOffset: this.#output.next },
      {
        onSend: () => sent++,
        // Before the chunks that came with it.
        onResult: (answer) => {
          if (this.#ended) return
          // The stream may be one of an older session, or replaced by the request's own repetition
          // (rpc.terminal.attach-twice).
          if (session !== this.#sessions || sent > 1) this.#again = true
          else this.#attached(answer)
        },
      },
    )
  }

  #attached({ stream, offset, written, gap }: Result<'terminal.attach'>): void {
    const { next } = this.#output
    if (gap && gap.to > next) {
      this.#handlers.onGap?.(next, gap.to)
      this.#output.skipTo(gap.to)
    }
    this.#output.forget()
    this.#stream = stream
    this.#credit = offset + limits.terminalWindow
    if (!this.#writing) this.#written = written
    void this.#flush()
    this.#finish()
  }

  /** It has ended, and the event that told it was lost. */
  async #learnExit(): Promise<void> {
    const { terminals } = await this.#calls.call('terminal.list', {})
    const known = terminals.find(({ terminalId }) => terminalId === this.terminalId)
    if (!known) throw new ProtocolError('not-found')
    if (known.running || this.#exit) return
    this.#exit = { terminalId: this.terminalId, exitCode: known.exitCode, signal: null, end: known.end }
    this.#finish()
  }

  /** rpc.credit.grant: whenever half of the window is used. */
  #grant(): void {
    const { next } = this.#output
    if (this.#stream === null || this.#credit - next > limits.terminalWindow / 2) return
    this.#credit = next + limits.terminalWindow
    this.#granting?.abort()
    this.#granting = new AbortController()
    const { signal } = this.#granting
    const params = { streamId: this.#stream, upTo: this.#credit }
    this.#calls.call('stream.credit', params, { signal }).catch(() => {
      // Given up for the next grant, which repairs it; or the agent has let go of the stream.
      if (!signal.aborted) this.suspect()
    })
  }

  async #flush(): Promise<void> {
    if (this.#writing || this.#ended) return
    this.#writing = true
    try {
      while (this.#input.length > 0 && !this.#ended) {
        const taken = await this.#writeSome(this.#input.subarray(0, WRITE_MAX))
        this.#input = this.#input.subarray(taken)
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      // A program that does not read: what is typed waits with it.
      if (error.code === 'busy') setTimeout(() => void this.#flush(), BUSY)
      else {
        // The terminal has ended, or may no longer be written to. The event that tells the end may have been lost.
        this.#refused = Buffer.concat([this.#refused, this.#input])
        this.#input = Buffer.alloc(0)
        if (error.code === 'not-found') this.suspect()
      }
    } finally {
      this.#writing = false
    }
  }

  /** How many bytes of `data` the agent has accepted; none where others of this device wrote in between. */
  async #writeSome(data: Uint8Array): Promise<number> {
    const offset = this.#written
    const params = { terminalId: this.terminalId, offset, data: Buffer.from(data).toString('base64url') }
    let sent = 0
    try {
      this.#written = (await this.#calls.call('terminal.write', params, { onSend: () => sent++ })).offset
      return this.#written - offset
    } catch (error) {
      const expected = error instanceof ProtocolError && error.code === 'conflict' ? error.data : null
      const at = (expected as { offset?: unknown } | null)?.offset
      if (typeof at !== 'number' || at === offset) throw error
      this.#written = at
      // rpc.write.conflict: the repetition of a write that had arrived tells how far it got
      return sent > 1 ? Math.max(0, Math.min(data.length, at - offset)) : 0
    }
  }

  #finish(): void {
    if (this.#exit && this.#output.next >= this.#exit.end) this.#endAs(this.#exit)
  }

  #endAs(exit: Pick<EventParams<'terminal.exited'>, 'exitCode' | 'signal' | 'reason'>): void {
    if (this.#ended) return
    this.detach()
    this.#handlers.onExit({ terminalId: this.terminalId, end: this.#output.next, ...exit })
  }
}
