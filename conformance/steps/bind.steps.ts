// Steps about binds, routes and what a relay says about them.

import { Given, Then, When } from '@cucumber/cucumber'
import type { Client } from '../peers/client.ts'
import type { Connection } from '../peers/connection.ts'
import { atOnce } from '../peers/patience.ts'
import { base64url, bindInput, fromBase64url, Route, routeIdOf } from '../peers/route.ts'
import { verify } from '../peers/signature.ts'
import { type Right, wrongBinds } from '../peers/wrong-binds.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

Given(
  '{client} that has bound its route for {client}',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    await this.bound(client, peer.route.id)
  },
)

Given(
  '{client} that has bound its route for {client}, and answers no WebSocket ping',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    await this.connect(client, { autoPong: false })
    await this.bound(client, peer.route.id)
  },
)

Given(
  "{client} that has bound its route for {client}'s second route",
  async function (this: SuiteWorld, client: Client, peer: Client) {
    await this.bound(client, peer.second.id)
  },
)

Given('{client} that has bound an open route', async function (this: SuiteWorld, client: Client) {
  await this.bound(client, null)
})

Given(
  '{client} and {client} that have bound their routes to each other',
  async function (this: SuiteWorld, a: Client, b: Client) {
    await this.pair(a, b)
  },
)

Given(
  '{client} has bound its second route for {client}',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    await this.bound(client, peer.route.id, client.second)
    client.connection.inbox.takeAll((heard) => heard.kind === 'message' && heard.message.type === 'presence')
    peer.connections.at(-1)?.inbox.takeAll((heard) => heard.kind === 'message' && heard.message.type === 'presence')
  },
)

Given('{client} has bound {int} more routes', async function (this: SuiteWorld, client: Client, count: number) {
  for (let i = 0; i < count; i++) {
    const route = new Route()
    await this.bound(client, null, route)
    client.routes.push(route)
  }
})

/** The peer that `client` named for its first route. */
const peerOf = (client: Client): Uint8Array | null => {
  const bind = client.binds.get(client.route.name)
  if (!bind) throw new SuiteError(`The ${client.name} has not bound its route`)
  return bind.peer === null ? null : fromBase64url(bind.peer)
}

async function bindElsewhere(world: SuiteWorld, client: Client): Promise<void> {
  const peer = peerOf(client)
  await world.connect(client)
  await client.bind(peer)
}

When('{client} binds the same route on a second connection', async function (this: SuiteWorld, client: Client) {
  await bindElsewhere(this, client)
})

Given('{client} has bound the same route on a second connection', async function (this: SuiteWorld, client: Client) {
  await bindElsewhere(this, client)
  await client.connection.expect('bound')
  await client.first.expect('error', ({ code }) => code === 'superseded')
})

When('{client} binds its route as open', async function (this: SuiteWorld, client: Client) {
  await client.bind(null)
})

When('{client} binds its route for {client}', async function (this: SuiteWorld, client: Client, peer: Client) {
  await client.bind(peer.route.id)
})

When(
  '{client} binds its route for {client} with another valid signature',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    const parts = { origin: client.connection.origin, nonce: await client.connection.nonce(), peer: peer.route.id }
    const { route } = client
    const input = bindInput(parts.origin, parts.nonce, route.key, parts.peer)
    const signature = route.signDifferently(input)
    const bind = { ...route.bind(parts), signature: base64url(signature) }
    if (!verify(route.key, input, signature)) throw new SuiteError('The other signature does not verify')
    if (bind.signature === route.bind(parts).signature) throw new SuiteError('The other signature is the same')
    client.connection.send(bind)
  },
)

When('{client} binds its route for itself', async function (this: SuiteWorld, client: Client) {
  await client.bind(client.route.id)
})

When('{client} binds its second route for {client}', async function (this: SuiteWorld, client: Client, peer: Client) {
  await client.bind(peer.route.id, client.second)
})

When('{client} binds one route more', async function (this: SuiteWorld, client: Client) {
  const route = new Route()
  this.found = route.name
  await client.bind(null, route)
})

When(
  '{client} connects and binds its route for {client}',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    await this.connect(client)
    await client.bind(peer.route.id)
  },
)

When('{client} connects again and binds its route as open', async function (this: SuiteWorld, client: Client) {
  this.stay(client)
  await this.connect(client)
  await client.bind(null)
})

When(
  '{client} connects and repeats the "bind" of {client}',
  async function (this: SuiteWorld, thief: Client, owner: Client) {
    const bind = owner.binds.get(owner.route.name)
    if (!bind) throw new SuiteError(`The ${owner.name} has not bound its route`)
    await this.connect(thief)
    thief.connection.send(bind)
  },
)

