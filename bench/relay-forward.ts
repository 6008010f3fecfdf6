// CPU that a relay spends on one forwarded frame, against a bare `ws` forwarder: the same library,
// the same load, no checks at all. Both run in processes of their own; only their CPU is counted.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { generateRouteKey, type RouteKey, relayAuthInput } from '../impl-node/crypto/route.ts'
import { startRelay } from '../impl-node/relay/server.ts'
import type { Row } from './row.ts'

interface Load {
  readonly id: string
  readonly size: number
  /** Pairs of connections; each sends to the other, both ways at once. */
  readonly pairs: number
  /** Frames on their way at any time, for each direction of each pair. */
  readonly window: number
}

const LOADS: readonly Load[] = [
  { id: 'relay.forward.256.node', size: 256, pairs: 16, window: 4 },
  // One frame at a time: nothing to gather, every frame costs its own system calls.
  { id: 'relay.forward.256.single.node', size: 256, pairs: 16, window: 1 },
  { id: 'relay.forward.256.burst.node', size: 256, pairs: 16, window: 32 },
  { id: 'relay.forward.4096.node', size: 4_096, pairs: 8, window: 8 },
  { id: 'relay.forward.65536.node', size: 65_536, pairs: 4, window: 4 },
]
const GOAL = 1
const WARM_UP = 1_500
const ROUND = 600

// The two servers, in child processes.

async function runRelay(): Promise<string> {
  const limits = { framesPerSecond: 1_000_000_000, bytesPerSecond: 1_000_000_000_000 }
  return (await startRelay({ limits })).url
}

/** The least that forwards: the two connections that dial the same path are a pair. */
async function runBare(): Promise<string> {
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false })
  const waiting = new Map<string, WebSocket>()
  const forward = (from: WebSocket, to: WebSocket) =>
    from.on('message', (data: Buffer) => to.send(data, { binary: true }))
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const path = request.url ?? ''
      const other = waiting.get(path)
      if (!other) {
        waiting.set(path, ws)
        return
      }
      forward(ws, other)
      forward(other, ws)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function serve(kind: string): Promise<void> {
  const url = kind === 'relay' ? await runRelay() : await runBare()
  process.send?.({ url })
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ micros: user + system })
  })
  process.on('disconnect', () => process.exit(0))
}

// The load: plain sockets with frames that were masked once, so that the generator is never the limit.

const headerSize = (size: number) => (size < 126 ? 2 : size < 65_536 ? 4 : 10)

/** A final frame with a mask, as a client sends it. */
function maskedFrame(payload: Buffer, opcode: number): Buffer {
  const size = payload.length
  const head = Buffer.alloc(headerSize(size) + 4)
  head[0] = 0x80 | opcode
  head[1] = 0x80 | (size < 126 ? size : size < 65_536 ? 126 : 127)
  if (size >= 65_536) head.writeBigUInt64BE(BigInt(size), 2)
  else if (size >= 126) head.writeUInt16BE(size, 2)
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78])
  mask.copy(head, head.length - 4)
  return Buffer.concat([head, payload.map((byte, i) => byte ^ (mask[i & 3] as number))])
}

class RawClient {
  readonly socket: Socket
  #unread = Buffer.alloc(0)

  #wake: () => void = () => {}
  readonly #keep = (chunk: Buffer) => {
    this.#unread = Buffer.concat([this.#unread, chunk])
    this.#wake()
  }

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', this.#keep)
  }

  /** From now on every byte goes to `listener`. */
  listen(listener: (chunk: Buffer) => void): void {
    this.socket.off('data', this.#keep)
    this.socket.on('data', listener)
  }

  static async connect(url: string, path: string): Promise<RawClient> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.setNoDelay()
    const client = new RawClient(socket)
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Protocol: happy-relay.v1\r\n\r\n',
    )
    await client.#read((bytes) => {
      const end = bytes.indexOf('\r\n\r\n')
      return end === -1 ? undefined : [end + 4, null]
    })
    return client
  }

  /** The next text message. */
  message(): Promise<Record<string, string>> {
    return this.#read((bytes) => {
      const start = (bytes[1] ?? 0) < 126 ? 2 : 4
      if (bytes.length < start) return undefined
      const end = start + (start === 2 ? (bytes[1] as number) : bytes.readUInt16BE(2))
      return bytes.length < end ? undefined : [end, JSON.parse(bytes.toString('utf8', start, end))]
    })
  }

  async bind(origin: string, key: RouteKey, peer: Uint8Array): Promise<void> {
    const hello = await this.message()
    const nonce = Buffer.from(hello.nonce as string, 'base64url')
    const signature = key.sign(relayAuthInput({ origin, nonce, routeKey: key.publicKey, peer }))
    const [routeKey, peerText, signatureText] = [key.publicKey, peer, signature].map((bytes) =>
      Buffer.from(bytes).toString('base64url'),
    )
    const bind = { type: 'bind', routeKey, peer: peerText, signature: signatureText }
    this.socket.write(maskedFrame(Buffer.from(JSON.stringify(bind)), 1))
    const { type } = await this.message()
    if (type !== 'bound') throw new Error(`the relay answered a bind with ${type}`)
  }

  async #read<T>(parse: (bytes: Buffer) => [number, T] | undefined): Promise<T> {
    for (;;) {
      const parsed = parse(this.#unread)
      if (parsed) {
        this.#unread = this.#unread.subarray(parsed[0])
        return parsed[1]
      }
      const { promise: arrived, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await arrived
    }
  }
}

