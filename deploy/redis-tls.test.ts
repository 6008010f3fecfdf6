// Relays whose Redis speaks TLS, with a certificate of an authority of the operator's own.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeCertificate } from './certificate.ts'
import { freePort, LONG, metricsOf, startRelay, trusting } from './meeting.ts'
import { missing } from './programs.ts'
import { startRedis } from './redis.ts'

const reason = missing('redis-server') ?? missing('openssl') ?? false

for (const runtime of ['node', 'deno'] as const) {
  test(`a ${runtime} relay joins a Redis with TLS whose authority it was told of, and no other`, {
    skip: reason,
    timeout: LONG,
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'happy-remote-redis-tls-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const { authority, cert, key } = makeCertificate(folder)
    const port = await freePort()
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', authority]
    await startRedis(t, folder, ['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no', ...files])
    // A relay listens when its first attempt to reach Redis has ended.
    const isUp = async (host: string, env: Readonly<Record<string, string>>) => {
      const options = ['--port', '0', '--admin-port', '0', '--redis', `rediss://${host}:${port}`]
      const { adminPort } = await startRelay(t, runtime, options, env)
      const { cluster_redis_up: up, cluster_lease_held: held } = await metricsOf('127.0.0.1', adminPort)
      assert.equal(held, up)
      return up === 1
    }
    assert.equal(await isUp('localhost', trusting(authority)), true)
    assert.equal(await isUp('localhost', {}), false)
    // The certificate is for another name.
    assert.equal(await isUp('127.0.0.1', trusting(authority)), false)
  })
}
