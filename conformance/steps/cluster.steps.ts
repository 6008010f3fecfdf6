// Steps about a node of a cluster: what it says to Redis, and what it makes of what it hears there.

import { randomBytes } from 'node:crypto'
import { type DataTable, Given, Then, When } from '@cucumber/cucumber'
import { ClusterClaim, ClusterNack, ClusterPresence } from '@happy-remote/schemas/cluster.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { ROUTED_HEADER, RoutedFrame } from '@happy-remote/schemas/relay.ts'
import type { Client } from '../peers/client.ts'
import { atOnce } from '../peers/patience.ts'
import { type Envelope, type EnvelopeOf, hex, ScriptedNode } from '../peers/scripted-node.ts'
import { Failed, NotApplicable, SuiteError } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

const SCRIPTED = 'scripted node'
const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time))
const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Asks again and again until it is so. Throws Failed with `otherwise` when `time` ms are over. */
async function until(isSo: () => Promise<boolean>, time: number, otherwise: string): Promise<void> {
  const end = performance.now() + time
  while (!(await isSo())) {
    if (performance.now() > end) throw new Failed(`${otherwise} within ${time / 1000} s`)
    await pause(20)
  }
}

const scripted = async (world: SuiteWorld, which = ''): Promise<ScriptedNode> => {
  const { node, other } = await world.meeting()
  return which.trim() === 'other' ? other : node
}

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

const claimed = (route: Uint8Array) => (envelope: EnvelopeOf<'claim'>) => isSame(envelope.route, route)

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

// Frames.

/** Publishes a routed frame whose payload begins with its number, and remembers it. */
async function publishFrame(world: SuiteWorld, from: Client, to: Client, number: number, size: number): Promise<void> {
  const payload = randomBytes(size - ROUTED_HEADER)
  payload.writeUInt32BE(number)
  const bytes = RoutedFrame.encode({ from: from.route.id, to: to.route.id, payload } as RoutedFrame)
  world.sent.set(SCRIPTED, [...(world.sent.get(SCRIPTED) ?? []), { from: from.route.id, to: to.route.id, bytes }])
  await (await scripted(world)).publish(to.route.id, bytes)
}

When(
  'the scripted node publishes a frame from {client} to {client}',
  async function (this: SuiteWorld, from: Client, to: Client) {
    await publishFrame(this, from, to, 0, 100)
  },
)

When(
  'the scripted node publishes a frame of {int} bytes from {client} to {client}',
  async function (this: SuiteWorld, size: number, from: Client, to: Client) {
    await publishFrame(this, from, to, 0, size)
  },
)

When(
  'the scripted node publishes {int} numbered frames from {client} to {client}',
  async function (this: SuiteWorld, count: number, from: Client, to: Client) {
    for (let i = 0; i < count; i++) await publishFrame(this, from, to, i, 100)
  },
)

When(
  '{client} stops reading, and the scripted node publishes {int} MiB from {client} to it',
  async function (this: SuiteWorld, to: Client, size: number, from: Client) {
    to.connection.pause()
    for (let i = 0; i < size * 4; i++) await publishFrame(this, from, to, i, 262_144)
  },
)

Then('the scripted node gets the very bytes of the frame', async function (this: SuiteWorld) {
  const sent = [...this.sent.values()].flat().at(-1)
  if (!sent) throw new SuiteError('No step has sent a frame')
  const { route, bytes } = await (await scripted(this)).expect('frame')
  if (!isSame(route, sent.to)) throw new Failed('The frame is published on another channel than that of its recipient')
  if (!isSame(bytes, sent.bytes)) throw new Failed('The frame is published changed')
})

Then(
  'the scripted node gets all frames of {client}, once each and in their order',
  async function (this: SuiteWorld, client: Client) {
    const node = await scripted(this)
    for (const [i, { bytes }] of (this.sent.get(client.name) ?? []).entries()) {
      const frame = await node.expect('frame')
      if (!isSame(frame.bytes, bytes)) throw new Failed(`Where frame ${i} was due, another one is published`)
    }
    await this.settle()
    const more = node.inbox.takeAll(({ kind }) => kind === 'frame').length
    if (more > 0) throw new Failed(`${more} frames are published twice`)
  },
)

