// Caddy and nginx with the configurations of this folder, TLS in front of a relay, and real programs through them.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeCertificate } from './certificate.ts'
import { answers, freePort, LONG, meet, SECRET, startCaddy, startNginx, startRelay, talk } from './meeting.ts'
import { missing } from './programs.ts'

/** The HTTP status of an upgrade through the proxy; the socket stays open until the test ends. */
async function ask(t: TestContext, port: number, path: string, ca: string, localAddress: string, claim?: string) {
  const asking = request({
    ...{ host: '127.0.0.1', port, path, servername: 'localhost', ca: readFileSync(ca), localAddress, agent: false },
    headers: {
      Host: 'localhost',
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol': 'happy-relay.v1',
      ...(claim && { 'X-Forwarded-For': claim }),
    },
  })
  asking.end()
  t.after(() => asking.destroy())
  const [{ statusCode }, socket, head] = (await Promise.race([once(asking, 'upgrade'), once(asking, 'response')])) as [
    import('node:http').IncomingMessage,
    import('node:net').Socket,
    Buffer,
  ]
  // Whom a relay has said hello to it has counted, and not all whose upgrade it has answered.
  if (statusCode === 101 && head.length === 0) await once(socket, 'data')
  return statusCode
}

const PROXIES = { caddy: startCaddy, nginx: startNginx } as const
const MEETINGS = [
  { proxy: 'caddy', relay: 'node', agent: 'node', controller: 'deno' },
  { proxy: 'nginx', relay: 'deno', agent: 'deno', controller: 'node' },
] as const

for (const { proxy, ...runtimes } of MEETINGS) {
  const reason = missing(proxy) ?? missing('openssl')
  const name = `${proxy} in front of a ${runtimes.relay} relay: ${runtimes.agent} agent and ${runtimes.controller} controller pair and talk`
  test(name, { skip: reason ?? false, timeout: LONG }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'happy-remote-proxy-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const { authority, cert, key } = makeCertificate(folder)
    const port = await freePort()
    const origin = `wss://localhost:${port}`
    const options = ['--port', '0', '--admin-port', '0', '--origin', origin, '--trust-proxy', '127.0.0.1']
    const { port: relayPort, adminPort } = await startRelay(t, runtimes.relay, options)
    const changes = [['127.0.0.1:8080', `127.0.0.1:${relayPort}`]] as const
    PROXIES[proxy](t, { folder, port, changes, cert, key })
    await answers(port, authority)

    assert.equal(await ask(t, port, `/${SECRET}/v1`, authority, '127.0.0.1'), 101)
    assert.equal(await ask(t, port, `/${SECRET.toLowerCase()}/v1`, authority, '127.0.0.1'), 404)
    assert.equal(await ask(t, port, '/healthz', authority, '127.0.0.1'), 404)
    // Each comes from an address of its own; what one of them claims does not count.
    assert.equal(await ask(t, port, `/${SECRET}/v1`, authority, '127.0.0.2'), 101)
    assert.equal(await ask(t, port, `/${SECRET}/v1`, authority, '127.0.0.2', '198.51.100.7'), 101)
    const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
    assert.match(metrics, /^happy_relay_connections 3$/m)
    assert.match(metrics, /^happy_relay_addresses 2$/m)

    const { controller } = await meet(t, `${origin}/${SECRET}/v1`, authority, runtimes)
    await talk(controller)
  })
}
