// The relay of a cell, which may be killed and started again at the same address.

import { Door, type Target as Place } from '../../peers/door.ts'
import { RedisServer } from '../../peers/redis-server.ts'
import { Shim, type Tap } from '../../shim/driver.ts'
import { Failed, SuiteError } from '../../shim/trouble.ts'
import { SUITE_NAME, type Target } from '../parameters.ts'

type Program = Extract<Target, { kind: 'program' }>

function programOf(target: Target | undefined): Program {
  if (target?.kind !== 'program') throw new SuiteError('A cell of the matrix has a program as its relay')
  return target
}

async function begin(
  target: Program,
  tap: Tap,
  options: Record<string, unknown>,
): Promise<{ shim: Shim; url: string }> {
  const shim = new Shim(target.program)
  shim.tap = tap
  await shim.hello(SUITE_NAME)
  const { url } = await shim.ask('start', { host: '127.0.0.1', port: 0, ...options })
  if (url === undefined) throw new SuiteError('The relay was started and has no URL')
  return { shim, url }
}

export interface RelayProgram {
  /** As a client dials it. */
  readonly url: string
  start(): Promise<void>
  /** Ends it as a power cut does; `start` brings it back. */
  kill(): Promise<void>
  /** Ends it, and what belongs to it. */
  end(): Promise<void>
}

export class OneRelay implements RelayProgram {
  readonly #target: Program
  readonly #tap: Tap
  #shim: Shim | undefined
  #url = ''

  constructor(target: Target | undefined, tap: Tap) {
    this.#target = programOf(target)
    this.#tap = tap
  }

  get url(): string {
    return this.#url
  }

  async start(): Promise<void> {
    const port = this.#url === '' ? 0 : Number(new URL(this.#url).port)
    const { shim, url } = await begin(this.#target, this.#tap, { port })
    this.#shim = shim
    if (this.#url !== '' && url !== this.#url)
      throw new Failed(`The relay listens at ${url} and not, as asked for, at ${this.#url}`)
    this.#url = url
  }

  async kill(): Promise<void> {
    await this.#shim?.kill()
    this.#shim = undefined
  }

  end(): Promise<void> {
    return this.kill()
  }
}

/** Two nodes of a cluster behind one address. Each connection goes to the node that has fewer. */
export class TwoNodes implements RelayProgram {
  readonly #targets: readonly Program[]
  readonly #tap: Tap
  #shims: readonly Shim[] = []
  #redis: RedisServer | undefined
  #door: Door | undefined

  constructor(targets: readonly (Target | undefined)[], tap: Tap) {
    this.#targets = targets.map(programOf)
    this.#tap = tap
  }

  get #origin(): string {
    return `ws://127.0.0.1:${this.#door?.port}`
  }

  get url(): string {
    return `${this.#origin}/v1`
  }

  async start(): Promise<void> {
    this.#redis ??= await RedisServer.start()
    this.#door ??= await Door.to()
    const options = { redis: `redis://${this.#redis.host}:${this.#redis.port}`, origins: [this.#origin] }
    const nodes = await Promise.all(this.#targets.map((target) => begin(target, this.#tap, options)))
    this.#shims = nodes.map(({ shim }) => shim)
    this.#door.lead(...nodes.map(({ url }): Place => ({ host: '127.0.0.1', port: Number(new URL(url).port) })))
  }

  async kill(): Promise<void> {
    this.#door?.lead()
    await Promise.all(this.#shims.map((shim) => shim.kill()))
    this.#shims = []
  }

  async end(): Promise<void> {
    await this.kill()
    await this.#door?.end()
    await this.#redis?.end()
  }
}