Then(
  'the scripted node gets some of the frames of {client} to {client}, once each and in their order',
  async function (this: SuiteWorld, from: Client, to: Client) {
    const node = await scripted(this)
    const sent = this.sent.get(from.name) ?? []
    const before = sent.length
    // A small frame that arrives tells that whatever comes at all has come.
    const got: EnvelopeOf<'frame'>[] = []
    const isLate = () => {
      got.push(...(node.inbox.takeAll(({ kind }) => kind === 'frame') as EnvelopeOf<'frame'>[]))
      const last = got.at(-1)
      return last !== undefined && sent.slice(before).some(({ bytes }) => isSame(bytes, last.bytes))
    }
    const sendAndLook = async () => {
      this.sendFrame(from, to.route.id, randomBytes(64))
      await pause(200)
      return isLate()
    }
    await until(sendAndLook, 2 * atOnce(), 'No frame comes through any more')
    const old = got.filter(({ bytes }) => sent.slice(0, before).some((frame) => isSame(frame.bytes, bytes)))
    this.note(`${old.length} of ${before} frames are published`)
    if (old.length === before) throw new Failed('All frames are published: whatever Redis does not take is kept')
    let next = 0
    for (const { bytes } of got) {
      const at = sent.findIndex((frame, i) => i >= next && isSame(frame.bytes, bytes))
      if (at < 0) throw new Failed('A frame is published twice, changed, or out of order')
      next = at + 1
    }
  },
)

Then('the scripted node gets no frame', async function (this: SuiteWorld) {
  await this.settle()
  const { length } = (await scripted(this)).inbox.takeAll(({ kind }) => kind === 'frame')
  if (length > 0) throw new Failed(`${length} frames are published that should not`)
})

const nacked =
  (from: Client, to: Client) =>
  ({ route, content }: EnvelopeOf<'nack'>) =>
    isSame(route, from.route.id) && isSame(content.from, from.route.id) && isSame(content.to, to.route.id)

Then(
  'the node publishes a nack for {client} and {client}',
  async function (this: SuiteWorld, from: Client, to: Client) {
    await (await scripted(this)).expect('nack', nacked(from, to))
  },
)

/** Arrival may lag behind sending by this much, and unevenly. */
const JITTER = 150

Then(
  'the node publishes nacks for {client} and {client}, with a second or more between two',
  async function (this: SuiteWorld, from: Client, to: Client) {
    const node = await scripted(this)
    const { at: first } = await node.expect('nack', nacked(from, to))
    await this.settle()
    let last = first
    for (const { at } of node.inbox.takeAll(({ kind }) => kind === 'nack')) {
      if (at - last < 1_000 - JITTER)
        throw new Failed(`Two nacks for one pair of routes come ${Math.round(at - last)} ms apart`)
      last = at
    }
  },
)

When(
  'the scripted node publishes a nack for {client} and {client}',
  async function (this: SuiteWorld, from: Client, to: Client) {
    await (await scripted(this)).nack(from.route.id, to.route.id)
  },
)

When(
  'the scripted node publishes {int} nacks for {client} and {client}',
  async function (this: SuiteWorld, count: number, from: Client, to: Client) {
    for (let i = 0; i < count; i++) await (await scripted(this)).nack(from.route.id, to.route.id)
  },
)

Then(
  '{client} is told within {int} s that a frame was not delivered',
  async function (this: SuiteWorld, client: Client, seconds: number) {
    await client.connection.expect('delivery-failed', () => true, seconds * 1_000)
  },
)

// Subscriptions, claims and tokens.

async function isSubscribed(node: ScriptedNode, route: Uint8Array): Promise<boolean> {
  if (node.isListening(route)) throw new SuiteError('The scripted node is subscribed to this channel itself')
  return (await node.subscribersOf(route)) > 0
}

Then('the node is subscribed to the channel of {client}', async function (this: SuiteWorld, client: Client) {
  if (!(await isSubscribed(await scripted(this), client.route.id))) throw new Failed('The node is not subscribed')
})

Then(
  "the node is subscribed to the channel of {client}'s second route",
  async function (this: SuiteWorld, client: Client) {
    if (!(await isSubscribed(await scripted(this), client.second.id))) throw new Failed('The node is not subscribed')
  },
)

Then(
  'the node is subscribed to the channel of {client} within {int} s',
  async function (this: SuiteWorld, client: Client, seconds: number) {
    const { redis } = await this.meeting()
    // The connection of the scripted node has ended with the Redis that was killed.
    const node = await ScriptedNode.join(`redis://${redis.host}:${redis.port}`, this.transcript)
    try {
      await until(() => isSubscribed(node, client.route.id), seconds * 1_000, 'The node does not subscribe again')
    } finally {
      node.end()
    }
  },
)

Then(
  'the node is not subscribed to the channel of {client} any more',
  async function (this: SuiteWorld, client: Client) {
    const node = await scripted(this)
    await until(
      async () => !(await isSubscribed(node, client.route.id)),
      atOnce(),
      'The node does not end its subscription',
    )
  },
)

interface Remembered {
  /** Microseconds since 1970. */
  time?: number
  token?: number
}
const remembered = (world: SuiteWorld): Remembered => {
  world.found ??= {}
  return world.found as Remembered
}

Given('it is remembered what the time of Redis is', async function (this: SuiteWorld) {
  remembered(this).time = await (await scripted(this)).time()
})