interface Pair {
  readonly a: RawClient
  readonly b: RawClient
  readonly aToB: Buffer
  readonly bToA: Buffer
}

async function connectPair(kind: string, url: string, path: string, size: number): Promise<Pair> {
  const [a, b] = await Promise.all([
    RawClient.connect(url, kind === 'relay' ? '/v1' : path),
    RawClient.connect(url, kind === 'relay' ? '/v1' : path),
  ])
  const [aKey, bKey] = [generateRouteKey(), generateRouteKey()]
  if (kind === 'relay') {
    await a.bind(url, aKey, bKey.routeId)
    await b.bind(url, bKey, aKey.routeId)
    await Promise.all([a.message(), b.message()]) // presence
  }
  const frame = (from: RouteKey, to: RouteKey) =>
    maskedFrame(Buffer.concat([Buffer.from([1]), from.routeId, to.routeId, Buffer.alloc(size - 33, 0x55)]), 2)
  return { a, b, aToB: frame(aKey, bKey), bToA: frame(bKey, aKey) }
}

/** One server under load; `measure` runs the load for a while and tells the CPU of a frame. */
async function subjectOf(kind: 'relay' | 'bare', load: Load) {
  const child: ChildProcess = fork(import.meta.filename, [kind], { stdio: 'inherit' })
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  const pairs: Pair[] = []
  for (let i = 0; i < load.pairs; i++) pairs.push(await connectPair(kind, url, `/${i}`, load.size))

  let isRunning = false
  let frames = 0
  let inFlight = 0
  const arriving = headerSize(load.size) + load.size
  const start: (() => void)[] = []
  const direction = (from: RawClient, to: RawClient, frame: Buffer) => {
    const many = Buffer.concat(Array.from({ length: load.window }, () => frame))
    let bytes = 0
    to.listen((chunk) => {
      bytes += chunk.length
      const whole = Math.floor(bytes / arriving)
      if (whole === 0) return
      bytes -= whole * arriving
      frames += whole
      if (isRunning) from.socket.write(many.subarray(0, whole * frame.length))
      else inFlight -= whole
    })
    start.push(() => {
      from.socket.write(many)
      inFlight += load.window
    })
  }
  for (const { a, b, aToB, bToA } of pairs) {
    direction(a, b, aToB)
    direction(b, a, bToA)
  }

  const cpu = async (): Promise<number> => {
    child.send('cpu')
    const [{ micros }] = (await once(child, 'message')) as [{ micros: number }]
    return micros
  }
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  return {
    /** Microseconds of CPU, user and system, per frame. */
    async measure(ms: number): Promise<number> {
      isRunning = true
      for (const each of start) each()
      const [cpuBefore, framesBefore] = [await cpu(), frames]
      await wait(ms)
      const [cpuAfter, framesAfter] = [await cpu(), frames]
      isRunning = false
      while (inFlight > 0) await wait(5)
      return (cpuAfter - cpuBefore) / (framesAfter - framesBefore)
    },
    stop() {
      for (const { a, b } of pairs) for (const { socket } of [a, b]) socket.destroy()
      child.disconnect()
    },
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)] as number

async function measureLoad(load: Load, rounds: number): Promise<Row> {
  const relay = await subjectOf('relay', load)
  const bare = await subjectOf('bare', load)
  await relay.measure(WARM_UP)
  await bare.measure(WARM_UP)
  const pairs: [number, number][] = []
  for (let i = 0; i < rounds; i++) {
    // In turns, and each as often first, so that what the machine does besides meets both alike.
    const [first, second] = i % 2 === 0 ? [relay, bare] : [bare, relay]
    const one = await first.measure(ROUND)
    const two = await second.measure(ROUND)
    pairs.push(i % 2 === 0 ? [one, two] : [two, one])
  }
  relay.stop()
  bare.stop()
  const ratios = pairs.map(([ours, theirs]) => ours / theirs)
  return {
    id: load.id,
    subject: 'relay (Node)',
    reference: 'bare ws forwarder',
    unit: 'µs CPU per frame',
    subjectMedian: median(pairs.map(([ours]) => ours)),
    referenceMedian: median(pairs.map(([, theirs]) => theirs)),
    ratio: median(ratios),
    spread: Math.max(...ratios) - Math.min(...ratios),
    goal: GOAL,
  }
}

/** The rows `relay.forward.*` whose id is wanted; all of them take most of a minute. */
export async function relayForward(isWanted: (id: string) => boolean = () => true, rounds = 5): Promise<Row[]> {
  const rows: Row[] = []
  for (const load of LOADS) if (isWanted(load.id)) rows.push(await measureLoad(load, rounds))
  return rows
}

if (process.argv[1] === import.meta.filename) {
  const kind = process.argv[2]
  if (kind === 'relay' || kind === 'bare') await serve(kind)
  else console.log(JSON.stringify({ rows: await relayForward() }, null, 1))
}
