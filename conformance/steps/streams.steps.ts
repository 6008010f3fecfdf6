// Steps about stream chunks: those that a program sends, and bodies that it receives.

import { createHash, randomUUID } from 'node:crypto'
import { Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { concat, u32, u64 } from '@happy-remote/vectors/protocol/bytes.ts'
import { isReference } from '../peers/heard-frames.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { accepted, bodyOf, giveToSay, streamed } from './bodies.ts'
import { makeRekey } from './rekeys.ts'
import { agentInfo, isCall, type Running, runningOf } from './running.ts'
import { type SuiteWorld, words } from './world.ts'

const SIZE = 150_000

When(
  'the program has {int} bodies of {int} bytes to send, which arrive',
  async function (this: SuiteWorld, count: number, size: number) {
    const running = runningOf(this)
    await giveToSay(running, Array<number>(count).fill(size))
    for (let i = 0; i < count; i++) {
      const { message } = await running.peer.expectMessage(
        'message that names a stream',
        (each) => isReference(bodyOf(each)),
        20_000,
      )
      const { stream, length } = bodyOf(message) as { stream: number; length: number }
      if (!(await running.program.until(async () => streamed(running, stream) === length, 12_000))) {
        throw new Failed(`${streamed(running, stream)} of ${length} bytes of a body have arrived`)
      }
      if (running.peer instanceof ScriptedAgent) await running.peer.sendMessage(accepted(message.id))
    }
  },
)

Then('each body has a stream id of its own, named before', function (this: SuiteWorld) {
  const named = new Set<number>()
  for (const heard of runningOf(this).since()) {
    if (heard.kind === 'rpc' && isReference(bodyOf(heard.message))) {
      const { stream } = bodyOf(heard.message) as { stream: number }
      if (named.has(stream)) throw new Failed(`Two messages of the program name the stream ${stream}`)
      named.add(stream)
    }
    // The size of a chunk was judged when it was read.
    if (heard.kind === 'chunk' && !named.has(heard.chunk.streamId)) {
      throw new Failed(`The program sends a chunk of the stream ${heard.chunk.streamId}, which no message has named`)
    }
  }
  // What it has to say may be more messages than one.
  if (named.size < 2) throw new SuiteError(`The program has named ${named.size} streams`)
})

// Bodies of the peer: an answer to a call of the controller under test, or a request to the agent.

interface Body {
  readonly id: string
  readonly stream: number
  readonly bytes: Uint8Array
  /** Sends the message that names the stream. */
  name(): Promise<void>
  /** What becomes of it at the program: its error code, or null. */
  readonly outcome: Promise<string | null>
}

const bodies = new WeakMap<SuiteWorld, Body>()
const bodyOfWorld = (world: SuiteWorld): Body => {
  const body = bodies.get(world)
  if (!body) throw new SuiteError('No step has made a body')
  return body
}

async function makeBody(world: SuiteWorld): Promise<Body> {
  const running = runningOf(world)
  const { peer } = running
  const stream = ++running.session.streams
  const reference = (bytes: Uint8Array) => ({
    stream,
    length: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('base64url'),
  })
  let body: Body
  if (peer instanceof ScriptedAgent) {
    const asked = running.program.ask('call', { method: 'agent.info', params: {} }, 120_000)
    const { message } = await peer.expectMessage('request', isCall)
    const bytes = Buffer.from(JSON.stringify({ ...agentInfo, software: 'x'.repeat(SIZE) }))
    const { id } = message
    const name = async () => {
      await peer.sendMessage({ id, type: 'response', result: reference(bytes) } as Message)
    }
    const outcome = asked.then(
      () => null,
      ({ code = 'gone' }: { code?: string }) => code,
    )
    body = { id, stream, bytes, name, outcome }
  } else {
    const id = randomUUID()
    const bytes = Buffer.from(JSON.stringify({ scope: 'turn', unstable: 'x'.repeat(SIZE) }))
    const name = async () => {
      const params = reference(bytes)
      await peer.sendMessage({ id, type: 'request', method: 'agent.info', params } as Message)
    }
    const outcome = peer
      .expectMessage('answer to a request with a body', (message) => message.id === id, 120_000)
      .then(({ message }) => ('error' in message ? message.error.code : null))
    outcome.catch(() => {})
    body = { id, stream, bytes, name, outcome }
  }
  bodies.set(world, body)
  return body
}

const chunksOf = ({ bytes }: Body, size = 50_000) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => ({
    offset: i * size,
    bytes: bytes.subarray(i * size, (i + 1) * size),
  }))

