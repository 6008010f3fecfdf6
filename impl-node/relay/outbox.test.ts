import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { WebSocket } from 'ws'
import { Flusher, Outbox } from './outbox.ts'

/** A socket that takes what it is given at once, or, while `isStuck`, nothing more than the first. */
class FakeSocket extends Writable {
  readonly system: Buffer[] = []
  calls = 0
  isStuck = false
  #unstick: (() => void) | undefined

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this._writev([{ chunk }], done)
  }
  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.calls++
    for (const { chunk } of chunks) this.system.push(Buffer.from(chunk))
    if (this.isStuck) this.#unstick = done
    else done()
  }
  unstick(): void {
    this.isStuck = false
    const done = this.#unstick
    this.#unstick = undefined
    done?.()
  }
  /** The payloads of the frames in what was written: RFC 6455, section 5.2, final, binary, not masked. */
  frames(): Buffer[] {
    const bytes = Buffer.concat(this.system)
    const frames: Buffer[] = []
    for (let at = 0; at < bytes.length; ) {
      assert.equal(bytes[at], 0x82)
      const short = bytes[at + 1] as number
      const [header, length] =
        short < 126
          ? [2, short]
          : short === 126
            ? [4, bytes.readUInt16BE(at + 2)]
            : [10, Number(bytes.readBigUInt64BE(at + 2))]
      assert.ok(header === 2 || length >= (header === 4 ? 126 : 65_536), 'the length is written in the shortest form')
      frames.push(bytes.subarray(at + header, at + header + length))
      at += header + length
    }
    return frames
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

function makeOutbox(readyState: number = WebSocket.OPEN) {
  const socket = new FakeSocket({ highWaterMark: 1 })
  const ws = { readyState }
  const flusher = new Flusher()
  return { socket, ws, flusher, outbox: new Outbox(socket as never, ws, flusher) }
}

const sized = (size: number, fill = size) => Buffer.alloc(size, fill)

test('what comes in one turn leaves in one call', async () => {
  const { socket, outbox } = makeOutbox()
  const frames = [
    sized(33),
    sized(125),
    sized(126),
    sized(4_095),
    sized(4_096),
    sized(40),
    sized(65_535),
    sized(65_536),
  ]
  for (const frame of frames) outbox.push(frame)
  assert.equal(socket.calls, 0)
  assert.ok(outbox.unsent > 139_000)
  await turn()
  assert.equal(socket.calls, 1)
  assert.deepEqual(socket.frames(), frames)
  assert.equal(outbox.unsent, 0)
})

test('two sockets are served in the same turn, and a later frame gets a turn of its own', async () => {
  const { socket, outbox, flusher } = makeOutbox()
  const other = new FakeSocket()
  const otherOutbox = new Outbox(other as never, { readyState: WebSocket.OPEN }, flusher)
  outbox.push(sized(50))
  otherOutbox.push(sized(60))
  await turn()
  outbox.push(sized(70))
  await turn()
  assert.deepEqual(socket.frames(), [sized(50), sized(70)])
  assert.deepEqual(other.frames(), [sized(60)])
})

test('an outbox with much to send does not wait for the end of the turn', () => {
  const { socket, outbox } = makeOutbox()
  for (let i = 0; i < 4; i++) outbox.push(sized(65_536))
  assert.equal(socket.calls, 1)
})

test('flush() sends at once, and the turn that was scheduled then sends nothing', async () => {
  const { socket, outbox } = makeOutbox()
  outbox.push(sized(50))
  outbox.flush()
  assert.equal(socket.calls, 1)
  await turn()
  assert.equal(socket.calls, 1)
})

test('nothing follows a close frame', async () => {
  const { socket, ws, outbox } = makeOutbox()
  outbox.push(sized(50))
  ws.readyState = WebSocket.CLOSING
  await turn()
  assert.equal(socket.calls, 0)
  assert.equal(outbox.unsent, 0)
})

test('what waits for a socket that is behind keeps neither slab nor read buffer alive', async () => {
  const { socket, outbox } = makeOutbox()
  socket.isStuck = true
  outbox.push(sized(50))
  await turn()
  const waiting: Buffer[] = []
  const write = socket.write.bind(socket)
  socket.write = ((chunk: Buffer) => {
    waiting.push(chunk)
    return write(chunk)
  }) as never
  const chunk = sized(100_000)
  outbox.push(chunk.subarray(0, 300))
  outbox.push(chunk.subarray(300, 5_300))
  await turn()
  assert.equal(waiting.length, 1)
  assert.equal(waiting[0]?.buffer.byteLength, waiting[0]?.length)
  outbox.push(chunk) // as large as its memory: nothing is saved by a copy
  await turn()
  assert.equal(waiting.at(-1), chunk)
  socket.unstick()
  assert.deepEqual(socket.frames(), [sized(50), chunk.subarray(0, 300), chunk.subarray(300, 5_300), chunk])
})

test('whatever is pushed arrives, byte for byte and in order', async () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 33, max: 9_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 70_000 }) },
    { weight: 2, arbitrary: fc.constant('turn' as const) },
    { weight: 1, arbitrary: fc.constant('stick' as const) },
    { weight: 1, arbitrary: fc.constant('unstick' as const) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { socket, outbox } = makeOutbox()
      const pushed: Buffer[] = []
      for (const [i, each] of steps.entries()) {
        if (each === 'turn') await turn()
        else if (each === 'stick') socket.isStuck = true
        else if (each === 'unstick') socket.unstick()
        else {
          const frame = sized(each, i)
          pushed.push(frame)
          outbox.push(frame)
        }
      }
      await turn()
      socket.unstick()
      assert.equal(Buffer.compare(Buffer.concat(socket.frames()), Buffer.concat(pushed)), 0)
      assert.deepEqual(
        socket.frames().map(({ length }) => length),
        pushed.map(({ length }) => length),
      )
    }),
    { numRuns: 60 },
  )
})
