import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { concat } from '../crypto/bytes.ts'
import type { Log } from './context.ts'
import { startRelay } from './server.ts'
import { selfSigned, shows } from './testing/certificate.ts'
import { Client, newRoute, routed, within } from './testing/client.ts'
import { frame, OPCODE } from './testing/frames.ts'
import { relayTest } from './testing/subject.ts'

const statusOf = async (port: number, path: string): Promise<number> => {
  const response = await within(fetch(`http://127.0.0.1:${port}${path}`), path)
  await response.body?.cancel()
  return response.status
}

const slowly = { limits: { drainTime: 400, reconnectAfter: 1_234 } }
relayTest('a relay that stops tells its clients, goes on for a while, and closes with 1001', slowly, async (relay) => {
  const { a, b, atA, atB } = await relay.pair()
  const unbound = await relay.open()
  const stopped = relay.stop()
  for (const client of [atA, atB, unbound]) {
    deepEqual(await client.take('draining'), { type: 'draining', reconnectAfter: 1_234 })
  }
  atA.sendFrame(routed(a, b))
  deepEqual(await atB.takeFrame(), routed(a, b))
  equal((await relay.dial()).status, 503)
  equal(await statusOf(relay.port, '/healthz'), 503)
  for (const client of [atA, atB, unbound]) equal((await client.ended()).code, 1001)
  await within(stopped, 'the relay to stop')
  await rejects(Deno.connect({ hostname: '127.0.0.1', port: relay.port }))
})