async function sendChunks(running: Running, body: Body, chunks: ReturnType<typeof chunksOf>): Promise<void> {
  for (const { offset, bytes } of chunks) await running.peer.sendChunk(body.stream, offset, bytes)
}

const chunk = (stream: number, offset: number, bytes: Uint8Array) => concat(u32(stream), u64(offset), bytes)
const wrongChunks: Readonly<Record<string, (stream: number) => Uint8Array>> = {
  'of 11 bytes': (stream) => chunk(stream, 0, new Uint8Array()).slice(0, 11),
  'without content': (stream) => chunk(stream, 0, new Uint8Array()),
  'of the stream 0': () => chunk(0, 0, new Uint8Array(10)),
  'with 65537 bytes': (stream) => chunk(stream, 0, new Uint8Array(limits.chunkMax + 1)),
  'at the offset 2 to the 53': (stream) => chunk(stream, 2 ** 53, new Uint8Array(10)),
}
words('wrongChunk', wrongChunks)

When('the peer sends a chunk {wrongChunk} in the midst of a body', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  const body = await makeBody(this)
  await body.name()
  const [first, ...rest] = chunksOf(body)
  if (first) await sendChunks(running, body, [first])
  const wrong = wrongChunks[name]?.(body.stream) ?? new Uint8Array()
  await running.peer.sendContent('stream', wrong, { wrong: `a chunk ${name}` }, { isWrong: true })
  await sendChunks(running, body, rest)
})

When('the peer sends a body, and the relay delivers its chunks backwards', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const body = await makeBody(this)
  await body.name()
  await sendChunks(running, body, chunksOf(body).toReversed())
})

When(
  /^the peer sends a body in chunks that overlap with (the same|other) bytes$/,
  async function (this: SuiteWorld, which) {
    const running = runningOf(this)
    const body = await makeBody(this)
    await body.name()
    const [first, ...rest] = chunksOf(body)
    const overlapping = new Uint8Array(body.bytes.subarray(40_000, 60_000))
    if (which === 'other') overlapping[0] = (overlapping[0] ?? 0) ^ 1
    if (first) await sendChunks(running, body, [first, { offset: 40_000, bytes: overlapping }])
    await sendChunks(running, body, rest)
  },
)

When('the peer sends the chunks of a body before the message that names them', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const body = await makeBody(this)
  await sendChunks(running, body, chunksOf(body))
  await body.name()
})

When(
  'the peer sends half of a body, a rekey makes a new session, and the peer sends the other half',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    const body = await makeBody(this)
    await body.name()
    const [first, ...rest] = chunksOf(body)
    if (first) await sendChunks(running, body, [first])
    await running.stage.settle()
    await makeRekey(running)
    await sendChunks(running, body, rest)
  },
)

/** An agent answers a body that is no right request with `invalid-params` only where it has arrived. */
const arrived = (code: string | null) => code === null || code === 'invalid-params'

Then('the body arrives whole', async function (this: SuiteWorld) {
  const { outcome } = bodyOfWorld(this)
  const code = await Promise.race([
    outcome,
    runningOf(this)
      .program.until(async () => false, 8_000)
      .then(() => 'silence'),
  ])
  if (!arrived(code)) throw new Failed(`A body does not arrive: ${code}`)
})

Then('the body does not arrive', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { outcome } = bodyOfWorld(this)
  await running.stage.settle()
  const code = await Promise.race([outcome, running.program.until(async () => false, 500).then(() => 'silence')])
  if (arrived(code)) throw new Failed('The body arrives')
})
