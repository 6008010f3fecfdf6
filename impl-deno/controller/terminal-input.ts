// The input of one terminal: each byte typed once, by offset (spec/rpc.md, Input).

import { Type } from 'typebox'
import { Check } from 'typebox/value'
import { toBase64url } from '../crypto/base64url.ts'
import { concat, copy } from '../crypto/bytes.ts'
import { CallFailure } from './failure.ts'

/** Bytes of one `terminal.write`. */
const WRITE_MAX = 32_768

const ConflictData = Type.Object({ offset: Type.Integer({ minimum: 0 }) })

/** Sends one write and resolves with the offset of the next one; rejects with CallFailure. */
export type SendWrite = (params: { offset: number; data: string }) => Promise<{ offset: number }>

interface Waiting {
  /** In bytes that were given to `write()`. */
  readonly end: number
  readonly resolve: () => void
  readonly reject: (failure: CallFailure) => void
}

export class TerminalInput {
  readonly #send: SendWrite
  /** The offset of the first byte that waits; undefined until the agent has told it. */
  #base: number | undefined
  #bytes = new Uint8Array()
  /** Of the bytes that were given to `write()`, those that have arrived. */
  #done = 0
  #waiting: Waiting[] = []
  #busy = false

  constructor(send: SendWrite) {
    this.#send = send
  }

  /** What the agent has accepted, by the result of `terminal.open` or `terminal.attach`. */
  accepted(written: number): void {
    // What was accepted stays so: a lower number is older than what is known.
    if (this.#base === undefined || written > this.#base) this.#advance(written)
    void this.#pump()
  }

  /** Resolves when the agent has accepted the bytes. Throws CallFailure. */
  write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#bytes = concat(this.#bytes, copy(bytes))
      this.#waiting.push({ end: this.#done + this.#bytes.length, resolve, reject })
      void this.#pump()
    })
  }

  close(failure: CallFailure): void {
    this.#bytes = new Uint8Array()
    for (const { reject } of this.#waiting.splice(0)) reject(failure)
  }

  /** One write at a time; what is typed meanwhile goes with the next. */
  async #pump(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      while (this.#base !== undefined && this.#bytes.length > 0) {
        const [offset, piece] = [this.#base, this.#bytes.slice(0, WRITE_MAX)]
        this.#advance(await this.#write(offset, piece))
      }
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error
      this.close(error)
    } finally {
      this.#busy = false
    }
  }

  async #write(offset: number, piece: Uint8Array): Promise<number> {
    try {
      return (await this.#send({ offset, data: toBase64url(piece) })).offset
    } catch (error) {
      // A conflict tells how far the agent has come: all of it arrived, or some, or none.
      if (error instanceof CallFailure && error.code === 'conflict' && Check(ConflictData, error.data)) {
        return error.data.offset
      }
      throw error
    }
  }

  #advance(to: number): void {
    const arrived = to - (this.#base ?? to)
    // Any other distance is what another run of this device typed: it takes none of the bytes that wait here.
    if (arrived >= 0 && arrived <= this.#bytes.length) {
      this.#bytes = this.#bytes.slice(arrived)
      this.#done += arrived
    }
    this.#base = to
    while (this.#waiting[0] && this.#waiting[0].end <= this.#done) this.#waiting.shift()?.resolve()
  }
}
