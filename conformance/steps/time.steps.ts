// Steps that wait: for as long as the spec says, because a relay by address cannot be hurried.

import { Given, Then, When } from '@cucumber/cucumber'
import type { Client } from '../peers/client.ts'
import type { Connection } from '../peers/connection.ts'
import { Route } from '../peers/route.ts'
import { Failed } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

/** A relay may be this much early, for clocks and scheduling, and this much late, for timers that tick. */
const EARLY = 500
const LATE = 6_000

const wait = (time: number) => new Promise((resolve) => setTimeout(resolve, time))

function every(world: SuiteWorld, connection: Connection, seconds: number, send: () => void): void {
  const interval = setInterval(() => {
    if (connection.closed) clearInterval(interval)
    else send()
  }, seconds * 1000)
  world.intervals.push(interval)
}

When('{client} is silent', function (this: SuiteWorld, _client: Client) {
  // Silence begins here: the scripted client sends nothing unless told.
})

When('{int} s have passed', async function (this: SuiteWorld, seconds: number) {
  if (!this.hasStage) return wait(seconds * 1000)
  // The clock of a program is moved beside the network: what is on its way arrives before the time passes.
  await this.stage.settle()
  return this.stage.program.pass(seconds * 1000)
})

Given('an/a {word} that sends a "ping" every 15 s', async function (this: SuiteWorld, name: string) {
  const client = this.client(name)
  await this.connect(client, { autoPong: false })
  await this.bound(client, null)
  every(this, client.connection, 15, () => client.connection.send({ type: 'ping', timestamp: Date.now() }))
})

Given('a {word} that sends a WebSocket pong every 15 s', async function (this: SuiteWorld, name: string) {
  const client = this.client(name)
  await this.connect(client, { autoPong: false })
  await this.bound(client, null)
  every(this, client.connection, 15, () => client.connection.sendPong())
})

Given('a {word} that sends a frame every 15 s', async function (this: SuiteWorld, name: string) {
  const client = this.client(name)
  await this.connect(client, { autoPong: false })
  await this.bound(client, null)
  every(this, client.connection, 15, () => this.sendFrame(client, new Route().id, new Uint8Array(8)))
})

Given('{client} that sends a "ping" every 2 s', async function (this: SuiteWorld, client: Client) {
  await this.connect(client)
  every(this, client.connection, 2, () => client.connection.send({ type: 'ping', timestamp: Date.now() }))
})

Then(
  'the relay closes {connection} with {int} {string} after {int} s',
  async function (this: SuiteWorld, connection: Connection, close: number, code: string, seconds: number) {
    // The last thing that it sent was sent at about the time when it opened.
    const due = connection.openedAt + seconds * 1000
    const error = await connection.expect('error', () => true, due - performance.now() + LATE)
    if (error.code !== code) throw new Failed(`The relay says "${error.code}", expected "${code}"`)
    const closed = await connection.closes(LATE)
    if (!closed) throw new Failed(`The connection stays open, expected close ${close}`)
    if (closed.code !== close) throw new Failed(`close ${closed.code}, expected ${close}`)
    const after = (closed.at - connection.openedAt) / 1000
    if (closed.at < due - EARLY) throw new Failed(`The relay closes after ${after.toFixed(1)} s, expected ${seconds}`)
    this.note(`closed after ${after.toFixed(1)} s`)
  },
)
