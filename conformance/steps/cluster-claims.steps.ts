// Steps about subscriptions, claims, tokens and presence: what a node says to Redis, and in which order.

import { type DataTable, Given, Then } from '@cucumber/cucumber'
import type { Client } from '../peers/client.ts'
import { atOnce } from '../peers/patience.ts'
import { type Envelope, hex, ScriptedNode } from '../peers/scripted-node.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { claimed, isSame, scripted, until } from './cluster.ts'
import type { SuiteWorld } from './world.ts'

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
