// What the steps of one scenario share.

import type { Duplex } from 'node:stream'
import { After, Before, defineParameterType, setDefaultTimeout, setWorldConstructor, World } from '@cucumber/cucumber'
import { Client } from '../peers/client.ts'
import { Connection } from '../peers/connection.ts'
import { Route } from '../peers/route.ts'
import { Transcript } from '../peers/transcript.ts'
import { wrongBinds } from '../peers/wrong-binds.ts'
import { rightSpellings, wrongCodes } from '../peers/wrong-codes.ts'
import { wrongM1 } from '../peers/wrong-m1.ts'
import { wrongM2 } from '../peers/wrong-m2.ts'
import { wrongM3 } from '../peers/wrong-m3.ts'
import { wrongFrames, wrongMessages, wrongTexts } from '../peers/wrong-texts.ts'
import { wrongWraps } from '../peers/wrong-wraps.ts'
import type { Role, StartLimits } from '../shim/lines.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { Meeting } from './meeting.ts'
import { NOTE_TYPE, type Parameters, type Target, TRANSCRIPT_TYPE } from './parameters.ts'
import { Stage } from './stage.ts'
import { RelayUnderTest, type RelayWishes } from './target.ts'

/** A connection as a step names it: "the agent", "the agent's first connection". */
export interface Named {
  readonly client: Client
  readonly which: 'newest' | 'first' | 'second route'
}

interface SentFrame {
  readonly from: Uint8Array
  readonly to: Uint8Array
  readonly bytes: Uint8Array
}

/** For relays that hand frames to another thread, in ms: nothing is expected any more by then. */
const SETTLE_TIME = 100

/** Of two nodes. */
const FIRST_NODE: ReadonlySet<string> = new Set(['agent', 'stranger', 'client'])
const usualPlace = ({ name }: Client, connections: number): number => connections + (FIRST_NODE.has(name) ? 0 : 1)

/** A connection that closes meanwhile is a matter of the steps that look at it. */
async function answers(connection: Connection): Promise<void> {
  try {
    await connection.roundTrip()
  } catch (error) {
    if (!(error instanceof Failed && connection.closed)) throw error
  }
}

export class SuiteWorld extends World<Parameters> {
  readonly transcript = new Transcript()
  readonly clients = new Map<string, Client>()
  /** Frames that the last step sent, by the sender's name. */
  readonly sent = new Map<string, SentFrame[]>()
  /** HTTP status of the last upgrade or GET that was made by hand. */
  answer: { status: number | null; headers: Readonly<Record<string, string | string[] | undefined>> } | undefined
  raw: { socket: Duplex; ended: Promise<void> } | undefined
  readonly intervals: NodeJS.Timeout[] = []
  /** What one step found and a later one judges. */
  found: unknown
  /** One relay, or the nodes of a cluster. */
  #relays: readonly RelayUnderTest[] = []
  #meeting: Promise<Meeting> | undefined
  /** At which node a client connects, where a step has said so. */
  readonly places = new Map<string, number>()
  #stage: Stage | undefined

  /** Decides which relay; it is started when the first client dials. */
  useRelay(limits?: StartLimits): void {
    if (this.parameters.secondNode) this.useNodes(2, limits)
    else this.#relays = [new RelayUnderTest(this.#target('relay'), limits && { limits })]
  }

  /** One that has nothing to do with a cluster. */
  useLoneRelay(wishes: RelayWishes): void {
    this.#relays = [new RelayUnderTest(this.#target('relay'), wishes)]
  }

  /** One or two relays that form a cluster with each other, and with the scripted node. */
  useNodes(count: 1 | 2, limits?: StartLimits): void {
    const first = this.#target('relay')
    const redis = async () => (await this.meeting()).url
    this.#relays = [first, this.parameters.secondNode ?? first]
      .slice(0, count)
      .map((target) => new RelayUnderTest(target, { redis, ...(limits && { limits }) }))
  }

