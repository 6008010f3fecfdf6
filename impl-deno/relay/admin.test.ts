import { deepEqual, equal, ok } from 'node:assert/strict'
import { startAdmin } from './admin.ts'
import { type RelayOptions, startRelay } from './server.ts'
import { Client, newRoute, routed, within } from './testing/client.ts'

type Get = (path: string, method?: string) => Promise<[number, string]>

async function withAdmin(
  options: RelayOptions,
  test: (relay: Awaited<ReturnType<typeof startRelay>>, get: Get) => Promise<void>,
) {
  const relay = await startRelay(options)
  const admin = startAdmin(relay, '127.0.0.1', 0)
  const get: Get = async (path, method = 'GET') => {
    const response = await within(fetch(`http://127.0.0.1:${admin.port}${path}`, { method }), path)
    return [response.status, await response.text()]
  }
  try {
    await test(relay, get)
  } finally {
    await relay.close()
    await admin.close()
  }
}

const SECRET = 'YW5vdGhlciB0ZXN0IG9mIG91cnM'

Deno.test('/metrics tells what happened, and nothing of routes or secrets', () =>
  withAdmin({ secret: SECRET }, async ({ port, url }, get) => {
    const path = `/${SECRET}/v1`
    const [a, b] = [await newRoute(), await newRoute()]
    const [atA, atB] = [await Client.open(port, { path }), await Client.open(port, { path })]
    await atA.bind(a, b, `${url}/${SECRET}`)
    await atB.bind(b, a, `${url}/${SECRET}`)
    await atA.take('presence')
    atA.sendFrame(routed(a, b, new Uint8Array(67)))
    await atB.take('presence')
    await atB.takeFrame()
    atA.sendFrame(routed(a, a))
    await atA.take('delivery-failed')
    equal((await Client.dial(port)).status, 404)
    const stranger = await Client.open(port, { path })
    stranger.send('nonsense')
    await stranger.ended()
    const [status, text] = await get('/metrics')
    equal(status, 200)
    for (const line of [
      'happy_relay_routes 2',
      'happy_relay_connections_total 3',
      'happy_relay_frames_forwarded_total 1',
      'happy_relay_frame_bytes_forwarded_total 100',
      'happy_relay_frames_failed_total 1',
      'happy_relay_frames_dropped_total{reason="slow"} 0',
      'happy_relay_upgrades_refused_total{reason="path"} 1',
      'happy_relay_connections_closed_total{code="malformed"} 1',
      'happy_relay_limit{name="totalBuffer"} 268435456',
    ]) {
      ok(text.split('\n').includes(line), `${line} in\n${text}`)
    }
    for (const hidden of [SECRET, a.text, b.text]) ok(!text.includes(hidden))
  }))

Deno.test('/healthz and /readyz tell whether the relay serves, and whether it takes more', () =>
  withAdmin({ limits: { drainTime: 60_000 } }, async (relay, get) => {
    for (const path of ['/healthz', '/readyz']) deepEqual(await get(path), [200, 'ready\n'])
    equal((await get('/v1'))[0], 404)
    equal((await get('/healthz', 'POST'))[0], 405)
    const client = await Client.open(relay.port)
    const drained = relay.drain()
    await client.take('draining')
    for (const path of ['/healthz', '/readyz']) deepEqual(await get(path), [503, 'draining\n'])
    client.drop()
    await drained
  }))
