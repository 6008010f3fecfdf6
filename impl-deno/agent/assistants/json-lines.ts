// JSON objects, one a line, as Claude Code writes them.

export type JsonObject = Readonly<Record<string, unknown>>

export const objectOf = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}

export const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

export const listIn = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.map(objectOf) : [])

/** The objects of `output`, in order; other lines are passed over. Throws Error at a line of more than `max` characters. */
export async function* jsonLines(output: ReadableStream<Uint8Array>, max: number): AsyncGenerator<JsonObject> {
  const pieces: string[] = []
  let length = 0
  for await (const text of output.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)) {
    const [first = '', ...others] = text.split('\n')
    for (const [index, piece] of [first, ...others].entries()) {
      if (index > 0) {
        const line = parsed(pieces.join(''))
        pieces.length = length = 0
        if (line) yield line
      }
      length += piece.length
      if (length > max) throw new Error('has sent a line that is too long')
      pieces.push(piece)
    }
  }
}

function parsed(line: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof objectOf(value).type === 'string' ? objectOf(value) : undefined
  } catch {
    return undefined
  }
}