  /** The Redis of the nodes, and who else meets there. */
  meeting(): Promise<Meeting> {
    this.#meeting ??= Meeting.open(this.transcript)
    return this.#meeting
  }

  /** The same, with a network before Redis that can be cut. */
  async meetApart(): Promise<void> {
    this.#meeting = Meeting.open(this.transcript, true)
    await this.#meeting
  }

  /** For a scenario about an agent or a controller. */
  useStage(role: 'agent' | 'controller'): Stage {
    // The first would go on running, and nobody would end it.
    if (this.#stage) throw new SuiteError('Two steps name the program under test')
    this.#stage = new Stage(role, this.#target(role), this.transcript)
    return this.#stage
  }

  /** Ends what a step has named, so that another takes its place. */
  async leaveStage(): Promise<void> {
    const stage = this.#stage
    this.#stage = undefined
    await stage?.end(false)
  }

  get stage(): Stage {
    if (!this.#stage) throw new SuiteError('No step has named the agent or controller under test')
    return this.#stage
  }

  get hasStage(): boolean {
    return this.#stage !== undefined
  }

  #target(role: Role): Target {
    const target = this.parameters.targets[role]
    if (!target) throw new SuiteError(`Nothing is under test in the role ${role}`)
    return target
  }

  /** The only relay, or the first node. */
  get relay(): RelayUnderTest {
    const [relay] = this.#relays
    if (!relay) throw new SuiteError('No step has named the relay under test')
    return relay
  }

  get relays(): readonly RelayUnderTest[] {
    return this.#relays
  }

  /** Where `client` connects next. Of two nodes, the agent takes the first, its peer the second, and a second connection the other. */
  #relayOf(client: Client): RelayUnderTest {
    const place = this.places.get(client.name) ?? usualPlace(client, client.connections.length)
    return this.#relays[place % this.#relays.length] ?? this.relay
  }

  /** The next connection of `client` comes to the node of its newest one. */
  stay(client: Client): void {
    this.places.set(client.name, this.places.get(client.name) ?? usualPlace(client, client.connections.length - 1))
  }

  client(name: string): Client {
    const known = this.clients.get(name)
    if (known) return known
    const client = new Client(name)
    this.clients.set(name, client)
    return client
  }

  connectionOf({ client, which }: Named): Connection {
    return which === 'first' ? client.first : client.connection
  }

  /** Opens one more connection for `client`, and waits for `hello`. */
  async connect(
    client: Client,
    options: { headers?: Record<string, string>; autoPong?: boolean; waitForHello?: boolean } = {},
  ): Promise<Connection> {
    const { waitForHello = true, ...rest } = options
    const relay = this.#relayOf(client)
    // All nodes: the time of a client that is at one of them does not run while another starts.
    await Promise.all(this.#relays.map((each) => each.start()))
    const { url } = relay
    const name = client.connections.length === 0 ? client.name : `${client.name} (${client.connections.length + 1})`
    const connection = await Connection.open({ url, name, transcript: this.transcript, ...rest })
    client.connections.push(connection)
    if (waitForHello) await connection.hello()
    return connection
  }

  /** Connects if need be, binds, and waits for `bound`. */
  async bound(client: Client, peer: Uint8Array | null, route = client.route): Promise<void> {
    if (client.connections.length === 0) await this.connect(client)
    await client.bind(peer, route)
    await client.connection.expect('bound', (bound) => bound.route === route.name)
  }

  /** Agent and controller, each bound for the other, and told so. */
  async pair(a: Client, b: Client): Promise<void> {
    await this.bound(a, b.route.id)
    await this.bound(b, a.route.id)
    for (const client of [a, b]) await client.connection.expect('presence', ({ status }) => status === 'online')
  }

  /**
   * Cuts the connection of `client`, and waits until the relay knows: a witness that is paired with another
   * route of the same connection is told.
   */
  async loseNoticed(client: Client): Promise<void> {
    const witness = this.client(`witness of ${client.name}`)
    const route = new Route()
    await this.bound(witness, route.id)
    await this.bound(client, witness.route.id, route)
    await witness.connection.expect('presence', ({ status }) => status === 'online')
    client.connection.cut()
    await witness.connection.expect('presence', ({ status }) => status === 'offline')
  }

  /** Sends one frame with a payload of its own, and remembers it. */
  sendFrame(
    from: Client,
    to: Uint8Array,
    payload: Uint8Array,
    { route = from.route, connection = from.connection, parts = 1 } = {},
  ): void {
    const bytes = connection.sendFrame(route.id, to, payload, parts)
    const frames = this.sent.get(from.name) ?? []
    frames.push({ from: route.id, to, bytes })
    this.sent.set(from.name, frames)
  }

  /**
   * Waits until all that is on its way between the clients has arrived: when every connection has had an
   * answer, the relay has seen everything that was sent before; when every one has had another, what
   * followed from that has arrived.
   */
  async settle(): Promise<void> {
    const all = [...this.clients.values()].flatMap(({ connections }) => connections)
    for (let round = 0; round < 2; round++) {
      await Promise.all(all.filter(({ closed }) => !closed).map((connection) => answers(connection)))
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_TIME))
    for (const connection of all) connection.assertWell()
  }

