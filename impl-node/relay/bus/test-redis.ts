// A Redis of its own for a test: started, stopped, killed and started again at the same address.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisConnection } from './redis-connection.ts'
import { redisAddress } from './redis-url.ts'

const ANSWER_TIME = 5_000

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export class TestRedis {
  readonly port: number
  readonly #options: readonly string[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'happy-redis-'))
  #child: ChildProcess | undefined

  constructor(port: number, ...options: string[]) {
    this.port = port
    this.#options = options
  }

  /** On a free port, ready. */
  static async start(...options: string[]): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), ...options)
    await redis.run()
    return redis
  }

  /** The one of REDIS_URL, or one of its own: for tests that do it no harm. */
  static async shared(): Promise<TestRedis> {
    const { REDIS_URL } = process.env
    if (REDIS_URL === undefined) return TestRedis.start()
    const redis = new TestRedis(0)
    redis.#url = REDIS_URL
    return redis
  }

  #url: string | undefined
  get url(): string {
    return this.#url ?? `redis://127.0.0.1:${this.port}`
  }

  /** Resolves when it takes connections. */
  async run(): Promise<void> {
    const basic = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const child = spawn('redis-server', [...basic, '--dir', this.#folder, ...this.#options], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.#child = child
    process.once('exit', this.#killAtExit)
    let said = ''
    for await (const text of child.stdout) {
      said += text
      if (said.includes('Ready to accept connections')) {
        child.stdout.resume()
        return
      }
    }
    throw new Error(`redis-server has not started: ${said}`)
  }

  readonly #killAtExit = () => this.#child?.kill('SIGKILL')

  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Without a farewell. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    process.off('exit', this.#killAtExit)
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async connect(lost = () => {}): Promise<RedisConnection> {
    return RedisConnection.open(redisAddress(this.url), ANSWER_TIME, lost)
  }

  /** One command. */
  async ask<T>(...args: (string | Buffer)[]): Promise<T> {
    const connection = await this.connect()
    try {
      return await connection.send<T>(...args)
    } finally {
      connection.destroy()
    }
  }
}
