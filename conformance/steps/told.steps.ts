// Steps about what a client is told: presence, pong, draining, closes, and silence.

import { Given, Then, When } from '@cucumber/cucumber'
import { type ErrorCode, errorEntry } from '@happy-remote/schemas/errors.ts'
import type { Client } from '../peers/client.ts'
import type { Connection } from '../peers/connection.ts'
import type { Heard } from '../peers/inbox.ts'
import { atOnce } from '../peers/patience.ts'
import { longPing } from '../peers/wrong-texts.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { expectError } from './bind.steps.ts'
import type { SuiteWorld } from './world.ts'

When('{client} sends "ping" with the timestamp {int}', function (this: SuiteWorld, client: Client, timestamp: number) {
  client.connection.send({ type: 'ping', timestamp })
})

When('{client} sends a "ping" that fills {int} bytes', function (this: SuiteWorld, client: Client, size: number) {
  const text = longPing(size)
  if (size <= 4096) client.connection.sendText(text)
  else client.connection.sendWrongText(text)
})

When('{client} sends a "ping" as large as maxFrame', async function (this: SuiteWorld, client: Client) {
  client.connection.sendWrongText(longPing((await client.connection.hello()).maxFrame))
})

When('{client} sends a "ping" with two timestamps', function (this: SuiteWorld, client: Client) {
  client.connection.sendText('{"type":"ping","timestamp":1,"timestamp":2}')
})

Then('it is recorded which timestamp the "pong" repeats', async function (this: SuiteWorld) {
  const { connection } = this.client('client')
  const heard = await connection.inbox.take(({ kind }) => kind !== 'frame', atOnce())
  const message = heard?.kind === 'message' ? heard.message : undefined
  if (message?.type === 'pong') this.note(message.timestamp === 2 ? 'the last one counts' : 'the first one counts')
  else this.note('the message is refused')
})

Then('{client} is told "pong"', async function (this: SuiteWorld, client: Client) {
  await client.connection.expect('pong')
})

Then(
  '{client} is told "pong" with the timestamp {int}',
  async function (this: SuiteWorld, client: Client, expected: number) {
    const { timestamp } = await client.connection.expect('pong')
    if (timestamp !== expected) throw new Failed(`The "pong" has the timestamp ${timestamp}, expected ${expected}`)
  },
)

Then('{client} is told "draining"', async function (this: SuiteWorld, client: Client) {
  await client.connection.expect('draining')
})

async function presence(client: Client, peer: Client, expected: 'online' | 'offline'): Promise<void> {
  const { status, route, peer: about } = await client.connection.expect('presence')
  if (route !== client.route.name) throw new Failed('"presence" names a route that is not that of the client')
  if (about !== peer.route.name) throw new Failed('"presence" is about another route than that of the peer')
  if (status !== expected) throw new Failed(`The ${client.name} is told that the ${peer.name} is ${status}`)
}

Then('{client} is told that {client} is online', async function (this: SuiteWorld, client: Client, peer: Client) {
  await presence(client, peer, 'online')
})

Then('{client} is told that {client} is offline', async function (this: SuiteWorld, client: Client, peer: Client) {
  await presence(client, peer, 'offline')
})

Given('{client} has left, and {client} was told', async function (this: SuiteWorld, gone: Client, other: Client) {
  await gone.connection.leave()
  await presence(other, gone, 'offline')
})

When('{client} loses its connection', function (this: SuiteWorld, client: Client) {
  client.connection.cut()
})

When('{client} loses its connection, and the relay notices', async function (this: SuiteWorld, client: Client) {
  await this.loseNoticed(client)
})

When('{client} loses its connection for {int} s', async function (this: SuiteWorld, client: Client, seconds: number) {
  client.connection.cut()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
})

When('{client} loses its connection in the middle of a frame', async function (this: SuiteWorld, client: Client) {
  await client.connection.cutInFrame()
})

When('{client} leaves', async function (this: SuiteWorld, client: Client) {
  await client.connection.leave()
})

const show = (heard: Heard): string => {
  if (heard.kind === 'message') {
    const { message } = heard
    const detail =
      message.type === 'error' ? ` ${message.code}` : message.type === 'presence' ? ` ${message.status}` : ''
    return `"${message.type}"${detail}`
  }
  return heard.kind === 'close' ? `a close with ${heard.code}` : `a frame of ${heard.bytes.length} bytes`
}

Then('{connection} hears nothing', async function (this: SuiteWorld, connection: Connection) {
  await this.settle()
  const { waiting } = connection.inbox
  if (waiting.length > 0) throw new Failed(`The ${connection.name} hears ${waiting.map(show).join(', ')}`)
})

Then('{connection} stays open', async function (this: SuiteWorld, connection: Connection) {
  if (!connection.closed) await connection.roundTrip().catch(() => {})
  if (connection.closed) throw new Failed(`The relay closes it with ${connection.closed.code}`)
  connection.assertWell()
})

Then('it is recorded whether {connection} stays open', async function (this: SuiteWorld, connection: Connection) {
  if (!connection.closed) await connection.roundTrip().catch(() => {})
  connection.assertWell()
  this.note(connection.closed ? `it is closed with ${connection.closed.code}` : 'it stays open')
})

const CLOSE_TIME = 10_000

async function closesWith(connection: Connection, expected: number, time = CLOSE_TIME): Promise<void> {
  const closed = await connection.closes(time)
  connection.assertWell()
  if (!closed) throw new Failed(`The connection stays open, expected close ${expected}`)
  if (closed.code !== expected) throw new Failed(`close ${closed.code}, expected ${expected}`)
}

/** relay.error.first, relay.close.code: the error first, then the close. */
async function closesWithError(world: SuiteWorld, connection: Connection, close: number, code: string): Promise<void> {
  if (errorEntry(code as ErrorCode).close !== close) throw new SuiteError(`${code} does not close with ${close}`)
  await expectError(world, connection, code)
  await closesWith(connection, close)
}

Then(
  'the relay closes {connection} with {int} {string}',
  async function (this: SuiteWorld, connection: Connection, close: number, code: string) {
    await closesWithError(this, connection, close, code)
  },
)

/** What an abnormal end and a close without a code are called here. */
const NO_CODE = [1005, 1006]

Then(
  'the relay closes {connection} with {int} {string}, or its WebSocket library with {int} or none',
  async function (this: SuiteWorld, connection: Connection, close: number, code: string, library: number) {
    const closed = await connection.closes(CLOSE_TIME)
    if (closed && [library, ...NO_CODE].includes(closed.code)) connection.assertWell()
    else await closesWithError(this, connection, close, code)
  },
)

Then(
  'the relay closes {connection} with {int}',
  async function (this: SuiteWorld, connection: Connection, close: number) {
    await closesWith(connection, close)
  },
)

Then(
  'the relay closes {connection} with {int} within {int} s',
  async function (this: SuiteWorld, connection: Connection, close: number, seconds: number) {
    await closesWith(connection, close, seconds * 1000)
  },
)

Then('the relay closes {connection}', async function (this: SuiteWorld, connection: Connection) {
  const closed = await connection.closes(CLOSE_TIME)
  if (!closed) throw new Failed('The connection stays open')
})
