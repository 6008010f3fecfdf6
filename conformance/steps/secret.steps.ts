// Steps about a relay whose path holds a secret.

import { Given, Then, When } from '@cucumber/cucumber'
import { RELAY_PATH, RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import type { Client } from '../peers/client.ts'
import { get, upgrade } from '../peers/upgrade.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

const SECRET = 'Ej7-vQ2b_0kXw.Zs~9LhTa'
const ANOTHER = 'Rm4-cN8y_3dGf.Ub~1PoKi'

/** By the words of a scenario. */
const paths: Readonly<Record<string, string>> = {
  'the path without the secret': RELAY_PATH,
  'the path with another secret': `/${ANOTHER}${RELAY_PATH}`,
  'the path with another last character': `/${SECRET.slice(0, -1)}b${RELAY_PATH}`,
  'the path with the first half of the secret': `/${SECRET.slice(0, 11)}${RELAY_PATH}`,
  'the path with all but its last character': `/${SECRET.slice(0, -1)}${RELAY_PATH}`,
  'the path with the secret in capitals': `/${SECRET.toUpperCase()}${RELAY_PATH}`,
  'the path with the secret twice': `/${SECRET}/${SECRET}${RELAY_PATH}`,
  'the path with a character more': `/${SECRET}x${RELAY_PATH}`,
}

function pathOf(name: string): string {
  const path = paths[name]
  if (path === undefined) throw new SuiteError(`There is no ${name}`)
  return path
}

Given('a relay under test whose path holds a secret', async function (this: SuiteWorld) {
  this.useLoneRelay({ secret: SECRET })
  await this.relay.start()
})

async function ask(world: SuiteWorld, path: string, subprotocols: readonly string[]) {
  const answer = await upgrade(`${world.relay.root}${path}`, { subprotocols })
  answer.socket?.destroy()
  world.transcript.add('client', 'relay', { upgrade: path, subprotocols })
  world.transcript.add('relay', 'client', { status: answer.status })
  return answer
}

When(/^a client asks for an upgrade at (the path with.+)$/, async function (this: SuiteWorld, name: string) {
  this.answer = await ask(this, pathOf(name), [RELAY_SUBPROTOCOL])
})

When(
  /^a client asks for an upgrade without a subprotocol at (the path with.+)$/,
  async function (this: SuiteWorld, name: string) {
    this.answer = await ask(this, pathOf(name), [])
  },
)

Then('the relay answers as at a path that nobody has heard of', async function (this: SuiteWorld) {
  const seen = this.answer
  if (!seen) throw new SuiteError('Nobody has asked for an upgrade')
  const usual = await ask(this, '/nowhere', [RELAY_SUBPROTOCOL])
  if (seen.status !== 404) throw new Failed(`The relay answers with HTTP status ${seen.status}, expected 404`)
  const told = ({ status, headers: { date: _, ...headers } }: typeof seen) => JSON.stringify([status, headers])
  if (told(seen) !== told(usual)) throw new Failed(`The relay answers ${told(seen)}, and elsewhere ${told(usual)}`)
})

Then(
  'GET \\/healthz at the root is answered with HTTP status {int}',
  async function (this: SuiteWorld, expected: number) {
    const status = await get(`${this.relay.root.replace(/^ws/, 'http')}/healthz`)
    if (status !== expected)
      throw new Failed(`GET /healthz is answered with ${status ?? 'nothing'}, expected ${expected}`)
  },
)

When(
  '{client} binds its route as open, with the origin without the secret',
  async function (this: SuiteWorld, client: Client) {
    await client.bind(null, client.route, client.connection.origin.replace(`/${SECRET}`, ''))
  },
)

Then('nothing that the relay wrote contains the secret', async function (this: SuiteWorld) {
  await this.relay.stopped()
  const { log } = this.relay
  // Half of it would be half as hard to guess.
  if (log.includes(SECRET.slice(0, 11)) || log.includes(SECRET.slice(11))) {
    throw new Failed('The log of the relay contains the secret of its path')
  }
  this.note(`${log.length} characters of log were read`)
})
