import { deepEqual, equal } from 'node:assert/strict'
import { Socket } from 'node:net'
import { generateSigningKey } from '../crypto/ed25519.ts'
import { routeIdOf } from '../crypto/identity.ts'
import { RelaySocket, type RouteListener } from '../link/socket.ts'
import { startRelay } from '../relay/server.ts'
import { relayUrlOf } from '../session/relay-url.ts'
import { until } from '../testing/manual-timers.ts'
import { programSocket } from './program-socket.ts'

async function scene() {
  const relay = await startRelay({ host: '127.0.0.1', port: 0, limits: { drainTime: 0 } })
  const socketOptions = await programSocket()
  const keys = await Promise.all([generateSigningKey(), generateSigningKey()])
  const sockets: RelaySocket[] = []
  /** The client of one of the keys, and what it was told. */
  const client = (index: 0 | 1) => {
    const log: string[] = []
    const frames: Uint8Array[] = []
    const listener: RouteListener = {
      bound: () => void log.push('bound'),
      presence: (online) => void log.push(online ? 'online' : 'offline'),
      deliveryFailed: () => void log.push('delivery-failed'),
      lost: () => void log.push('lost'),
      refused: (code) => void log.push(code),
      frame: (payload) => void frames.push(payload),
    }
    const ended = (why: string) => void log.push(why)
    const socket = new RelaySocket(relayUrlOf(relay.url), { ...socketOptions, ended })
    sockets.push(socket)
    const route = socket.bind(keys[index], routeIdOf(keys[index === 0 ? 1 : 0].publicKey), listener)
    return { log, frames, route }
  }
  const close = async () => {
    for (const socket of sockets) socket.close()
    await relay.close()
  }
  return { client, close }
}

Deno.test('a program speaks with a relay in text and in bytes, and hears why it is let go', async () => {
  const { client, close } = await scene()
  const [one, other] = [client(0), client(1)]
  await until(() => [one, other].every(({ log }) => log.includes('online')), 'they see each other')
  const payloads = [Uint8Array.of(1, 0x10, 0, 255), new Uint8Array(70_000).fill(7)]
  for (const payload of payloads) equal(one.route.send(payload), true)
  await until(() => other.frames.length === payloads.length, 'the bytes are there')
  deepEqual(other.frames, payloads)
  const third = client(0)
  await until(() => third.log.includes('online'), 'another program has taken the route')
  await until(() => one.log.includes('superseded'), 'the first is told')
  await close()
})

Deno.test('what a program sends does not wait for what it sent before', async () => {
  const asked: unknown[] = []
  const { setNoDelay } = Socket.prototype
  Socket.prototype.setNoDelay = function (on = true) {
    asked.push(on)
    return setNoDelay.call(this, on)
  }
  try {
    const { client, close } = await scene()
    const { log } = client(0)
    await until(() => log.includes('bound'), 'it is connected')
    deepEqual([...new Set(asked)], [true])
    await close()
  } finally {
    Socket.prototype.setNoDelay = setNoDelay
  }
})

Deno.test('a program that may read nothing of the environment connects in the way of Deno', async () => {
  const module = JSON.stringify(new URL('program-socket.ts', import.meta.url).href)
  const script = `import { programSocket } from ${module}; console.log(Object.keys(await programSocket()).join())`
  const told = async (...permissions: string[]) => {
    const args = ['run', '--no-prompt', '--quiet', ...permissions, '--ext=ts', '-']
    const child = new Deno.Command(Deno.execPath(), { args, stdin: 'piped', stdout: 'piped' }).spawn()
    await new Blob([script]).stream().pipeTo(child.stdin)
    return new TextDecoder().decode((await child.output()).stdout).trim()
  }
  equal(await told(), '')
  equal(await told('--allow-env=WS_NO_*'), 'open')
})
