// Standard input where it goes to different readers in turn: lines, and in between the keys for a terminal.

type Bytes = Uint8Array<ArrayBuffer>
type Sink = ReadableStreamDefaultController<Bytes>

export class Typed {
  /** Whatever nobody else takes. */
  readonly stream: ReadableStream<Bytes>
  #sinks: Sink[] = []

  constructor(source: ReadableStream<Bytes> = Deno.stdin.readable) {
    this.stream = this.#begin().stream
    void this.#read(source)
  }

  /** From now on everything goes to this stream, until `end`. */
  take(): { readonly stream: ReadableStream<Bytes>; end(): void } {
    const { stream, sink } = this.#begin()
    return {
      stream,
      end: () => {
        if (this.#drop(sink)) sink.close()
      },
    }
  }

  #begin(): { stream: ReadableStream<Bytes>; sink: Sink } {
    let sink!: Sink
    const stream = new ReadableStream<Bytes>({
      start(made) {
        sink = made
      },
      // Whoever stops reading gives it up: it can no longer be written to.
      cancel: () => void this.#drop(sink),
    })
    this.#sinks.push(sink)
    return { stream, sink }
  }

  #drop(sink: Sink): boolean {
    const isHere = this.#sinks.includes(sink)
    this.#sinks = this.#sinks.filter((one) => one !== sink)
    return isHere
  }

  async #read(source: ReadableStream<Bytes>): Promise<void> {
    try {
      for await (const bytes of source) this.#sinks.at(-1)?.enqueue(bytes)
    } catch {
      // A terminal that is gone: as its end.
    }
    for (const sink of this.#sinks.splice(0)) sink.close()
  }
}
