// Nodes of a cluster without sockets, for tests: the table of routes over a bus, and clients that only listen.

import { randomBytes } from 'node:crypto'
import type { RelayToClient } from '@happy-remote/schemas/relay.ts'
import { systemClock } from '../clock.ts'
import type { RouteId } from '../frame.ts'
import { type RelayLimits, relayLimits } from '../limits.ts'
import { type Logger, silent } from '../log.ts'
import { type Binding, type Owner, Routes } from '../routes.ts'
import { RedisBus } from './redis-bus.ts'
import { redisAddress } from './redis-url.ts'
import type { TestRedis } from './test-redis.ts'

export const newRoute = (): RouteId => randomBytes(16).toString('latin1')

export const frameOf = (from: RouteId, to: RouteId, payload: string | Buffer = ''): Buffer =>
  Buffer.concat([Buffer.of(1), Buffer.from(from, 'latin1'), Buffer.from(to, 'latin1'), Buffer.from(payload)])

type Heard = RelayToClient['type'] | 'online' | 'offline' | 'superseded' | 'frame' | `closed ${number}`

const DEADLINE = 60_000

/** Resolves when `isSo`, which is looked at often; throws after 60 s. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + DEADLINE
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A client, and all that it was told. */
export class TestOwner implements Owner {
  readonly bindings = new Map<RouteId, Binding>()
  readonly heard: Heard[] = []
  readonly frames: Buffer[] = []
  takes = true
  readonly #node: TestNode

  constructor(node: TestNode) {
    this.#node = node
  }

  notify(message: RelayToClient): void {
    this.heard.push(message.type === 'presence' ? message.status : message.type)
  }
  deliver(frame: Buffer): boolean {
    if (!this.takes) return false
    this.heard.push('frame')
    this.frames.push(frame)
    return true
  }
  superseded(): void {
    this.heard.push('superseded')
  }
  undelivered(): void {
    this.heard.push('delivery-failed')
  }
  end(closeCode: number): void {
    this.heard.push(`closed ${closeCode}`)
    this.leave()
  }

  bind(route: RouteId, peer: RouteId | null): void {
    this.#node.routes.bind(this, route, peer)
  }
  unbind(route: RouteId): void {
    this.#node.routes.unbind(this, route)
  }
  /** Its connection is gone. */
  leave(): void {
    this.#node.routes.release(this)
  }

  /** As a connection does. */
  send(from: RouteId, to: RouteId, payload?: string | Buffer): void {
    const { routes, bus } = this.#node
    const binding = this.bindings.get(from)
    if (binding === undefined) throw new Error('not bound here')
    const frame = frameOf(from, to, payload)
    const there = routes.get(to)
    const isTaken = there ? routes.deliver(there, from, frame) : bus.publish(binding, to, frame)
    if (!isTaken) this.undelivered()
  }

  /** Takes what was heard, once it is as long as `expected`. Throws where it is not the same. */
  async hears(...expected: Heard[]): Promise<void> {
    await until(() => this.heard.length >= expected.length, `${expected.join(', ')} is heard, not ${this.heard}`)
    const heard = this.heard.splice(0)
    if (heard.join() !== expected.join()) throw new Error(`heard ${heard}, not ${expected}`)
  }
}

export class TestNode {
  readonly routes: Routes
  readonly bus: RedisBus

  constructor(url: string | string[], limits: Partial<RelayLimits>, logger: Logger) {
    const all = relayLimits(limits)
    this.bus = new RedisBus([url].flat().map(redisAddress), all, systemClock, logger)
    this.routes = new Routes(all, systemClock, this.bus)
  }

  static async start(
    url: string | string[],
    limits: Partial<RelayLimits> = {},
    logger: Logger = silent,
  ): Promise<TestNode> {
    const node = new TestNode(url, { closeTime: 500, ...limits }, logger)
    await node.bus.open(node.routes)
    return node
  }

  client(): TestOwner {
    return new TestOwner(this)
  }

  async untilConnected(is = true): Promise<void> {
    await until(() => this.bus.counters().redisConnected === is, `Redis is ${is ? 'there' : 'lost'}`)
  }

  /** Gives all routes up, as a relay does that stops. */
  async stop(): Promise<void> {
    const owners = new Set([...this.routes.bindings()].map(({ owner }) => owner))
    for (const owner of owners) this.routes.release(owner)
    await this.bus.close()
  }
}

/** Two clients, bound with each other, who know it; `first` at one node and `second` at the other. */
export async function pairAt(one: TestNode, other: TestNode) {
  const [first, second] = [one.client(), other.client()]
  const [a, b] = [newRoute(), newRoute()]
  first.bind(a, b)
  await first.hears('bound')
  second.bind(b, a)
  await second.hears('bound', 'online')
  await first.hears('online')
  return { first, second, a, b }
}

/** Two nodes of one cluster, for as long as `run` takes. */
export async function withNodes(
  redis: TestRedis,
  limits: Partial<RelayLimits>,
  run: (one: TestNode, other: TestNode) => Promise<void>,
): Promise<void> {
  const nodes = [await TestNode.start(redis.url, limits), await TestNode.start(redis.url, limits)] as const
  try {
    await run(...nodes)
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
  }
}
