// Steps about the upgrade, `hello`, and what HTTP answers.

import { Given, Then, When } from '@cucumber/cucumber'
import { RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { RelayHello } from '@happy-remote/schemas/relay.ts'
import type { Client } from '../peers/client.ts'
import { get, maskedText, upgrade } from '../peers/upgrade.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

Given('a relay under test', function (this: SuiteWorld) {
  this.useRelay()
})

Given('{client} that has connected', async function (this: SuiteWorld, client: Client) {
  await this.connect(client)
})

Given(
  '{client} that has connected with the {word} header {string}',
  async function (this: SuiteWorld, client: Client, header: string, value: string) {
    await this.connect(client, { headers: { [header]: value } })
  },
)

When('{client} connects', async function (this: SuiteWorld, client: Client) {
  await this.connect(client, { waitForHello: false })
})

When('{client} connects and sends "ping" without waiting', async function (this: SuiteWorld, client: Client) {
  const connection = await this.connect(client, { waitForHello: false })
  connection.send({ type: 'ping', timestamp: 1 })
})

When('{int} clients connect', async function (this: SuiteWorld, count: number) {
  for (let i = 1; i <= count; i++) await this.connect(this.client(`client ${i}`))
})

async function ask(world: SuiteWorld, path: string, subprotocols: readonly string[], headers = {}): Promise<void> {
  await world.relay.start()
  const answer = await upgrade(`${world.relay.base}${path}`, { subprotocols, headers })
  answer.socket?.destroy()
  world.answer = answer
  world.transcript.add('client', 'relay', { upgrade: path, subprotocols, ...headers })
  world.transcript.add('relay', 'client', { status: answer.status })
}

When('a client asks for an upgrade with the subprotocol(s) {string}', async function (this: SuiteWorld, list: string) {
  await ask(this, '/v1', list.split(', '))
})

When('a client asks for an upgrade without a subprotocol', async function (this: SuiteWorld) {
  await ask(this, '/v1', [])
})

When('a client asks for an upgrade at the path {string}', async function (this: SuiteWorld, path: string) {
  await ask(this, path, [RELAY_SUBPROTOCOL])
})

When('a client offers WebSocket compression', async function (this: SuiteWorld) {
  await ask(this, '/v1', [RELAY_SUBPROTOCOL], {
    'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
  })
})

const answered = (world: SuiteWorld) => {
  if (!world.answer) throw new SuiteError('No step has asked for an upgrade')
  return world.answer
}

Then('the relay upgrades and names the subprotocol {string}', function (this: SuiteWorld, name: string) {
  const { status, headers } = answered(this)
  if (status !== 101) throw new Failed(`The relay answers with HTTP status ${status}, expected 101`)
  const echoed = headers['sec-websocket-protocol']
  if (echoed !== name) throw new Failed(`The relay names the subprotocol ${echoed ?? 'of none'}, expected ${name}`)
})

Then('the relay upgrades without compression', function (this: SuiteWorld) {
  const { status, headers } = answered(this)
  if (status !== 101) throw new Failed(`The relay answers with HTTP status ${status}, expected 101`)
  const extensions = headers['sec-websocket-extensions']
  if (extensions !== undefined) throw new Failed(`The relay negotiates ${extensions}`)
})

Then('the relay answers with HTTP status {int}', function (this: SuiteWorld, expected: number) {
  const { status } = answered(this)
  if (status !== expected)
    throw new Failed(`The relay answers with HTTP status ${status ?? 'of none'}, expected ${expected}`)
})

Then('an upgrade is answered with HTTP status {int}', async function (this: SuiteWorld, expected: number) {
  await ask(this, '/v1', [RELAY_SUBPROTOCOL])
  const { status } = answered(this)
  if (status !== expected)
    throw new Failed(`The relay answers with HTTP status ${status ?? 'of none'}, expected ${expected}`)
})

Then('GET \\/healthz is answered with HTTP status {int}', async function (this: SuiteWorld, expected: number) {
  await this.relay.start()
  const status = await get(`${this.relay.base.replace(/^ws/, 'http')}/healthz`)
  if (status !== expected)
    throw new Failed(`GET /healthz is answered with ${status ?? 'nothing'}, expected ${expected}`)
})

Then('the first thing that {client} hears is "hello"', async function (this: SuiteWorld, client: Client) {
  await client.connection.hello()
  const { first } = client.connection
  const what = first?.kind === 'message' ? `"${first.message.type}"` : first?.kind
  if (what !== '"hello"') throw new Failed(`The first thing that the relay sends is ${what}`)
})

Then('each of them is told another nonce', async function (this: SuiteWorld) {
  const nonces = await Promise.all(
    [...this.clients.values()].map(async ({ connection }) => (await connection.hello()).nonce),
  )
  if (new Set(nonces).size < nonces.length) throw new Failed('Two connections get the same nonce')
})

Then(
  'the "hello" of {client} offers frames of at least {int} bytes',
  async function (this: SuiteWorld, client: Client, least: number) {
    const { maxFrame } = await client.connection.hello()
    if (maxFrame < least) throw new Failed(`maxFrame is ${maxFrame}, below ${least}`)
  },
)

Then(
  'the "hello" of {client} has no member of its own, unless it begins with "unstable-"',
  async function (this: SuiteWorld, client: Client) {
    const known = new Set(Object.keys(RelayHello.properties))
    const own = Object.keys(await client.connection.hello()).filter((name) => !known.has(name))
    const wrong = own.find((name) => !name.startsWith('unstable-'))
    if (wrong !== undefined) throw new Failed(`The relay announces ${wrong}`)
    if (own.length > 0) this.note(`announced: ${own.join(', ')}`)
  },
)

Given('{client} that has connected and will not answer a close', async function (this: SuiteWorld, client: Client) {
  await this.relay.start()
  const { socket, status } = await upgrade(this.relay.url, { subprotocols: [RELAY_SUBPROTOCOL] })
  if (!socket) throw new Failed(`The relay answers the upgrade with HTTP status ${status}`)
  this.transcript.add(client.name, 'relay', 'connected')
  const ended = new Promise<void>((resolve) => socket.once('close', resolve).once('end', resolve))
  // Read and thrown away: a close frame among it stays unanswered.
  socket.resume()
  this.raw = { socket, ended }
})

When('{client} sends a text frame that is not JSON by hand', function (this: SuiteWorld, client: Client) {
  this.raw?.socket.write(maskedText('ping'))
  this.transcript.add(client.name, 'relay', { wrong: 'ping' })
})

Then('the relay ends the connection of that client within {int} s', async function (this: SuiteWorld, seconds: number) {
  if (!this.raw) throw new SuiteError('No client holds a connection by hand')
  const began = performance.now()
  const late = AbortSignal.timeout(seconds * 1000)
  const ended = await Promise.race([
    this.raw.ended.then(() => true),
    new Promise<boolean>((resolve) => late.addEventListener('abort', () => resolve(false))),
  ])
  if (!ended) throw new Failed(`The connection is still there after ${seconds} s`)
  this.note(`ended after ${Math.round(performance.now() - began)} ms`)
})
