// Proxies with the configurations of this folder, and real programs through them: what the tests share.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { Refused, Shim } from '../conformance/shim/driver.ts'

const root = join(import.meta.dirname, '..')
export const SECRET = 'dGhpcyBpcyBvbmx5IGEgdGVzdA'
export const LONG = 120_000

export type Runtime = 'node' | 'deno'
const COMMANDS: Readonly<Record<Runtime, (program: string) => string[]>> = {
  node: (program) => ['node', '--disable-warning=ExperimentalWarning', `impl-node/${program}.ts`],
  deno: (program) => ['deno', 'run', '--quiet', '--no-prompt', '--allow-all', `impl-deno/${program}.ts`],
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as import('node:net').AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Ends with the test. */
export function run(
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

export interface Site {
  readonly folder: string
  readonly port: number
  /** What stands in the example, and what is there in this test. */
  readonly changes: readonly (readonly [string, string])[]
  readonly cert: string
  readonly key: string
}

/** The example with what is of this test alone, each of which has to stand in it. */
export function changed(example: string, changes: readonly (readonly [string, string])[]): string {
  let text = readFileSync(join(import.meta.dirname, example), 'utf8')
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), `${example} has ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

export function startCaddy(t: TestContext, { folder, port, changes, cert, key }: Site, example = 'Caddyfile'): void {
  const config = changed(example, [['relay.example.com {', `localhost:${port} {\n\ttls ${cert} ${key}`], ...changes])
  const file = join(folder, 'Caddyfile')
  writeFileSync(file, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${config}`)
  run(t, ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'], {
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  })
}

export function startNginx(t: TestContext, { folder, port, changes, cert, key }: Site, example = 'nginx.conf'): void {
  const server = changed(example, [
    ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`],
    ['listen [::]:443 ssl;', ''],
    ['/etc/letsencrypt/live/relay.example.com/fullchain.pem', cert],
    ['/etc/letsencrypt/live/relay.example.com/privkey.pem', key],
    ['/var/log/nginx/relay-error.log', 'error.log'],
    ['server_name relay.example.com;', 'server_name localhost;'],
    ...changes,
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

/** Waits until the proxy answers anything. */
export async function answers(port: number, ca: string): Promise<void> {
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

/** The environment in which programs of both runtimes trust `authority`, too. */
export const trusting = (authority: string) => ({ NODE_EXTRA_CA_CERTS: authority, DENO_CERT: authority })

/** A relay with the secret that ends with the test. */
export async function startRelay(
  t: TestContext,
  runtime: Runtime,
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ child: ChildProcess; port: number; adminPort: number }> {
  const all = ['relay', '--json', ...options, '--limit', 'drainTime=1']
  const child = run(t, [...COMMANDS[runtime]('cli/main'), ...all], {
    HAPPY_RELAY_SECRET: SECRET,
    HAPPY_RELAY_LOG_LEVEL: 'debug',
    ...env,
  })
  assert.ok(child.stdout)
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, ...JSON.parse(line) }
}

/** An agent and a controller of these runtimes that have paired through `relay`. */
export async function meet(
  t: TestContext,
  relay: string,
  authority: string,
  runtimes: { readonly agent: Runtime; readonly controller: Runtime },
): Promise<{ agent: Shim; controller: Shim }> {
  const env = trusting(authority)
  const shim = async (role: 'agent' | 'controller') => {
    const program = new Shim({ command: [...COMMANDS[runtimes[role]]('shim'), role], env, cwd: root })
    t.after(() => program.end())
    await program.hello('deploy')
    await program.ask('start', { relay })
    return program
  }
  const [agent, controller] = [await shim('agent'), await shim('controller')]
  const { uri } = await agent.ask('offer', {})
  const digits = await scan(controller, uri)
  await agent.ask('confirm', { digits })
  await controller.expectEvent('paired', LONG)
  return { agent, controller }
}

/** That a call arrives and is answered. */
export async function talk(controller: Shim): Promise<void> {
  const { result } = await controller.ask('call', { method: 'agent.info', params: {} })
  assert.ok(Array.isArray((result as { methods?: unknown }).methods))
}

export type Metrics = Readonly<Record<string, number>>

/** The metrics of a relay, by name without what all names begin with. */
export async function metricsOf(host: string, adminPort: number): Promise<Metrics> {
  const text = await (await fetch(`http://${host}:${adminPort}/metrics`)).text()
  const lines = text.matchAll(/^happy_relay_(\S+) (\S+)$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]))
}
