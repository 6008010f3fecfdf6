// The relay that the tests are about: this one, or any that a command starts.
//
//   HAPPY_RELAY_COMMAND="node impl-node/cli/main.ts" deno test -A impl-deno/relay/relay.test.ts

import process from 'node:process'
import type { RelayLimits } from '../limits.ts'
import type { TrustedProxies } from '../proxies.ts'
import { startRelay } from '../server.ts'
import { Client, type DialOptions, newRoute, type RouteKey, within } from './client.ts'

export interface SubjectOptions {
  readonly limits?: Partial<RelayLimits>
  readonly origins?: readonly string[]
  readonly prefix?: string
  readonly secret?: string
  readonly proxies?: TrustedProxies
}

interface Running {
  readonly port: number
  /** Tells the relay to stop as SIGTERM does; resolves when it has. */
  stop(): Promise<void>
  /** Ends it without waiting for anything. */
  kill(): Promise<void>
}

/** What a test works with. */
export interface Subject extends Running {
  /** As the clients of the tests dial it. */
  readonly origin: string
  /** Opens a connection that ends with the test. */
  open(options?: DialOptions): Promise<Client>
  dial(options?: DialOptions): Promise<Client>
  /** A connection on which `route` is bound. */
  bound(route: RouteKey, peer: RouteKey | null, options?: DialOptions): Promise<Client>
  /** Two connections with two routes that name each other, both told so. */
  pair(): Promise<Pair>
}

export interface Pair {
  readonly a: RouteKey
  readonly b: RouteKey
  readonly atA: Client
  readonly atB: Client
}

const command = process.env.HAPPY_RELAY_COMMAND?.split(' ')
/** Whether the subject is the relay of this folder. */
export const isOurs = command === undefined

/** What a test does at once is more than an operator lets one address do. */
const ROOMY = { messagesPerSecond: 1e9, bindsPerSecond: 1e9, connectionsPerSecond: 1e9 }

/** A test of its own relay. Everything that it opened is ended with it. */
export function relayTest(name: string, options: SubjectOptions, test: (subject: Subject) => Promise<void>): void {
  Deno.test(name, async () => {
    const running = await (command ? startProcess(command, options) : startHere(options))
    const clients: Client[] = []
    const origin = `ws://127.0.0.1:${running.port}${options.prefix ?? ''}`
    const dial = async (dialOptions?: DialOptions) => {
      const client = await Client.dial(running.port, dialOptions)
      clients.push(client)
      return client
    }
    const open = async (dialOptions?: DialOptions) => {
      const client = await Client.open(running.port, dialOptions)
      clients.push(client)
      return client
    }
    const bound = async (route: RouteKey, peer: RouteKey | null, dialOptions?: DialOptions) => {
      const client = await open(dialOptions)
      await client.bind(route, peer, origin)
      return client
    }
    const pair = async () => {
      const [a, b] = [await newRoute(), await newRoute()]
      const [atA, atB] = [await bound(a, b), await bound(b, a)]
      await Promise.all([atA.take('presence'), atB.take('presence')])
      return { a, b, atA, atB }
    }
    try {
      await test({ ...running, origin, dial, open, bound, pair })
    } finally {
      for (const client of clients) {
        client.drop()
        client.resume()
      }
      await Promise.all(clients.filter(({ status }) => status === 101).map((client) => client.ended()))
      await running.kill()
    }
  })
}

async function startHere(options: SubjectOptions): Promise<Running> {
  const relay = await startRelay({ ...options, limits: { ...ROOMY, ...options.limits } })
  return { port: relay.port, stop: () => relay.drain(), kill: () => relay.close() }
}

async function startProcess([program = '', ...args]: string[], options: SubjectOptions): Promise<Running> {
  const limits = Object.entries({ ...ROOMY, ...options.limits }).flatMap(([name, value]) => [
    '--limit',
    `${name}=${value}`,
  ])
  const origins = (options.origins ?? []).flatMap((origin) => ['--origin', origin])
  const prefix = options.prefix ? ['--prefix', options.prefix] : []
  const child = new Deno.Command(program, {
    args: [...args, 'relay', '--port', '0', '--json', ...limits, ...origins, ...prefix],
    ...(options.secret && { env: { HAPPY_RELAY_SECRET: options.secret } }),
    stdout: 'piped',
    stderr: 'inherit',
  }).spawn()
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('\n')) {
    const { value, done } = await within(lines.read(), 'the relay to listen')
    if (done) throw new Error(`The relay did not start: ${text}`)
    text += value
  }
  const rest = (async () => {
    while (!(await lines.read()).done);
  })()
  const end = async (signal: Deno.Signal) => {
    try {
      child.kill(signal)
    } catch {
      // It has ended already.
    }
    await Promise.all([child.status, rest])
  }
  return {
    port: (JSON.parse(text.split('\n')[0] as string) as { port: number }).port,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}
