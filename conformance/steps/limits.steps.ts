// Steps about a relay's limits, its stop and its log: most of them need process control.

import { connect } from 'node:net'
import { Given, Then, When } from '@cucumber/cucumber'
import { RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { codesAt } from '@happy-remote/schemas/errors.ts'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Client } from '../peers/client.ts'
import { Connection } from '../peers/connection.ts'
import { atOnce } from '../peers/patience.ts'
import { base64url, Route } from '../peers/route.ts'
import { upgrade } from '../peers/upgrade.ts'
import { wrongBinds } from '../peers/wrong-binds.ts'
import { wrongFrames, wrongMessages, wrongTexts } from '../peers/wrong-texts.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

Given('a relay under test that remembers open routes for {int} s', function (this: SuiteWorld, seconds: number) {
  this.useRelay({ openMemory: seconds * 1000 })
})

Given(
  'a relay under test that allows {int} new connections a second',
  function (this: SuiteWorld, connectionsPerSecond: number) {
    this.useRelay({ connectionsPerSecond })
  },
)

Given('a relay under test that allows {int} binds a second', function (this: SuiteWorld, bindsPerSecond: number) {
  this.useRelay({ bindsPerSecond })
})

Given('a relay under test that allows {int} messages a second', function (this: SuiteWorld, messagesPerSecond: number) {
  this.useRelay({ messagesPerSecond })
})

Given('a relay under test that drains for {int} s', function (this: SuiteWorld, seconds: number) {
  this.useRelay({ drainTime: seconds * 1000 })
})

Given('a relay under test whose log can be read', function (this: SuiteWorld) {
  this.useRelay()
  this.relay.requireControl()
})

When('the relay is told to stop', async function (this: SuiteWorld) {
  for (const relay of this.relays) relay.beginStop()
})

Then('the relay has stopped', async function (this: SuiteWorld) {
  for (const relay of this.relays) await relay.stopped()
})

async function connectOne(
  world: SuiteWorld,
  i: number,
  headers: Record<string, string> = {},
): Promise<'stays' | 'limited'> {
  const { url } = world.relay
  const answer = await upgrade(url, { subprotocols: [RELAY_SUBPROTOCOL], headers })
  answer.socket?.destroy()
  if (answer.status === 429 || answer.status === 503) return 'limited'
  const name = `client ${i}`
  const { transcript } = world
  const connection = await Connection.open({ url, name, transcript, headers }).catch(() => undefined)
  if (!connection) return 'limited'
  world.client(name).connections.push(connection)
  const closed = await connection.closes(1_500)
  if (!closed) return 'stays'
  await connection.expect('error', ({ code }) => code === 'rate-limited')
  if (closed.code !== 4429) throw new Failed(`close ${closed.code}, expected 4429`)
  return 'limited'
}

/** Each with the headers that `headersOf` gives it. */
async function connectMany(
  world: SuiteWorld,
  count: number,
  headersOf: (i: number) => Record<string, string> = () => ({}),
): Promise<void> {
  await world.relay.start()
  world.found = await Promise.all(Array.from({ length: count }, (_, i) => connectOne(world, i, headersOf(i))))
}

When('{int} clients connect one after another', async function (this: SuiteWorld, count: number) {
  const outcomes = []
  for (let i = 0; i < count; i++) outcomes.push(await connectOne(this, i))
  this.found = outcomes
})

When('{int} clients connect at once', async function (this: SuiteWorld, count: number) {
  await connectMany(this, count)
})

When(
  '{int} clients connect at once, each with another address in the header {string}',
  async function (this: SuiteWorld, count: number, name: string) {
    const prefix = name === 'Forwarded' ? 'for=' : ''
    await connectMany(this, count, (i) => ({ [name]: `${prefix}198.51.100.${i + 1}` }))
  },
)

Given('a relay under test that keeps {int} bytes unsent at most', function (this: SuiteWorld, totalBuffer: number) {
  this.useRelay({ totalBuffer })
  // Of two nodes each has a memory of its own.
  for (const name of ['agent', 'controller']) this.places.set(name, 0)
})

Then('an upgrade is answered with HTTP status {int} soon', async function (this: SuiteWorld, expected: number) {
  const late = performance.now() + atOnce()
  let status: number | null = null
  while (status !== expected && performance.now() < late) {
    const answer = await upgrade(this.relay.url, { subprotocols: [RELAY_SUBPROTOCOL] })
    answer.socket?.destroy()
    status = answer.status
  }
  if (status !== expected) throw new Failed(`An upgrade is answered with HTTP status ${status}, expected ${expected}`)
})

