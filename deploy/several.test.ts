// Caddy and nginx that share clients out between two relays with one Redis: agent and controller at different ones.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeCertificate } from './certificate.ts'
import {
  answers,
  freePort,
  LONG,
  type Metrics,
  meet,
  metricsOf,
  SECRET,
  startCaddy,
  startNginx,
  startRelay,
  talk,
} from './meeting.ts'
import { missing } from './programs.ts'
import { startRedis } from './redis.ts'

/** Two machines, as far as this one can be two. */
const HOSTS = ['127.0.0.1', '127.0.0.2'] as const
const CASES = [
  { proxy: 'caddy', start: startCaddy, example: 'Caddyfile.several' },
  { proxy: 'nginx', start: startNginx, example: 'nginx-several.conf' },
] as const
const RUNTIMES = { agent: 'node', controller: 'deno' } as const

for (const { proxy, start, example } of CASES) {
  const reason = missing(proxy) ?? missing('openssl') ?? (process.env.REDIS_URL ? undefined : missing('redis-server'))
  const name = `${proxy} in front of a Node and a Deno relay: agent and controller meet, each at another, and go on at one when the other stops`
  test(name, { skip: reason ?? false, timeout: LONG }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'happy-remote-several-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const { authority, cert, key } = makeCertificate(folder)
    const [port, relayPort, adminPort] = [await freePort(), await freePort(), await freePort()]
    const redisPort = await freePort()
    const { REDIS_URL: redis = `redis://127.0.0.1:${redisPort}` } = process.env
    if (!process.env.REDIS_URL) await startRedis(t, folder, ['--port', `${redisPort}`])
    const origin = `wss://localhost:${port}`
    const relays = []
    for (const [i, host] of HOSTS.entries()) {
      const place = ['--host', host, '--port', `${relayPort}`, '--admin-host', host, '--admin-port', `${adminPort}`]
      const options = [...place, '--origin', origin, '--trust-proxy', '127.0.0.1', '--redis', redis]
      relays.push(await startRelay(t, i === 0 ? 'node' : 'deno', options))
    }
    const changes = HOSTS.map((host, i) => [`10.0.0.1${i + 1}:8080`, `${host}:${relayPort}`] as const)
    const health = proxy === 'caddy' ? ([['health_port 9090', `health_port ${adminPort}`]] as const) : []
    start(t, { folder, port, changes: [...changes, ...health], cert, key }, example)
    await answers(port, authority)
    const all = () => Promise.all(HOSTS.map((host) => metricsOf(host, adminPort)))

    const { controller } = await meet(t, `${origin}/${SECRET}/v1`, authority, RUNTIMES)
    await talk(controller)
    const [one, other] = (await all()) as [Metrics, Metrics]
    for (const { routes, addresses, cluster_redis_up: up, cluster_frames_published_total: published = 0 } of [
      one,
      other,
    ]) {
      assert.deepEqual([routes, addresses, up], [1, 1, 1])
      assert.ok(published > 0)
    }
    assert.deepEqual(Object.keys(one).sort().filter(isOfBoth), Object.keys(other).sort().filter(isOfBoth))

    const [, second] = relays
    assert.ok(second)
    const stopped = once(second.child, 'exit')
    second.child.kill('SIGTERM')
    await stopped
    while ((await metricsOf(HOSTS[0], adminPort)).routes !== 2) await new Promise((resolve) => setTimeout(resolve, 100))
    await talk(controller)
  })
}

/** The limits have names of each implementation's own. */
const isOfBoth = (name: string): boolean => !name.startsWith('limit{')
