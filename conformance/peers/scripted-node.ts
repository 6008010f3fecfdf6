// A node of a cluster that has no clients: it says to Redis what it is told to, and hears the channels of any routes.
// spec/cluster.md.

import { randomBytes } from 'node:crypto'
import {
  CLAIM_KIND,
  ClusterClaim,
  ClusterNack,
  ClusterPresence,
  NACK_KIND,
  PRESENCE_KIND,
} from '@happy-remote/schemas/cluster.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { ROUTED_TYPE, RoutedFrame } from '@happy-remote/schemas/relay.ts'
import { createClient } from '@redis/client'
import { Failed } from '../shim/trouble.ts'
import { Inbox } from './inbox.ts'
import { atOnce } from './patience.ts'
import type { Transcript } from './transcript.ts'

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export const channelOf = (route: Uint8Array): string => `hrc1:{${hex(route)}}`
const tokenKeyOf = (route: Uint8Array): string => `${channelOf(route)}:token`
export const leaseKeyOf = (nodeId: Uint8Array): string => `hrc1:node:${hex(nodeId)}`

/** cluster.bind.token */
const TOKEN_SCRIPT = `
local time = redis.call('TIME')
local token = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') + 1, time[1] * 1000000 + time[2])
redis.call('SET', KEYS[1], string.format('%.0f', token), 'PX', ARGV[1])
return string.format('%.0f', token)`

/** One envelope, and the route on whose channel it came. */
export type Envelope = { readonly route: Uint8Array; readonly bytes: Uint8Array; readonly at: number } & (
  | { readonly kind: 'frame'; readonly content: RoutedFrame }
  | { readonly kind: 'claim'; readonly content: ClusterClaim }
  | { readonly kind: 'nack'; readonly content: ClusterNack }
  | { readonly kind: 'presence'; readonly content: ClusterPresence }
)
export type Kind = Envelope['kind']
export type EnvelopeOf<K extends Kind> = Extract<Envelope, { kind: K }>

/** Throws Failed where a node says what is no envelope. */
function read(route: Uint8Array, bytes: Uint8Array): Envelope {
  const [kind] = bytes
  const whole = { route, bytes, at: performance.now() }
  try {
    if (kind === ROUTED_TYPE) return { ...whole, kind: 'frame', content: RoutedFrame.decode(bytes) }
    if (kind === CLAIM_KIND) return { ...whole, kind: 'claim', content: ClusterClaim.decode(bytes) }
    if (kind === NACK_KIND) return { ...whole, kind: 'nack', content: ClusterNack.decode(bytes) }
    if (kind === PRESENCE_KIND) return { ...whole, kind: 'presence', content: ClusterPresence.decode(bytes) }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new Failed(`The node publishes what is no envelope: ${error.message}`)
  }
  throw new Failed(`The node publishes an envelope of the kind ${kind}`)
}

function show({ kind, content }: Envelope): unknown {
  if (kind === 'frame') return { frame: hex(content.from), to: hex(content.to), payload: content.payload.length }
  return {
    kind,
    ...Object.fromEntries(
      Object.entries(content).map(([name, value]) => [name, value instanceof Uint8Array ? hex(value) : value]),
    ),
  }
}

export class ScriptedNode {
  readonly nodeId: Uint8Array = new Uint8Array(randomBytes(16))
  /** What others have published, in the order in which Redis has handed it on. */
  readonly inbox = new Inbox<Envelope>()
  readonly #commands
  readonly #subscriber
  readonly #transcript: Transcript
  /** The tokens under which it holds routes, by channel. */
  readonly #tokens = new Map<string, number>()
  readonly #listening = new Set<string>()
  /** What it has said on channels that it hears itself. */
  readonly #own: string[] = []
  #heardNode: Uint8Array | undefined
  #trouble: Error | undefined