Given(
  'a token an hour ahead of the time of Redis is stored for the route of {client}',
  async function (this: SuiteWorld, client: Client) {
    const node = await scripted(this)
    const token = (await node.time()) + 3_600_000_000
    await node.storeToken(client.route.id, token)
    remembered(this).token = token
  },
)

async function tokenOf(world: SuiteWorld, client: Client, time?: number): Promise<number> {
  const { content } = await (await scripted(world)).expect('claim', claimed(client.route.id), time)
  remembered(world).token = content.token
  return content.token
}

Then(
  'the node claims the route of {client} with a token between that time and now',
  async function (this: SuiteWorld, client: Client) {
    const { time = 0 } = remembered(this)
    const token = await tokenOf(this, client)
    const now = await (await scripted(this)).time()
    if (token < time || token > now) throw new Failed(`The token ${token} is not between ${time} and ${now}`)
  },
)

Then(
  'the node claims the route of {client} with the token that follows that one',
  async function (this: SuiteWorld, client: Client) {
    const { token: before = 0 } = remembered(this)
    const token = await tokenOf(this, client)
    if (token !== before + 1) throw new Failed(`The token is ${token}, expected ${before + 1}`)
  },
)

Then('that token is stored for the route of {client}', async function (this: SuiteWorld, client: Client) {
  const stored = await (await scripted(this)).storedToken(client.route.id)
  if (stored !== remembered(this).token)
    throw new Failed(`The token ${stored} is stored, and ${remembered(this).token} claimed`)
})

Then('the tokens of two claims of the route of {client} rise', async function (this: SuiteWorld, client: Client) {
  const [first, second] = [await tokenOf(this, client), await tokenOf(this, client)]
  if (second <= first) throw new Failed(`The second token, ${second}, is not above the first, ${first}`)
})

Then(
  'the node claims the route of {client} twice with the same token',
  async function (this: SuiteWorld, client: Client) {
    const [first, second] = [await tokenOf(this, client), await tokenOf(this, client)]
    if (second !== first) throw new Failed(`The second claim has the token ${second}, the first ${first}`)
  },
)

Given('the claim of {client} was heard', async function (this: SuiteWorld, client: Client) {
  await tokenOf(this, client)
  ;(await scripted(this)).inbox.takeAll()
})

/** Redis may have to be found first. */
const BACK_TIME = 20_000

Then('the node claims the route of {client}', async function (this: SuiteWorld, client: Client) {
  await tokenOf(this, client, BACK_TIME)
})

Then(
  'the node claims the route of {client} with a newer token than the scripted node has',
  async function (this: SuiteWorld, client: Client) {
    const before = (await scripted(this)).tokenOf(client.route.id) ?? Number.MAX_SAFE_INTEGER
    const token = await tokenOf(this, client, BACK_TIME)
    if (token <= before) throw new Failed(`The token ${token} is not above ${before}`)
  },
)

Then(
  'the node claims the route of {client} within {int} s with the token that it had',
  async function (this: SuiteWorld, client: Client, seconds: number) {
    const { token: before } = remembered(this)
    const node = await scripted(this)
    const { content, at } = await node.expect('claim', claimed(client.route.id), seconds * 1_000)
    if (content.token !== before) throw new Failed(`The token is ${content.token}, expected ${before}`)
    this.found = { at }
  },
)

Then(
  'before that it published that {client} is bound for {client}, and wanted an answer',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    const { at } = this.found as { at: number }
    const { content, at: heardAt } = await (await scripted(this)).expect('presence', ({ route }) =>
      isSame(route, peer.route.id),
    )
    if (!isSame(content.route, client.route.id) || content.online !== 1 || content.wantAnswer !== 1)
      throw new Failed('The presence is about another route, not online, or wants no answer')
    if (heardAt > at) throw new Failed('The claim comes before the presence')
  },
)

Then('the claims of {client} and of {client} name two nodes', async function (this: SuiteWorld, a: Client, b: Client) {
  const node = await scripted(this)
  const [first, second] = [
    await node.expect('claim', claimed(a.route.id)),
    await node.expect('claim', claimed(b.route.id)),
  ]
  if (isSame(first.content.nodeId, second.content.nodeId)) throw new Failed('Two nodes have one nodeId')
})

// What was heard, in its order.

const named = (world: SuiteWorld, bytes: Uint8Array): string =>
  [...world.clients.values()].find(({ route }) => isSame(route.id, bytes))?.name ?? hex(bytes)

function row(world: SuiteWorld, { route: channel, kind, content }: Envelope): Record<string, string> {
  const place = { channel: named(world, channel), envelope: kind }
  if (kind !== 'presence') return { ...place, route: '', peer: '', online: '', wantAnswer: '' }
  const { route, peer, online, wantAnswer } = content
  return {
    ...place,
    route: named(world, route),
    peer: named(world, peer),
    online: String(online),
    wantAnswer: String(wantAnswer),
  }
}

