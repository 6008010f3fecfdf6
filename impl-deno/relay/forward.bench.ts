// CPU of this relay for each forwarded frame of 256 bytes, beside a bare forwarder on the same API:
// `deno run -A impl-deno/relay/forward.bench.ts [frames]`. Ratios of one run are what counts.

import process from 'node:process'
import { concat } from '../crypto/bytes.ts'
import { startRelay } from './server.ts'
import { Client, newRoute, routed } from './testing/client.ts'
import { frame, OPCODE } from './testing/frames.ts'

const ROUNDS = 21
/** Frames on their way at once: one keystroke, an answer in chunks, a full window. */
const WINDOWS = [1, 16, 128]

/** Two connections, each sending to the other, and nothing else. */
function startBare(): { port: number; origin: string } {
  const sockets: WebSocket[] = []
  const server = Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: 'happy-relay.v1', idleTimeout: 0 })
    const at = sockets.push(socket) - 1
    const nonce = 'A'.repeat(43)
    socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', nonce }))
    socket.onmessage = ({ data }) => (typeof data === 'string' ? undefined : sockets[at ^ 1]?.send(data))
    return response
  })
  return { port: server.addr.port, origin: '' }
}

/** The subject runs in a process of its own, which answers each line on its input with its CPU time in µs. */
async function serve(kind: string): Promise<void> {
  // One of the two does nothing but listen.
  const limits = { framesPerSecond: 1e9, bytesPerSecond: 1e12, relaySilence: 1e9 }
  const { port } = kind === 'bare' ? startBare() : await startRelay({ limits })
  console.log(port)
  const input = Deno.stdin.readable.getReader()
  while (!(await input.read()).done) {
    const { user, system } = process.cpuUsage()
    console.log(user + system)
  }
  Deno.exit()
}

async function startProcess(kind: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ['run', '-A', import.meta.filename as string, 'serve', kind],
    stdin: 'piped',
    stdout: 'piped',
  }).spawn()
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader()
  const input = child.stdin.getWriter()
  const line = async () => Number((await lines.read()).value)
  const port = await line()
  return {
    port,
    async cpu() {
      await input.write(Uint8Array.of(10))
      return await line()
    },
    end: () => input.close(),
  }
}

/** A running subject, and how to send frames through it. */
async function start(kind: string) {
  const { port, cpu, end } = await startProcess(kind)
  const [a, b] = [await newRoute(), await newRoute()]
  const [atA, atB] = [await Client.open(port), await Client.open(port)]
  if (kind === 'relay') {
    const origin = `ws://127.0.0.1:${port}`
    await atA.bind(a, b, origin)
    await atB.bind(b, a, origin)
    await atB.take('presence')
  }
  const one = frame(OPCODE.binary, routed(a, b, new Uint8Array(256 - 33)))
  const many = (count: number) => concat(...new Array<Uint8Array>(count).fill(one))

  /** Sends `count` frames with at most `window` of them on their way; CPU of the subject in µs a frame. */
  async function forward(window: number, count: number): Promise<number> {
    const before = await cpu()
    let sent = 0
    let got = 0
    while (got < count) {
      const next = Math.min(window - (sent - got), count - sent)
      if (next > 0) await atA.raw(many(next))
      sent += Math.max(0, next)
      await atB.takeFrame()
      got++
      for (; atB.heard.length > 0; got++) atB.heard.pop()
    }
    return ((await cpu()) - before) / count
  }
  async function stop(): Promise<void> {
    atA.drop()
    atB.drop()
    await end()
  }
  return { forward, stop }
}

const median = (values: number[]): number => values.toSorted((x, y) => x - y)[values.length >> 1] as number

/** The two take turns, so that what else the machine does hits both. */
async function compare(frames: number): Promise<void> {
  const [bare, relay] = [await start('bare'), await start('relay')]
  for (const window of WINDOWS) {
    const pairs: [number, number][] = []
    for (let round = 0; round <= ROUNDS; round++) {
      const pair: [number, number] = [await bare.forward(window, frames), await relay.forward(window, frames)]
      // The first warms both up.
      if (round > 0) pairs.push(pair)
    }
    const ratios = pairs.map(([reference, subject]) => subject / reference).toSorted((x, y) => x - y)
    const [reference, subject] = [median(pairs.map(([x]) => x)), median(pairs.map(([, y]) => y))]
    console.log(
      `window ${window}: bare ${reference.toFixed(2)} µs, relay ${subject.toFixed(2)} µs, ratio ${median(ratios).toFixed(2)}`,
      `(${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)})`,
    )
  }
  await bare.stop()
  await relay.stop()
}

if (Deno.args[0] === 'serve') await serve(Deno.args[1] as string)
else await compare(Number(Deno.args[0] ?? 5_000))