  private constructor(url: string, transcript: Transcript) {
    const options = { url, socket: { reconnectStrategy: false as const } }
    this.#commands = createClient(options)
    this.#subscriber = createClient(options)
    this.#transcript = transcript
    // What fails says so by itself.
    for (const client of [this.#commands, this.#subscriber]) client.on('error', () => {})
  }

  static async join(url: string, transcript: Transcript): Promise<ScriptedNode> {
    const node = new ScriptedNode(url, transcript)
    await Promise.all([node.#commands.connect(), node.#subscriber.connect()])
    return node
  }

  end(): void {
    for (const client of [this.#commands, this.#subscriber]) client.destroy()
  }

  /** The node that last named itself. */
  get heardNode(): Uint8Array {
    if (!this.#heardNode) throw new Failed('No node has named itself')
    return this.#heardNode
  }

  isListening(route: Uint8Array): boolean {
    return this.#listening.has(channelOf(route))
  }

  /** Hears the channel of `route`, and so counts as a subscriber of it. */
  async listen(route: Uint8Array): Promise<void> {
    this.#listening.add(channelOf(route))
    await this.#subscriber.sSubscribe(channelOf(route), (message) => this.#hear(route, new Uint8Array(message)), true)
  }

  #hear(route: Uint8Array, bytes: Uint8Array): void {
    const own = this.#own.indexOf(`${hex(route)} ${hex(bytes)}`)
    if (own >= 0) {
      this.#own.splice(own, 1)
      return
    }
    try {
      const envelope = read(route, bytes)
      this.#transcript.add('Redis', 'scripted node', show(envelope), bytes.length)
      if (envelope.kind === 'claim' || envelope.kind === 'presence') this.#heardNode = envelope.content.nodeId
      this.inbox.add(envelope)
    } catch (error) {
      this.#trouble ??= error as Error
    }
  }

  /** Publishes on the channel of `route`; gives how many subscribers Redis counts. */
  async publish(route: Uint8Array, bytes: Uint8Array): Promise<number> {
    this.#transcript.add(
      'scripted node',
      'Redis',
      { channel: hex(route), bytes: hex(bytes.subarray(0, 64)) },
      bytes.length,
    )
    if (this.#listening.has(channelOf(route))) this.#own.push(`${hex(route)} ${hex(bytes)}`)
    return this.#commands.sPublish(channelOf(route), Buffer.from(bytes))
  }

  presence(
    route: Uint8Array,
    peer: Uint8Array,
    online: 0 | 1,
    wantAnswer: 0 | 1 = 0,
    nodeId = this.nodeId,
  ): Promise<number> {
    return this.publish(peer, ClusterPresence.encode({ route, peer, nodeId, online, wantAnswer } as ClusterPresence))
  }

  claim(route: Uint8Array, token: number): Promise<number> {
    return this.publish(route, ClusterClaim.encode({ token, nodeId: this.nodeId } as ClusterClaim))
  }

  nack(from: Uint8Array, to: Uint8Array): Promise<number> {
    return this.publish(from, ClusterNack.encode({ from, to } as ClusterNack))
  }

  /** Binds `route` as a node does for a client of its own; its lease is set. Gives the token. */
  async bind(route: Uint8Array, peer: Uint8Array | null): Promise<number> {
    await this.setLease()
    await this.listen(route)
    const token = Number(
      await this.#commands.eval(TOKEN_SCRIPT, { keys: [tokenKeyOf(route)], arguments: [String(limits.clusterLease)] }),
    )
    this.#tokens.set(channelOf(route), token)
    if (peer) await this.presence(route, peer, 1, 1)
    await this.claim(route, token)
    return token
  }

  tokenOf(route: Uint8Array): number | undefined {
    return this.#tokens.get(channelOf(route))
  }

  async setLease(): Promise<void> {
    await this.#commands.set(leaseKeyOf(this.nodeId), '1', { expiration: { type: 'PX', value: limits.clusterLease } })
  }

  async deleteLease(nodeId = this.nodeId): Promise<void> {
    await this.#commands.del(leaseKeyOf(nodeId))
  }

  /** ms that the lease still has; undefined where there is none. */
  async leaseOf(nodeId: Uint8Array): Promise<number | undefined> {
    const left = await this.#commands.pTTL(leaseKeyOf(nodeId))
    return left === -2 ? undefined : left
  }

  async storedToken(route: Uint8Array): Promise<number | undefined> {
    const text = await this.#commands.get(tokenKeyOf(route))
    return text === null ? undefined : Number(text)
  }

  async storeToken(route: Uint8Array, token: number): Promise<void> {
    await this.#commands.set(tokenKeyOf(route), String(token), {
      expiration: { type: 'PX', value: limits.clusterLease },
    })
  }

  /** The clock of Redis, in microseconds since 1970. */
  async time(): Promise<number> {
    const [seconds, micros] = (await this.#commands.sendCommand(['TIME'])) as unknown as [string, string]
    return Number(seconds) * 1_000_000 + Number(micros)
  }

  /** How many are subscribed to the channel of `route`. */
  async subscribersOf(route: Uint8Array): Promise<number> {
    const [, count] = (await this.#commands.sendCommand(['PUBSUB', 'SHARDNUMSUB', channelOf(route)])) as unknown as [
      string,
      number,
    ]
    return Number(count)
  }

  /** Every key of Redis, with the ms that it has left; -1 for ever. */
  async keys(): Promise<Map<string, number>> {
    const names = (await this.#commands.sendCommand(['KEYS', '*'])) as unknown as string[]
    return new Map(await Promise.all(names.map(async (name) => [name, await this.#commands.pTTL(name)] as const)))
  }

  /** The next envelope of `kind` that `matches`. Throws Failed where none comes in time. */
  async expect<K extends Kind>(
    kind: K,
    matches: (envelope: EnvelopeOf<K>) => boolean = () => true,
    time = atOnce(),
  ): Promise<EnvelopeOf<K>> {
    const heard = await this.inbox.take((each) => each.kind === kind && matches(each as EnvelopeOf<K>), time)
    this.assertWell()
    if (heard) return heard as EnvelopeOf<K>
    const others = this.inbox.waiting.map((each) => JSON.stringify(show(each)))
    throw new Failed(
      `The node publishes no ${kind} that fits within ${time / 1000} s${others.length > 0 ? `, but ${others.slice(0, 4).join(', ')}` : ''}`,
    )
  }

  /** Throws Failed where a node has published what is no envelope. */
  assertWell(): void {
    if (this.#trouble) throw this.#trouble
  }
}
