// The terminals that this controller follows: it attaches again after each interruption, so that output
// and input go on where they were (spec/rpc.md, Terminals).

import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { StreamChunk } from '@happy-remote/schemas/session.ts'
import type { Timers } from '../link/timers.ts'
import type { Session } from '../session/session.ts'
import type { Answer } from './calls.ts'
import { CallFailure } from './failure.ts'
import { TerminalInput } from './terminal-input.ts'
import { TerminalOutput } from './terminal-output.ts'

export interface TerminalsOwner {
  call(method: string, params: object): Promise<Answer>
  output(terminalId: string, offset: number, bytes: Uint8Array, live: boolean): void
  gap(terminalId: string, from: number, to: number): void
  /** Nothing more comes of it: it has ended and all its output was told, or it is not there any more. */
  over(terminalId: string): void
}

interface Followed {
  readonly terminalId: string
  readonly output: TerminalOutput
  readonly input: TerminalInput
  attaching: boolean
  /** It is to be attached, once more where it is being attached. */
  again: boolean
}

type Opened = Result<'terminal.open'>
type Attached = Result<'terminal.attach'>

export class Terminals {
  readonly #owner: TerminalsOwner
  readonly #timers: Timers
  readonly #followed = new Map<string, Followed>()

  constructor(owner: TerminalsOwner, timers: Timers) {
    this.#owner = owner
    this.#timers = timers
  }

  /** The result of a `terminal.open`: its output is told from now on. */
  opened(result: Opened, { received, firstSession }: Answer): void {
    // Attached to meanwhile, since `terminal.opened` may be faster: that has ended the stream of this result.
    if (this.#followed.has(result.terminalId)) return
    const followed = this.#follow(result.terminalId)
    followed.input.accepted(result.written)
    // rpc.terminal.open-again
    if (received.session === firstSession) this.#attached(followed, result, received.session, 0)
    else void this.#attach(followed)
  }

  /** The result of a `terminal.attach` that the person asked for. */
  attached(result: Attached, { received, isRepeated }: Answer, afterOffset?: number): void {
    const isNew = !this.#followed.has(result.terminalId)
    const followed = this.#follow(result.terminalId)
    followed.input.accepted(result.written)
    // What is followed already goes on where it is: each byte is told once.
    const from = isNew ? (afterOffset ?? result.gap?.from ?? result.offset) : undefined
    this.#attached(followed, result, received.session, from)
    // rpc.terminal.attach-twice
    if (isRepeated) void this.#attach(followed)
  }

  /** Resolves when the agent has accepted the bytes. Throws CallFailure. */
  async write(terminalId: string, bytes: Uint8Array): Promise<void> {
    const followed = this.#followed.get(terminalId)
    if (!followed) throw new CallFailure('not-found', 'Cannot type into a terminal that is not attached')
    await followed.input.write(bytes)
  }

  chunk({ streamId, offset, bytes }: StreamChunk, session: Session, live: boolean): void {
    const followed = [...this.#followed.values()].find(({ output }) => output.isFrom(session, streamId))
    followed?.output.chunk(offset, bytes, live)
  }

  /** `terminal.exited`, or `terminal.list` with a terminal that runs no more. */
  exited(terminalId: string, end: number): void {
    this.#followed.get(terminalId)?.output.ended(end)
  }

  /** The way is open again, or another session is current: streams ended, and frames may be lost. */
  resume(): void {
    for (const followed of this.#followed.values()) void this.#attach(followed)
  }

  /** Stops following; the terminal itself goes on. */
  leave(terminalId: string): void {
    const followed = this.#followed.get(terminalId)
    this.#followed.delete(terminalId)
    followed?.output.close()
    followed?.input.close(new CallFailure('not-found', 'Cannot type into a terminal that was left or has ended'))
  }

  close(): void {
    for (const terminalId of [...this.#followed.keys()]) this.leave(terminalId)
  }

  #follow(terminalId: string): Followed {
    const known = this.#followed.get(terminalId)
    if (known) return known
    const owner = this.#owner
    const output = new TerminalOutput(this.#timers, {
      output: (offset, bytes, live) => owner.output(terminalId, offset, bytes, live),
      gap: (from, to) => owner.gap(terminalId, from, to),
      // A grant that is lost is repaired by the next, and Calls repeats it until then.
      grant: (streamId, upTo) => void owner.call('stream.credit', { streamId, upTo }).catch(() => {}),
      missing: () => void this.#attach(followed),
      complete: () => this.#over(terminalId),
    })
    const input = new TerminalInput(async (params) => {
      const { result } = await owner.call('terminal.write', { terminalId, ...params })
      return result as Result<'terminal.write'>
    })
    const followed: Followed = { terminalId, output, input, attaching: false, again: false }
    this.#followed.set(terminalId, followed)
    return followed
  }

  #attached({ output }: Followed, result: Opened & Pick<Attached, 'gap'>, session: Session, from?: number): void {
    const { stream, offset, gap } = result
    output.attached({ session, stream, offset, ...(gap && { gap }) }, from)
  }

  async #attach(followed: Followed): Promise<void> {
    followed.again = true
    if (followed.attaching) return
    followed.attaching = true
    while (followed.again && this.#followed.get(followed.terminalId) === followed) {
      followed.again = false
      await this.#attachOnce(followed).catch((error) => {
        if (!(error instanceof CallFailure)) throw error
        // A read that had no answer is asked again; anything else is the end.
        if (error.code === 'timeout') followed.again = true
        else this.#over(followed.terminalId)
      })
    }
    followed.attaching = false
  }

  async #attachOnce(followed: Followed): Promise<void> {
    const { terminalId, output, input } = followed
    const params = { terminalId, afterOffset: output.next }
    const { result, received, isRepeated } = await this.#owner.call('terminal.attach', params)
    // Of its schema (rpc.request.result).
    const attachment = result as Result<'terminal.attach'>
    input.accepted(attachment.written)
    this.#attached(followed, attachment, received.session)
    // rpc.terminal.attach-twice
    if (isRepeated) followed.again = true
  }

  #over(terminalId: string): void {
    if (!this.#followed.has(terminalId)) return
    this.leave(terminalId)
    this.#owner.over(terminalId)
  }
}
