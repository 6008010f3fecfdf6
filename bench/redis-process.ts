// A Redis whose nodes are measured, and what it says of itself.

import { once } from 'node:events'
import { connect } from 'node:net'
import { RedisServer } from '../conformance/peers/redis-server.ts'
import type { Usage } from './usage.ts'

export class RedisProcess {
  readonly name = 'Redis'
  readonly url: string
  readonly #server: RedisServer
  #ended: Promise<void> | undefined

  private constructor(server: RedisServer) {
    this.#server = server
    this.url = `redis://${server.host}:${server.port}`
  }

  /** Throws Untestable where there is no Redis to be had. */
  static async start(): Promise<RedisProcess> {
    return new RedisProcess(await RedisServer.start())
  }

  /** `resident` is what Redis has allocated: its pages tell little of a few routes. */
  async usage(): Promise<Usage> {
    const socket = connect(this.#server.port, this.#server.host)
    await once(socket, 'connect')
    socket.end('INFO everything\r\nQUIT\r\n')
    const text = (await socket.setEncoding('utf8').toArray()).join('')
    const field = (name: string) => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1])
    const seconds = field('used_cpu_user') + field('used_cpu_sys')
    return { cpu: seconds * 1e6, resident: field('used_memory') }
  }

  /** May be called again. */
  end(): Promise<void> {
    this.#ended ??= this.#server.end()
    return this.#ended
  }
}
