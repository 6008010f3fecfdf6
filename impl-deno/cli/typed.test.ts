import assert from 'node:assert/strict'
import { Typed } from './typed.ts'

type Bytes = Uint8Array<ArrayBuffer>

const bytes = (text: string): Bytes => new TextEncoder().encode(text)

/** What is typed by this test, and a reader of a stream. */
function begin() {
  let source!: ReadableStreamDefaultController<Bytes>
  const typed = new Typed(
    new ReadableStream({
      start(made) {
        source = made
      },
    }),
  )
  const next = async (reader: AsyncIterator<Bytes>): Promise<string | undefined> => {
    const { value, done } = await reader.next()
    return done ? undefined : new TextDecoder().decode(value)
  }
  return { typed, next, type: (text: string) => source.enqueue(bytes(text)), end: () => source.close() }
}

Deno.test('what is typed goes to whoever took the keys last, and then to the first again', async () => {
  const { typed, next, type, end } = begin()
  const lines = typed.stream[Symbol.asyncIterator]()
  type('a')
  assert.equal(await next(lines), 'a')
  const taken = typed.take()
  const keys = taken.stream[Symbol.asyncIterator]()
  type('b')
  assert.equal(await next(keys), 'b')
  taken.end()
  assert.equal(await next(keys), undefined)
  type('c')
  assert.equal(await next(lines), 'c')
  end()
  assert.equal(await next(lines), undefined)
})

Deno.test('whoever stops reading by himself has given the keys back', async () => {
  const { typed, next, type } = begin()
  const lines = typed.stream[Symbol.asyncIterator]()
  const taken = typed.take()
  type('a')
  for await (const _ of taken.stream) break
  taken.end()
  type('b')
  assert.equal(await next(lines), 'b')
})
