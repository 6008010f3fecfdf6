// Steps about nodes of a cluster: their way to Redis, the scripted node, and two real ones.

import { randomBytes } from 'node:crypto'
import { Given, Then, When } from '@cucumber/cucumber'
import { ClusterClaim, ClusterNack, ClusterPresence } from '@happy-remote/schemas/cluster.ts'
import { ROUTED_HEADER, RoutedFrame } from '@happy-remote/schemas/relay.ts'
import type { Client } from '../peers/client.ts'
import { Failed, NotApplicable, SuiteError } from '../shim/trouble.ts'
import { isSame, pause, scripted } from './cluster.ts'
import type { SuiteWorld } from './world.ts'

// Nodes, and their way to Redis.

Given('a node under test', function (this: SuiteWorld) {
  this.useNodes(1)
})

Given('two nodes under test', function (this: SuiteWorld) {
  this.useNodes(2)
})

Given('nothing comes through between the node and Redis', async function (this: SuiteWorld) {
  const { door } = await this.meeting()
  door.hold()
})

Given('everything comes through between the node and Redis again', async function (this: SuiteWorld) {
  const { door } = await this.meeting()
  door.release()
})

Given(
  'everything between a node and Redis takes {int} ms, in each direction',
  async function (this: SuiteWorld, ms: number) {
    const { door } = await this.meeting()
    door.slow(ms)
  },
)

Given('a Redis in a network of its own', async function (this: SuiteWorld) {
  await this.meetApart()
})

/** The cable to the Redis of the scenario. */
async function cable(world: SuiteWorld) {
  const { network } = (await world.meeting()).redis
  if (!network) throw new SuiteError('No step has put Redis into a network of its own')
  return network
}

When('the network of Redis loses everything', async function (this: SuiteWorld) {
  ;(await cable(this)).cut()
})

When('the network of Redis is whole again', async function (this: SuiteWorld) {
  ;(await cable(this)).mend()
})

Given('Redis is away from the node', async function (this: SuiteWorld) {
  const { door } = await this.meeting()
  door.shut()
})

When('the node reaches Redis again', async function (this: SuiteWorld) {
  const { door } = await this.meeting()
  door.open()
})

When('Redis is killed and started again', async function (this: SuiteWorld) {
  const { redis } = await this.meeting()
  if (!redis.isOurs) throw new NotApplicable('the Redis of REDIS_URL is not ours to kill')
  await redis.restart()
})

Given('a second has passed', () => pause(1_000))

// What the scripted node does.

Given('the scripted node hears the channel of {client}', async function (this: SuiteWorld, client: Client) {
  await (await scripted(this)).listen(client.route.id)
})

Given(
  'the scripted node hears the channels of {client} and of {client}',
  async function (this: SuiteWorld, a: Client, b: Client) {
    for (const { route } of [a, b]) await (await scripted(this)).listen(route.id)
  },
)

for (const who of ['the scripted node', 'the other scripted node']) {
  const which = who.includes('other') ? 'other' : ''
  When(
    `${who} binds the route of {client} for {client}`,
    async function (this: SuiteWorld, client: Client, peer: Client) {
      await (await scripted(this, which)).bind(client.route.id, peer.route.id)
    },
  )
  When(
    `${who} publishes that {client} is not bound for {client} any more`,
    async function (this: SuiteWorld, client: Client, peer: Client) {
      await (await scripted(this, which)).presence(client.route.id, peer.route.id, 0)
    },
  )
}

Given(
  'the scripted node has bound the route of {client} for {client}, and {client} was told',
  async function (this: SuiteWorld, client: Client, peer: Client, told: Client) {
    const node = await scripted(this)
    await node.bind(client.route.id, peer.route.id)
    await told.connection.expect(
      'presence',
      ({ status, peer: about }) => status === 'online' && about === client.route.name,
    )
    await node.expect('presence', ({ content }) => content.online === 1 && content.wantAnswer === 0)
  },
)

When(
  'the scripted node publishes once more that {client} is online',
  async function (this: SuiteWorld, client: Client) {
    await (await scripted(this)).presence(client.route.id, this.client('agent').route.id, 1)
  },
)

When('the scripted node answers the presence of {client}', async function (this: SuiteWorld, client: Client) {
  const node = await scripted(this)
  const { content } = await node.expect('presence', (heard) => isSame(heard.content.route, client.route.id))
  if (content.online !== 1 || content.wantAnswer !== 1)
    throw new Failed('The presence of a bind is not online, or wants no answer')
  await node.presence(content.peer, content.route, 1)
})

When(
  'the scripted node publishes presence of {client} for {client}, and wants an answer',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    await (await scripted(this)).presence(client.route.id, peer.route.id, 1, 1)
  },
)

for (const [words, difference] of [
  ['from before', -1_000],
  ['newer', 1],
] as const) {
  const phrase = difference < 0 ? `with a token ${words}` : `with a ${words} token`
  When(`the scripted node claims the route of {client} ${phrase}`, async function (this: SuiteWorld, client: Client) {
    const node = await scripted(this)
    const stored = await node.storedToken(client.route.id)
    if (stored === undefined) throw new Failed('No token is stored for the route')
    await node.claim(client.route.id, stored + difference)
  })
}