async function right(world: SuiteWorld, client: Client, peer: Uint8Array | null, route = client.route): Promise<Right> {
  const other = await world.connect(world.client('bystander'))
  const otherNonce = await other.nonce()
  await other.leave()
  // relay.hello.nonce: without two nonces there is nothing to mix up.
  const nonce = await client.connection.nonce()
  if (base64url(nonce) === base64url(otherNonce)) throw new Failed('Two connections get the same nonce')
  return { route, origin: client.connection.origin, nonce, peer, otherNonce }
}

/** Sends a faulty bind, after making sure that it is as faulty as its name says. */
async function sendWrong(world: SuiteWorld, client: Client, fault: string, parts: Right): Promise<void> {
  const wrong = wrongBinds[fault]
  if (!wrong) throw new SuiteError(`There is no wrong bind ${fault}`)
  const bind = wrong.make(parts)
  const text = JSON.stringify(bind)
  if (wrong.kind === 'shape') {
    client.connection.sendWrongText(text)
    return
  }
  const [key, signature] = [bind.routeKey, bind.signature].map((member) => fromBase64url(String(member)))
  const peer = typeof bind.peer === 'string' ? fromBase64url(bind.peer) : null
  const proves = verify(
    key as Uint8Array,
    bindInput(parts.origin, parts.nonce, key as Uint8Array, peer),
    signature as Uint8Array,
  )
  if (proves !== (wrong.kind === 'meaning')) throw new SuiteError(`A bind ${fault} does not have the fault of its name`)
  world.found = base64url(routeIdOf(key as Uint8Array))
  client.connection.sendText(text)
}

When('{client} sends a "bind" {wrongBind}', async function (this: SuiteWorld, client: Client, fault: string) {
  await sendWrong(this, client, fault, await right(this, client, new Uint8Array(16).fill(6)))
})

When(
  '{client} sends a "bind" of its second route with a wrong signature',
  async function (this: SuiteWorld, client: Client) {
    await sendWrong(this, client, 'with a wrong signature', await right(this, client, null, client.second))
  },
)

When(
  '{client} sends a "bind" of its route for {client} with a wrong signature',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    await sendWrong(this, client, 'with a wrong signature', await right(this, client, peer.route.id))
  },
)

When(
  '{client} sends a "bind" signed for the origin {string}',
  async function (this: SuiteWorld, client: Client, origin: string) {
    await client.bind(null, client.route, origin)
  },
)

When('{client} sends "unbind" for its route', function (this: SuiteWorld, client: Client) {
  client.connection.send({ type: 'unbind', route: client.route.name })
})

When('{client} sends "unbind" for its second route', function (this: SuiteWorld, client: Client) {
  client.connection.send({ type: 'unbind', route: client.second.name })
})

When('{client} sends "unbind" for the route of {client}', function (this: SuiteWorld, client: Client, other: Client) {
  client.connection.send({ type: 'unbind', route: other.route.name })
})

Then('{client} is told "bound" for its route', async function (this: SuiteWorld, client: Client) {
  const { route } = await client.connection.expect('bound')
  if (route !== client.route.name) throw new Failed('"bound" names another route than that of the key')
})

Then('{client} is told "bound" and only then "presence"', async function (this: SuiteWorld, client: Client) {
  const heard = await client.connection.inbox.take(({ kind }) => kind === 'message', atOnce())
  const type = heard?.kind === 'message' ? heard.message.type : 'nothing'
  if (type !== 'bound') throw new Failed(`The ${client.name} is told "${type}" before "bound"`)
  await client.connection.expect('presence')
})

/** Takes the error of `code`; any error with --loose-errors. */
export async function expectError(
  world: SuiteWorld,
  connection: Connection,
  code: string,
  route?: string,
): Promise<void> {
  const error = await connection.expect('error')
  if (error.code !== code && !world.parameters.looseErrors) {
    throw new Failed(`The relay says "${error.code}", expected "${code}"`)
  }
  if (route !== undefined && error.route !== route) {
    throw new Failed(`The error "${error.code}" names ${error.route === undefined ? 'no route' : 'another route'}`)
  }
}

Then(
  '{connection} is told the error {string}',
  async function (this: SuiteWorld, connection: Connection, code: string) {
    await expectError(this, connection, code)
  },
)

Then(
  '{client} is told the error {string} for its route',
  async function (this: SuiteWorld, client: Client, code: string) {
    await expectError(this, client.connection, code, client.route.name)
  },
)

Then(
  "{client}'s first connection is told the error {string} for its route",
  async function (this: SuiteWorld, client: Client, code: string) {
    await expectError(this, client.first, code, client.route.name)
  },
)

Then(
  '{client} is told the error {string} for its second route',
  async function (this: SuiteWorld, client: Client, code: string) {
    await expectError(this, client.connection, code, client.second.name)
  },
)

Then(
  '{client} is told the error {string} for that route',
  async function (this: SuiteWorld, client: Client, code: string) {
    await expectError(this, client.connection, code, String(this.found))
  },
)
