// node bench/malformed.ts [--frames 1000000] [--impl node|deno]: what malformed frames do to a relay, and to
// those who use it meanwhile.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { generateRouteKey, relayAuthInput } from '../impl-node/crypto/route.ts'
import type { Wave } from './flood.ts'
import { IMPLEMENTATIONS, type Implementation, RelayProcess } from './relay-process.ts'

const PAIRS = 4
/** Quiet and flood take turns: what else the machine does meets both alike. */
const WAVES = 10

export interface Verdict {
  readonly frames: number
  readonly connections: number
  readonly seconds: number
  /** Milliseconds of a frame and its echo, without and with the flood. */
  readonly quiet: { readonly p50: number; readonly p99: number; readonly count: number }
  readonly flooded: { readonly p50: number; readonly p99: number; readonly count: number }
  /** MiB of resident memory, after the first wave and when all was over. */
  readonly memory: { readonly before: number; readonly after: number }
  /** Connections of the well-behaved that the relay has lost, its own faults, and connections left behind. */
  readonly lost: number
  readonly errors: number
  readonly left: number
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

/** Two clients that are bound for each other; `echo` resolves with the time of a frame there and back. */
async function pair(url: string, onLost: () => void) {
  const keys = [generateRouteKey(), generateRouteKey()] as const
  const open = async (own: 0 | 1) => {
    const [key, peer] = own === 0 ? keys : ([keys[1], keys[0]] as const)
    const socket = new WebSocket(`${url}/v1`, 'happy-relay.v1', { perMessageDeflate: false })
    socket.on('close', onLost)
    const [hello] = await once(socket, 'message')
    const nonce = Buffer.from(JSON.parse(String(hello)).nonce, 'base64url')
    const input = relayAuthInput({ origin: url, nonce, routeKey: key.publicKey, peer: peer.routeId })
    const [routeKey, signature] = [base64url(key.publicKey), base64url(key.sign(input))]
    socket.send(JSON.stringify({ type: 'bind', routeKey, peer: base64url(peer.routeId), signature }))
    await once(socket, 'message')
    return { socket, frame: Buffer.concat([Buffer.of(1), key.routeId, peer.routeId, Buffer.alloc(223)]) }
  }
  const [a, b] = [await open(0), await open(1)]
  let resolve = () => {}
  b.socket.on('message', (_, isBinary) => isBinary && b.socket.send(b.frame))
  a.socket.on('message', (_, isBinary) => isBinary && resolve())
  const echo = async () => {
    const began = performance.now()
    const back = new Promise<void>((done) => {
      resolve = done
    })
    a.socket.send(a.frame)
    await back
    return performance.now() - began
  }
  const keepAlive = setInterval(() => {
    for (const { socket } of [a, b]) socket.send('{"type":"ping","timestamp":1}')
  }, 15_000)
  const leave = () => {
    clearInterval(keepAlive)
    for (const { socket } of [a, b]) socket.off('close', onLost).terminate()
  }
  return { echo, leave }
}

function summary(times: number[]) {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), count: sorted.length }
}

/** Times echoes of all pairs, a few milliseconds apart, until `end`. */
async function measure(pairs: readonly { echo(): Promise<number> }[], into: number[], end: Promise<unknown>) {
  let isOver = false
  end.then(
    () => {
      isOver = true
    },
    () => {
      isOver = true
    },
  )
  const one = async ({ echo }: { echo(): Promise<number> }) => {
    while (!isOver) {
      into.push(await echo())
      await new Promise((resolve) => setTimeout(resolve, 4))
    }
  }
  await Promise.all(pairs.map(one))
  await end
}

export async function flood(implementation: Implementation, frames: number): Promise<Verdict> {
  const relay = await RelayProcess.start(implementation)
  const flooder = fork(join(import.meta.dirname, 'flood.ts'), { execArgv: ['--disable-warning=ExperimentalWarning'] })
  try {
    const { url } = relay
    const connectionsLeft = async () => (await relay.metric('happy_relay_connections')) - 2 * PAIRS
    const settled = async () => {
      for (let tries = 0; (await connectionsLeft()) > 0 && tries < 300; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    const send = async (count: number): Promise<number> => {
      const ended = Promise.withResolvers<never>()
      const onExit = () => ended.reject(new Error('the flood has ended by itself'))
      flooder.once('exit', onExit).send({ url: `${url}/v1`, frames: count } satisfies Wave)
      const [answer] = await Promise.race([once(flooder, 'message'), ended.promise])
      flooder.off('exit', onExit)
      return answer as number
    }

    let lost = 0
    const pairs = await Promise.all(Array.from({ length: PAIRS }, () => pair(url, () => lost++)))
    // Warm, so that what a program needs once counts for nothing.
    await measure(pairs, [], send(Math.ceil(frames / WAVES)))
    await settled()
    const before = await relay.memory()
    const [quiet, flooded]: [number[], number[]] = [[], []]
    let connections = 0
    const began = performance.now()
    for (let wave = 0; wave < WAVES; wave++) {
      const started = performance.now()
      const sent = send(Math.ceil(frames / WAVES))
      await measure(pairs, flooded, sent)
      connections += await sent
      await settled()
      const pause = Math.min(3_000, performance.now() - started)
      await measure(pairs, quiet, new Promise((resolve) => setTimeout(resolve, pause)))
    }
    const seconds = (performance.now() - began) / 1_000
    const verdict = {
      ...{ frames, connections, seconds, quiet: summary(quiet), flooded: summary(flooded) },
      ...{
        memory: { before, after: await relay.memory() },
        lost,
        errors: await relay.metric('happy_relay_internal_errors_total'),
      },
      left: await connectionsLeft(),
    }
    for (const { leave } of pairs) leave()
    return verdict
  } finally {
    if (flooder.connected) flooder.disconnect()
    await relay.stop()
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { frames: { type: 'string', default: '1000000' }, impl: { type: 'string' } },
  })
  for (const implementation of IMPLEMENTATIONS) {
    if (values.impl !== undefined && values.impl !== implementation) continue
    const { quiet, flooded, ...verdict } = await flood(implementation, Number(values.frames))
    const ms = (value: number) => Number(value.toFixed(3))
    const times = ({ p50, p99, count }: Verdict['quiet']) => ({ p50: ms(p50), p99: ms(p99), count })
    const ratio = { p50: ms(flooded.p50 / quiet.p50), p99: ms(flooded.p99 / quiet.p99) }
    console.log(JSON.stringify({ implementation, ...verdict, quiet: times(quiet), flooded: times(flooded), ratio }))
  }
}
