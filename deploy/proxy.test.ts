// Caddy and nginx with the configurations of this folder, TLS in front of a relay, and real programs through them.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { Refused, Shim } from '../conformance/shim/driver.ts'
import { makeCertificate } from './certificate.ts'
import { missing } from './programs.ts'

const root = join(import.meta.dirname, '..')
const SECRET = 'dGhpcyBpcyBvbmx5IGEgdGVzdA'
const LONG = 120_000

type Runtime = 'node' | 'deno'
const COMMANDS: Readonly<Record<Runtime, (program: string) => string[]>> = {
  node: (program) => ['node', '--disable-warning=ExperimentalWarning', `impl-node/${program}.ts`],
  deno: (program) => ['deno', 'run', '--quiet', '--no-prompt', '--allow-all', `impl-deno/${program}.ts`],
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as import('node:net').AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Ends with the test. */
function run(
  t: TestContext,
  [file = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  child.stderr?.resume()
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  return child
}

interface Site {
  readonly folder: string
  readonly port: number
  readonly relayPort: number
  readonly cert: string
  readonly key: string
}

/** The example with what is of this test alone, each of which has to stand in it. */
function changed(example: string, changes: readonly (readonly [string, string])[]): string {
  let text = readFileSync(join(import.meta.dirname, example), 'utf8')
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), `${example} has ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

function startCaddy(t: TestContext, { folder, port, relayPort, cert, key }: Site): void {
  const config = changed('Caddyfile', [
    ['relay.example.com {', `localhost:${port} {\n\ttls ${cert} ${key}`],
    ['127.0.0.1:8080', `127.0.0.1:${relayPort}`],
  ])
  const file = join(folder, 'Caddyfile')
  writeFileSync(file, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${config}`)
  run(t, ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'], {
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  })
}

function startNginx(t: TestContext, { folder, port, relayPort, cert, key }: Site): void {
  const server = changed('nginx.conf', [
    ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`],
    ['listen [::]:443 ssl;', ''],
    ['/etc/letsencrypt/live/relay.example.com/fullchain.pem', cert],
    ['/etc/letsencrypt/live/relay.example.com/privkey.pem', key],
    ['/var/log/nginx/relay-error.log', 'error.log'],
    ['server_name relay.example.com;', 'server_name localhost;'],
    ['127.0.0.1:8080', `127.0.0.1:${relayPort}`],
  ])
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path tmp;`)
    .join(' ')
  mkdirSync(join(folder, 'tmp'))
  const main = 'daemon off; worker_processes 1; pid nginx.pid; events { worker_connections 256; }'
  const user = process.getuid?.() === 0 ? 'user root; ' : ''
  writeFileSync(join(folder, 'nginx.conf'), `${user}${main}\nhttp { ${temporary}\n${server}\n}\n`)
  run(t, ['nginx', '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {})
}

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
  const [response] = (await Promise.race([once(asking, 'upgrade'), once(asking, 'response')])) as [
    import('node:http').IncomingMessage,
  ]
  return response.statusCode
}

/** Waits until the proxy answers anything. */
async function answers(port: number, ca: string): Promise<void> {
  for (;;) {
    try {
      const asking = request({
        host: '127.0.0.1',
        port,
        servername: 'localhost',
        ca: readFileSync(ca),
        agent: false,
      }).end()
      const [response] = await once(asking, 'response')
      response.resume()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** Again where nobody answered: nothing tells from when on the relay knows the route of the code. */
async function scan(controller: Shim, uri: string): Promise<string> {
  for (;;) {
    try {
      return (await controller.ask('pair', { uri })).digits
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'timeout') throw error
    }
  }
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
    const options = ['--port', '0', '--admin-port', '0', '--json', '--origin', origin, '--trust-proxy', '127.0.0.1']
    const relay = run(t, [...COMMANDS[runtimes.relay]('cli/main'), 'relay', ...options, '--limit', 'drainTime=1'], {
      HAPPY_RELAY_SECRET: SECRET,
      HAPPY_RELAY_LOG_LEVEL: 'debug',
    })
    assert.ok(relay.stdout)
    const [line] = await once(createInterface({ input: relay.stdout }), 'line')
    const { port: relayPort, adminPort } = JSON.parse(line)
    PROXIES[proxy](t, { folder, port, relayPort, cert, key })
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

    const trust = { NODE_EXTRA_CA_CERTS: authority, DENO_CERT: authority }
    const shim = async (runtime: Runtime, role: 'agent' | 'controller') => {
      const program = new Shim({ command: [...COMMANDS[runtime]('shim'), role], env: trust, cwd: root })
      t.after(() => program.end())
      await program.hello('deploy')
      await program.ask('start', { relay: `${origin}/${SECRET}/v1` })
      return program
    }
    const [agent, controller] = [await shim(runtimes.agent, 'agent'), await shim(runtimes.controller, 'controller')]
    const { uri } = await agent.ask('offer', {})
    const digits = await scan(controller, uri)
    await agent.ask('confirm', { digits })
    await controller.expectEvent('paired', LONG)
    const { result } = await controller.ask('call', { method: 'agent.info', params: {} })
    assert.ok(Array.isArray((result as { methods?: unknown }).methods))
  })
}