const briefly = { limits: { drainTime: 1, closeTime: 200 } }
relayTest('a client that does not answer keeps no relay from stopping', briefly, async (relay) => {
  const mute = await relay.open({ answersClose: false })
  const flooding = await relay.open({ answersClose: false })
  let flows = true
  const flood = (async () => {
    while (flows && !flooding.end) {
      flooding.send({ type: 'ping', timestamp: 1 })
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  })()
  await within(relay.stop(), 'the relay to stop')
  flows = false
  await flood
  equal((await mute.ended()).code, 1001)
  ok(await flooding.ended())
})

Deno.test('close() cuts a drain short, and tells the clients all the same', async () => {
  const relay = await startRelay({ limits: { drainTime: 3_600_000 } })
  const client = await Client.open(relay.port)
  const drained = relay.drain()
  await client.take('draining')
  equal(relay.drain(), drained)
  await within(relay.close(), 'the relay to close')
  await within(drained, 'the drain to end')
  equal((await client.ended()).code, 1001)

  const other = await startRelay()
  const second = await Client.open(other.port)
  await within(other.close(), 'the relay to close')
  equal((await second.take('draining')).type, 'draining')
  equal((await second.ended()).code, 1001)
})

Deno.test('drain() of a relay without clients waits for nobody', async () => {
  const relay = await startRelay({ limits: { drainTime: 3_600_000 } })
  await within(relay.drain(), 'the drain to end')
})

Deno.test('drain() ends as soon as the last client has left', async () => {
  const relay = await startRelay({ limits: { drainTime: 3_600_000 } })
  const client = await Client.open(relay.port)
  const drained = relay.drain()
  await client.take('draining')
  client.drop()
  await within(drained, 'the drain to end')
  await client.ended()
})

Deno.test('startRelay() says where it is, and stats() what it has', async () => {
  const relay = await startRelay({ prefix: '/team' })
  const counts = () => [relay.stats().connections, relay.stats().routes]
  equal(relay.url, `ws://127.0.0.1:${relay.port}/team`)
  deepEqual(
    relay.origins.toSorted(),
    ['127.0.0.1', '[::1]', 'localhost'].map((host) => `ws://${host}:${relay.port}/team`),
  )
  deepEqual(counts(), [0, 0])
  const client = await Client.open(relay.port, { path: '/team/v1' })
  const [one, two] = [await newRoute(), await newRoute()]
  await client.bind(one, null, relay.url)
  await client.bind(two, null, relay.url)
  deepEqual(counts(), [1, 2])
  client.send({ type: 'unbind', route: one.text })
  await client.settled()
  deepEqual(counts(), [1, 1])
  await relay.close()
  await client.ended()
  deepEqual(counts(), [0, 0])
})

Deno.test('startRelay() rejects a port that is taken and a limit below the protocol', async () => {
  const relay = await startRelay()
  await rejects(startRelay({ port: relay.port }), Deno.errors.AddrInUse)
  await rejects(startRelay({ limits: { maxFrame: 262_399 } }), RangeError)
  await rejects(startRelay({ tls: { cert: 'no certificate', key: 'no key' } }))
  await relay.close()
})

Deno.test('a client that reads none of its answers is ended', async () => {
  const relay = await startRelay({ limits: { relayBuffer: 65_536, messagesPerSecond: 1e9, closeTime: 100 } })
  const client = await Client.open(relay.port, { reads: false })
  const ping = frame(OPCODE.text, JSON.stringify({ type: 'ping', timestamp: 2 ** 52 }))
  const pings = concat(...new Array<Uint8Array>(1_000).fill(ping))
  // What it sends is taken until its answers have filled every buffer on their way back.
  let written = true
  for (const start = performance.now(); relay.stats().connections > 0; ) {
    ok(performance.now() - start < 20_000)
    if (written) {
      written = false
      void client.raw(pings).then(() => {
        written = true
      })
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  equal(relay.stats().connections, 0)
  client.resume()
  client.drop()
  await client.ended()
  await relay.close()
})

Deno.test('the log has no payload, no key and no whole route', async () => {
  const lines: string[] = []
  const log: Log = (...line) => lines.push(JSON.stringify(line))
  const relay = await startRelay({ log })
  const [a, b] = [await newRoute(), await newRoute()]
  const [first, second] = [await Client.open(relay.port), await Client.open(relay.port)]
  const bind = await first.bindMessage(a, b, relay.url)
  await first.bind(a, b, relay.url)
  await second.bind(a, b, relay.url)
  second.sendFrame(routed(a, b, 'payload of the test'))
  await second.settled()
  second.send({ ...(await second.bindMessage(a, b, relay.url)), peer: null })
  await second.take('error')
  second.send('gibberish')
  await second.ended()
  await first.ended()
  await relay.close()
  ok(lines.length >= 4)
  match(lines.join(), /superseded/)
  for (const secret of [a.text, b.text, bind.routeKey, bind.signature, 'payload of the test', 'gibberish']) {
    ok(!lines.join().includes(secret), secret)
  }
})

Deno.test('a relay with a certificate speaks TLS, and its origins say so', async () => {
  const { cert, key } = await selfSigned()
  const relay = await startRelay({ tls: { cert, key } })
  match(relay.url, /^wss:\/\/127\.0\.0\.1:/)
  ok(relay.origins.every((origin) => origin.startsWith('wss://')))
  const client = Deno.createHttpClient({ caCerts: [cert] })
  const socket = new WebSocket(`wss://localhost:${relay.port}/v1`, { protocols: ['happy-relay.v1'], client })
  const hello = within(
    new Promise<string>((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(data)
      socket.onerror = () => reject(new Error('The connection failed'))
    }),
    'hello',
  )
  equal(JSON.parse(await hello).type, 'hello')
  const closed = new Promise((resolve) => {
    socket.onclose = resolve
  })
  await relay.close()
  await closed
  client.close()
})

Deno.test('renew() shows another certificate, tells the clients before, and changes nothing for one of no use', async () => {
  const [first, second] = [await selfSigned(), await selfSigned()]
  const relay = await startRelay({ tls: first, limits: { drainTime: 50, closeTime: 100 } })
  const { port } = relay
  const client = Deno.createHttpClient({ caCerts: [first.cert, second.cert] })
  const open = async () => {
    const socket = new WebSocket(`wss://localhost:${port}/v1`, { protocols: ['happy-relay.v1'], client })
    const heard: string[] = []
    const closed = new Promise<number>((resolve) => {
      socket.onclose = ({ code }) => resolve(code)
    })
    await within(
      new Promise<void>((resolve, reject) => {
        socket.onmessage = ({ data }) => {
          heard.push(JSON.parse(data).type)
          resolve()
        }
        socket.onerror = () => reject(new Error('The connection failed'))
      }),
      'hello',
    )
    return { heard, closed }
  }
  const old = await open()
  await rejects(relay.renew({ cert: 'nonsense', key: second.key }))
  await rejects(relay.renew({ cert: second.cert, key: first.key }))
  deepEqual([relay.state, await shows(port, first), await shows(port, second)], ['ready', true, false])
  deepEqual(old.heard, ['hello'])

  await within(relay.renew(second), 'the renewal')
  equal(await within(old.closed, 'the close'), 1001)
  deepEqual(old.heard, ['hello', 'draining'])
  deepEqual(
    [relay.port, relay.state, await shows(port, first), await shows(port, second)],
    [port, 'ready', false, true],
  )
  const young = await open()
  // A stop waits for a renewal that is under way.
  const [renewed] = await within(Promise.all([relay.renew(first), relay.close()]), 'the stop')
  equal(renewed, undefined)
  equal(await young.closed, 1001)
  equal(await shows(port, first), false)
  client.close()
})
