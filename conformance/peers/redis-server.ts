// The Redis through which the nodes of a scenario meet: a server of its own, or that of REDIS_URL.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { NotApplicable, Untestable } from '../shim/trouble.ts'
import { Network } from './network.ts'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export class RedisServer {
  readonly host: string
  readonly port: number
  /** Its own, where it has one. */
  readonly network: Network | undefined
  #process: ChildProcess | undefined
  readonly #endWithUs = () => this.#process?.kill('SIGKILL')

  private constructor(host: string, port: number, network?: Network) {
    this.host = host
    this.port = port
    this.network = network
  }

  /** Throws Untestable where there is no Redis to be had. */
  static async start(): Promise<RedisServer> {
    const { REDIS_URL } = process.env
    if (REDIS_URL !== undefined) {
      const { hostname, port } = new URL(REDIS_URL)
      return new RedisServer(hostname, Number(port || 6379))
    }
    const server = new RedisServer('127.0.0.1', await freePort())
    process.once('exit', server.#endWithUs)
    await server.#run()
    return server
  }

  /** Throws NotApplicable where this machine allows no such network. */
  static async startApart(): Promise<RedisServer> {
    if (process.env.REDIS_URL !== undefined) throw new NotApplicable('the Redis of REDIS_URL has its own network')
    const network = Network.open()
    const server = new RedisServer(network.address, await freePort(), network)
    process.once('exit', server.#endWithUs)
    try {
      await server.#run()
      return server
    } catch (error) {
      network.end()
      throw error
    }
  }

  /** Whether it can be killed without hurting others. */
  get isOurs(): boolean {
    return this.#process !== undefined
  }

  async #run(): Promise<void> {
    const basic = { port: this.port, bind: this.host, save: '', appendonly: 'no', dir: tmpdir() }
    // Nobody but this machine reaches a network that is in it.
    const options = this.network ? { ...basic, 'protected-mode': 'no' } : basic
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    const [file = '', ...rest] = [...(this.network?.prefix ?? []), 'redis-server', ...args]
    const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#process = child
    const said = new Promise<boolean>((resolve) => {
      let text = ''
      child.stdout.on('data', (chunk) => {
        text += chunk
        if (text.includes('Ready to accept connections')) resolve(true)
      })
      child.once('error', () => resolve(false))
      child.once('exit', () => resolve(false))
    })
    if (!(await said)) {
      throw new Untestable(
        'redis-server 7 or newer does not start here (Debian: apt-get install redis-server), and there is no REDIS_URL',
      )
    }
  }

  /** It comes back with nothing, as after a power cut. */
  async restart(): Promise<void> {
    await this.#kill()
    await this.#run()
  }

  async end(): Promise<void> {
    await this.#kill()
    this.network?.end()
  }

  async #kill(): Promise<void> {
    const child = this.#process
    if (!child) return
    process.off('exit', this.#endWithUs)
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}
