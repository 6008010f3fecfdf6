// Lines of standard input, read by one reader for the life of a command.

export class Lines {
  readonly #lines: AsyncIterator<string>

  constructor(stream: ReadableStream<Uint8Array> = Deno.stdin.readable) {
    this.#lines = lines(stream)
  }

  /** Undefined at the end of the input. */
  async next(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next()
    return done ? undefined : value
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/)
    rest = parts.pop() ?? ''
    yield* parts
  }
  if (rest !== '') yield rest
}

/** All of standard input as text. */
export const readAll = async (stream: ReadableStream<Uint8Array> = Deno.stdin.readable): Promise<string> =>
  new Response(stream).text()