When('a client begins a request, and adds a header to it every second', async function (this: SuiteWorld) {
  await this.relay.start()
  const { hostname, port, pathname } = new URL(this.relay.url)
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''))
  const ended = new Promise<void>((resolve) => socket.once('close', resolve).once('end', resolve))
  // A connection that was ended is no fault of the suite.
  socket.on('error', () => {}).resume()
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: relay\r\n`)
  this.intervals.push(setInterval(() => socket.write('X-More: of it\r\n'), 1_000))
  this.raw = { socket, ended }
})

When('a client asks for an upgrade with a header of {int} bytes', async function (this: SuiteWorld, size: number) {
  await this.relay.start()
  const headers = { 'X-Long': 'x'.repeat(size) }
  const answer = await upgrade(this.relay.url, { subprotocols: [RELAY_SUBPROTOCOL], headers }).catch((error) => {
    // Cut off while it was still being sent.
    if (error instanceof Failed) return { status: null, headers: {} }
    throw error
  })
  if ('socket' in answer) answer.socket?.destroy()
  this.answer = answer
})

Then('the relay does not upgrade', function (this: SuiteWorld) {
  if (this.answer?.status === 101) throw new Failed('The relay upgrades')
  this.note(`answered with HTTP status ${this.answer?.status ?? 'of none'}`)
})

Then(
  'some of them are closed with 4429 "rate-limited", or refused with HTTP status 429 or 503',
  function (this: SuiteWorld) {
    const outcomes = this.found as string[]
    const limited = outcomes.filter((outcome) => outcome === 'limited').length
    this.note(`${limited} of ${outcomes.length} are limited`)
    if (limited === 0) throw new Failed('All of them are taken')
  },
)

When(
  '{client} binds {int} different routes at once, giving each up again',
  async function (this: SuiteWorld, client: Client, count: number) {
    const { connection } = client
    const nonce = await connection.nonce()
    // Signed before the first is sent: a busy machine takes its time for that.
    const binds = Array.from({ length: count }, () => {
      const route = new Route()
      return { route: route.name, bind: route.bind({ origin: connection.origin, nonce, peer: null }) }
    })
    for (const { route, bind } of binds) {
      connection.send(bind)
      connection.send({ type: 'unbind', route })
    }
  },
)

When('{client} sends {int} "ping" at once', function (this: SuiteWorld, client: Client, count: number) {
  for (let timestamp = 0; timestamp < count; timestamp++) client.connection.send({ type: 'ping', timestamp })
})

/** Every fault of the tables, each on a connection of its own. */
async function doEverythingWrong(world: SuiteWorld, name: string): Promise<Connection[]> {
  const client = world.client(name)
  const used: Connection[] = []
  const fresh = async () => {
    const connection = await world.connect(client)
    used.push(connection)
    return connection
  }
  for (const text of [...Object.values(wrongTexts), ...Object.values(wrongMessages)])
    (await fresh()).sendWrongText(text)
  for (const make of Object.values(wrongFrames)) (await fresh()).sendWrongFrame(make(client.route.id, new Route().id))
  for (const { kind, make } of Object.values(wrongBinds)) {
    const connection = await fresh()
    const nonce = await connection.nonce()
    const text = JSON.stringify(
      make({
        route: client.route,
        origin: connection.origin,
        nonce,
        peer: new Uint8Array(16).fill(3),
        otherNonce: new Uint8Array(32),
      }),
    )
    if (kind === 'shape') connection.sendWrongText(text)
    else connection.sendText(text)
  }
  for (const connection of used) await connection.closes(atOnce())
  return used
}

When(
  '{client} does everything wrong that a client can, each on a new connection',
  async function (this: SuiteWorld, client: Client) {
    this.found = await doEverythingWrong(this, client.name)
  },
)

Then('each "error" has a code of the relay\'s table', function (this: SuiteWorld) {
  const codes: readonly string[] = codesAt('relay')
  let errors = 0
  for (const connection of this.found as Connection[]) {
    connection.assertWell()
    for (const heard of connection.inbox.takeAll()) {
      if (heard.kind !== 'message' || heard.message.type !== 'error') continue
      errors += 1
      if (!codes.includes(heard.message.code)) throw new Failed(`The relay says "${heard.message.code}"`)
    }
  }
  if (errors === 0) throw new Failed('The relay says no error at all')
  this.note(`${errors} errors seen`)
})

const SECRET_PAYLOAD = Buffer.from('a payload that belongs to nobody but its two ends')

Given(
  '{client} and {client} have done right and wrong things, and left',
  async function (this: SuiteWorld, a: Client, b: Client) {
    this.sendFrame(a, b.route.id, SECRET_PAYLOAD)
    await b.connection.expectFrame()
    this.sendFrame(a, new Route().id, SECRET_PAYLOAD)
    await a.connection.expect('delivery-failed')
    await doEverythingWrong(this, 'stranger')
    await this.connect(a)
    await a.bind(b.route.id)
    await a.connection.expect('bound')
    for (const client of [a, b]) await client.connection.leave()
  },
)

Then('nothing that the relay wrote contains a payload, a key or a route', async function (this: SuiteWorld) {
  for (const relay of this.relays) relay.beginStop()
  for (const relay of this.relays) await relay.stopped()
  const log = this.relays.map((relay) => relay.log).join('')
  const secrets: [string, Uint8Array][] = [['a payload', SECRET_PAYLOAD]]
  for (const { routes } of this.clients.values()) {
    for (const route of routes) secrets.push(['a route', route.id], ['a key', route.key])
  }
  for (const [what, bytes] of secrets) {
    const spellings = [
      bytesToHex(bytes),
      base64url(bytes),
      Buffer.from(bytes).toString('base64'),
      Buffer.from(bytes).toString('latin1'),
    ]
    if (spellings.some((spelling) => log.toLowerCase().includes(spelling.toLowerCase())))
      throw new Failed(`The log of the relay contains ${what}`)
  }
  if (this.clients.size === 0) throw new SuiteError('Nobody has used the relay')
  this.note(`${log.length} characters of log were read`)
})