/** One envelope of the other kinds with a fault each, and what is none at all. */
function noEnvelopes(route: Uint8Array, peer: Uint8Array): Uint8Array[] {
  const claim = ClusterClaim.encode({ token: Number.MAX_SAFE_INTEGER, nodeId: new Uint8Array(16) } as ClusterClaim)
  const nack = ClusterNack.encode({ from: route, to: peer } as ClusterNack)
  const presence = ClusterPresence.encode({
    route: peer,
    peer: route,
    nodeId: new Uint8Array(16),
    online: 0,
    wantAnswer: 1,
  } as ClusterPresence)
  const longer = (bytes: Uint8Array) => new Uint8Array([...bytes, 0])
  const with2 = (at: number) => presence.with(at, 2)
  const whole = [claim, nack, presence]
  return [
    new Uint8Array(0),
    new Uint8Array([0]),
    new Uint8Array([5, ...route]),
    new Uint8Array(Buffer.from('{"type":"claim"}')),
    RoutedFrame.encode({ from: peer, to: route, payload: new Uint8Array(0) } as RoutedFrame).subarray(
      0,
      ROUTED_HEADER - 1,
    ),
    ...whole.map(longer),
    ...whole.map((bytes) => bytes.subarray(0, -1)),
    with2(presence.length - 1),
    with2(presence.length - 2),
  ]
}

When(
  'the scripted node publishes on the channel of {client} what is no envelope',
  async function (this: SuiteWorld, client: Client) {
    const node = await scripted(this)
    const peer = this.client('controller').route.id
    for (const bytes of noEnvelopes(client.route.id, peer)) await node.publish(client.route.id, bytes)
  },
)

When(
  'the scripted node publishes on the channel of {client} what belongs on that of {client}',
  async function (this: SuiteWorld, client: Client, other: Client) {
    const node = await scripted(this)
    const [route, peer] = [client.route.id, other.route.id]
    const { nodeId } = node
    for (const bytes of [
      RoutedFrame.encode({ from: route, to: peer, payload: randomBytes(64) } as RoutedFrame),
      ClusterNack.encode({ from: peer, to: route } as ClusterNack),
      ClusterPresence.encode({ route, peer, nodeId, online: 1, wantAnswer: 1 } as ClusterPresence),
      ClusterPresence.encode({ route, peer, nodeId, online: 0, wantAnswer: 0 } as ClusterPresence),
    ])
      await node.publish(route, bytes)
  },
)

// What the clients are told, in their time.

for (const status of ['online', 'offline']) {
  Then(
    `{client} is told within {int} s that {client} is ${status}`,
    async function (this: SuiteWorld, client: Client, seconds: number, peer: Client) {
      const isIt = (one: { status: string; peer: string }) => one.status === status && one.peer === peer.route.name
      await client.connection.expect('presence', isIt, seconds * 1_000)
    },
  )
}

Then(
  '{client} is told within {int} s "bound" for its route',
  async function (this: SuiteWorld, client: Client, seconds: number) {
    const { route } = await client.connection.expect('bound', () => true, seconds * 1_000)
    if (route !== client.route.name) throw new Failed('"bound" names another route than that of the key')
  },
)

Then('{client} has been told nothing', function (this: SuiteWorld, client: Client) {
  // Not by asking: whether a node answers anything while a bind waits is its own affair.
  const { waiting } = client.connection.inbox
  if (waiting.length > 0) throw new Failed(`The ${client.name} hears ${waiting.length} messages`)
})

// Two nodes.

Given(
  '{client} and {client} at two nodes that have bound their routes to each other',
  async function (this: SuiteWorld, a: Client, b: Client) {
    this.places.set(a.name, 0)
    this.places.set(b.name, 1)
    await this.pair(a, b)
  },
)

Given('{client} at the first node that has bound an open route', async function (this: SuiteWorld, client: Client) {
  this.places.set(client.name, 0)
  await this.bound(client, null)
})

Given(
  '{client} at the second node that has bound its route for {client}',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    this.places.set(client.name, 1)
    await this.bound(client, peer.route.id)
  },
)

When(
  '{client} connects at the node of {client}, and binds its route for {client}',
  async function (this: SuiteWorld, client: Client, other: Client, peer: Client) {
    this.places.set(client.name, this.places.get(other.name) ?? 0)
    await this.connect(client)
    await client.bind(peer.route.id)
    await client.connection.expect('bound')
  },
)

const nodeOf = (world: SuiteWorld, client: Client) => {
  const relay = world.relays[world.places.get(client.name) ?? 0]
  if (!relay) throw new SuiteError(`The ${client.name} is at no node`)
  return relay
}

When('the node of {client} is killed', async function (this: SuiteWorld, client: Client) {
  await nodeOf(this, client).kill()
})

When('the node of {client} is told to stop', function (this: SuiteWorld, client: Client) {
  nodeOf(this, client).beginStop()
})
