// One version of a file, as far as it was read.

import { batch, computed, signal } from '@preact/signals'
import { type FileAgent, type FilePiece, filePieces } from '../../controller/files.ts'
import { toBase64url } from '../../crypto/base64url.ts'
import { hash } from '../../crypto/primitives.ts'

export class Reading {
  readonly size = signal(0)
  readonly bytesRead = signal(0)
  /** As far as it was read; undefined where it is no UTF-8 or has a byte of value 0. */
  readonly text = signal<string | undefined>('')
  readonly isWhole = computed(() => this.bytesRead.value >= this.size.value)
  readonly #pieces: Uint8Array[] = []
  readonly #source: AsyncGenerator<FilePiece>
  // A mark of the byte order stays in the text, so that saving keeps it.
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  constructor(agent: FileAgent, path: string) {
    this.#source = filePieces(agent, path)
  }

  /** The next piece. Throws CallFailure, `conflict` where the file is another one since the first piece. */
  async more(): Promise<void> {
    const { value, done } = await this.#source.next()
    if (done) return
    this.#pieces.push(value.bytes)
    batch(() => {
      this.size.value = value.size
      this.bytesRead.value += value.bytes.length
      this.text.value = this.#decoded(value.bytes)
    })
  }

  /** The SHA-256 of the file, once it is whole. */
  get hash(): string {
    return toBase64url(hash(...this.#pieces))
  }

  #decoded(bytes: Uint8Array): string | undefined {
    if (this.text.value === undefined || bytes.includes(0)) return undefined
    try {
      return this.text.value + this.#decoder.decode(bytes, { stream: !this.isWhole.value })
    } catch {
      return undefined
    }
  }
}