  /** Something that the report shows beside the verdict. */
  note(text: string): void {
    this.attach(text, NOTE_TYPE)
  }

  /** Ends everything that the scenario began. */
  async end(isPassed: boolean): Promise<void> {
    for (const interval of this.intervals) clearInterval(interval)
    this.raw?.socket.destroy()
    const connections = [...this.clients.values()].flatMap((client) => client.connections)
    for (const connection of connections) connection.cut()
    try {
      for (const relay of this.#relays) await relay.end()
      await this.#stage?.end(isPassed)
    } finally {
      // Where it did not open the step has said so.
      await (await this.#meeting?.catch(() => undefined))?.end()
      if (String(this.transcript)) this.attach(String(this.transcript), TRANSCRIPT_TYPE)
    }
    // What was heard after the last step looked.
    for (const connection of connections) connection.assertWell()
  }
}

setWorldConstructor(SuiteWorld)
setDefaultTimeout(120_000)

Before(function (this: SuiteWorld) {
  this.sent.clear()
})

After(async function (this: SuiteWorld, { result }) {
  await this.end(result?.status === 'PASSED')
})

const NAMES = 'agent|controller|stranger|phone|client'
const quote = (words: readonly string[]) =>
  words.map((word) => RegExp.escape(word)).toSorted((a, b) => b.length - a.length)

defineParameterType({
  name: 'client',
  regexp: new RegExp(`(?:an?|the) (${NAMES})`),
  transformer(this: SuiteWorld, name: string) {
    return this.client(name)
  },
})

defineParameterType({
  name: 'connection',
  regexp: new RegExp(`(?:the connection of )?the (${NAMES})('s first connection)?`),
  transformer(this: SuiteWorld, name: string, first: string | undefined): Connection {
    return this.connectionOf({ client: this.client(name), which: first ? 'first' : 'newest' })
  },
})

/** A parameter of steps: one of the names of a table of faults. */
export const words = (name: string, table: object) =>
  defineParameterType({
    name,
    regexp: new RegExp(quote(Object.keys(table)).join('|')),
    transformer: (word: string) => word,
  })

words('wrongBind', wrongBinds)
words('wrongText', wrongTexts)
words('wrongMessage', wrongMessages)
words('wrongFrame', wrongFrames)
words('wrongM1', wrongM1)
words('wrongM2', wrongM2)
words('wrongM3', wrongM3)
words('wrongWrap', wrongWraps)
words('wrongCode', wrongCodes)
words('rightSpelling', rightSpellings)