Then('the scripted node has heard, in this order:', async function (this: SuiteWorld, table: DataTable) {
  const node = await scripted(this)
  await this.settle()
  node.assertWell()
  const heard = node.inbox.takeAll()
  this.found = heard
  const [got, expected] = [
    heard.map((each) => JSON.stringify(row(this, each))),
    table.hashes().map((each) => JSON.stringify(each)),
  ]
  if (got.join() !== expected.join()) throw new Failed(`The node has published ${got.join(', ')}`)
})

Then('both name the same node', function (this: SuiteWorld) {
  const nodes = (this.found as Envelope[]).flatMap(({ kind, content }) =>
    kind === 'claim' || kind === 'presence' ? hex(content.nodeId) : [],
  )
  if (nodes.length !== 2 || nodes[0] !== nodes[1]) throw new Failed(`They name ${nodes.join(' and ')}`)
})

async function publishesNothing(world: SuiteWorld): Promise<void> {
  const node = await scripted(world)
  await world.settle()
  node.assertWell()
  const kinds = node.inbox.waiting.map(({ kind }) => kind)
  if (kinds.length > 0) throw new Failed(`The node publishes ${kinds.join(', ')}`)
}

for (const words of ['the node publishes nothing', 'the node publishes nothing more']) {
  Then(words, async function (this: SuiteWorld) {
    await publishesNothing(this)
  })
}

async function says(world: SuiteWorld, client: Client, peer: Client, online: 0 | 1): Promise<void> {
  const node = await scripted(world)
  const { content } = await node.expect(
    'presence',
    ({ route, content: { online: is } }) => isSame(route, peer.route.id) && is === online,
  )
  if (!isSame(content.route, client.route.id)) throw new Failed('The presence is about another route')
  if (content.wantAnswer === 1) throw new Failed('The presence wants an answer')
}

Then(
  'the node answers that {client} is bound for {client}',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    await says(this, client, peer, 1)
  },
)

Then(
  'the node publishes that {client} is not bound for {client} any more',
  async function (this: SuiteWorld, client: Client, peer: Client) {
    await says(this, client, peer, 0)
  },
)

// Leases, and what is left in Redis.

Then('the node has a lease of at most 30 s', async function (this: SuiteWorld) {
  const node = await scripted(this)
  const left = await node.leaseOf(node.heardNode)
  if (left === undefined) throw new Failed('The node has no lease')
  if (left < 0 || left > limits.clusterLease) throw new Failed(`The lease of the node has ${left} ms left`)
})

Then('the node has no lease', async function (this: SuiteWorld) {
  const node = await scripted(this)
  if ((await node.leaseOf(node.heardNode)) !== undefined) throw new Failed('The node still has a lease')
})

Then(
  'the lease of the node is renewed within {int} s, and again within {int} s',
  { timeout: 60_000 },
  async function (this: SuiteWorld, first: number, second: number) {
    const node = await scripted(this)
    for (const within of [first, second]) {
      let least = (await node.leaseOf(node.heardNode)) ?? 0
      await until(
        async () => {
          const left = (await node.leaseOf(node.heardNode)) ?? 0
          const isRenewed = left > least + 1_000
          least = Math.min(least, left)
          return isRenewed
        },
        within * 1_000,
        'The lease of the node is not renewed',
      )
    }
  },
)

When('the lease of the scripted node ends', async function (this: SuiteWorld) {
  await (await scripted(this)).deleteLease()
})

When('the lease of the node ends', async function (this: SuiteWorld) {
  const node = await scripted(this)
  await node.deleteLease(node.heardNode)
})

When('{int} s pass, in which the scripted node keeps its lease', async function (this: SuiteWorld, seconds: number) {
  const end = performance.now() + seconds * 1_000
  for (; performance.now() < end; await pause(1_000)) await (await scripted(this)).setLease()
})

Then(
  'every key in Redis begins with {string} and expires within 30 s',
  async function (this: SuiteWorld, prefix: string) {
    await this.settle()
    const keys = await (await scripted(this)).keys()
    if (keys.size === 0) throw new Failed('The node keeps nothing in Redis, not even its lease')
    for (const [name, left] of keys) {
      if (!name.startsWith(prefix)) throw new Failed(`The node keeps a key ${name}`)
      if (left < 0 || left > limits.clusterLease) throw new Failed(`The key ${name} has ${left} ms left`)
    }
  },
)

// What the clients are told, in their time.

Then(
  '{client} is told within {int} s that {client} is offline',
  async function (this: SuiteWorld, client: Client, seconds: number, peer: Client) {
    await client.connection.expect(
      'presence',
      ({ status, peer: about }) => status === 'offline' && about === peer.route.name,
      seconds * 1_000,
    )
  },
)

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
