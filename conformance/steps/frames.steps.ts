// Steps about routed frames and what becomes of them.

import { randomBytes } from 'node:crypto'
import { type DataTable, Given, Then, When } from '@cucumber/cucumber'
import { ROUTED_HEADER } from '@happy-remote/schemas/relay.ts'
import type { Client } from '../peers/client.ts'
import type { Connection, MessageOf } from '../peers/connection.ts'
import type { Heard } from '../peers/inbox.ts'
import { atOnce } from '../peers/patience.ts'
import { base64url, fromBase64url, Route } from '../peers/route.ts'
import { wrongFrames, wrongMessages, wrongTexts } from '../peers/wrong-texts.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

type Frame = Extract<Heard, { kind: 'frame' }>
const isFrame = (heard: Heard): heard is Frame => heard.kind === 'frame'
const isFailure = (heard: Heard) => heard.kind === 'message' && heard.message.type === 'delivery-failed'

/** A payload whose first four bytes are its number. */
function numbered(number: number, size: number): Uint8Array {
  const payload = randomBytes(Math.max(size, 4))
  payload.writeUInt32BE(number)
  return payload
}

const numberOf = ({ frame }: Frame): number => Buffer.from(frame.payload).readUInt32BE()

When('{client} sends a frame to {client}', function (this: SuiteWorld, from: Client, to: Client) {
  this.sendFrame(from, to.route.id, randomBytes(64))
})

When("{client}'s first connection sends a frame to {client}", function (this: SuiteWorld, from: Client, to: Client) {
  this.sendFrame(from, to.route.id, randomBytes(64), { connection: from.first })
})

When("{client} sends a frame to {client}'s second route", function (this: SuiteWorld, from: Client, to: Client) {
  this.sendFrame(from, to.second.id, randomBytes(64))
})

When('{client} sends a frame to a route that nobody has bound', function (this: SuiteWorld, from: Client) {
  this.sendFrame(from, new Route().id, randomBytes(64))
})

When(
  '{client} sends a frame to {client} in the name of {client}',
  function (this: SuiteWorld, from: Client, to: Client, other: Client) {
    this.sendFrame(from, to.route.id, randomBytes(64), { route: other.route })
  },
)

When('{client} sends a frame to {client} from its second route', function (this: SuiteWorld, from: Client, to: Client) {
  this.sendFrame(from, to.route.id, randomBytes(64), { route: from.second })
})

When(
  '{client} sends a frame with a payload of {int} bytes to {client}',
  function (this: SuiteWorld, from: Client, size: number, to: Client) {
    this.sendFrame(from, to.route.id, randomBytes(size))
  },
)

When(
  '{client} sends a frame of {int} bytes to {client}',
  function (this: SuiteWorld, from: Client, size: number, to: Client) {
    this.sendFrame(from, to.route.id, randomBytes(size - ROUTED_HEADER))
  },
)

When(
  '{client} sends a frame as large as maxFrame to {client}',
  async function (this: SuiteWorld, from: Client, to: Client) {
    const { maxFrame } = await from.connection.hello()
    this.sendFrame(from, to.route.id, randomBytes(maxFrame - ROUTED_HEADER))
  },
)

When(
  '{client} sends a frame in {int} WebSocket fragments to {client}',
  function (this: SuiteWorld, from: Client, parts: number, to: Client) {
    this.sendFrame(from, to.route.id, randomBytes(1_000), { parts })
  },
)

When(
  '{client} sends a frame to {client} whose payload is the text of an "unbind"',
  function (this: SuiteWorld, from: Client, to: Client) {
    this.sendFrame(from, to.route.id, Buffer.from(JSON.stringify({ type: 'unbind', route: from.route.name })))
  },
)

When('{client} sends {int} frames to {client}', function (this: SuiteWorld, from: Client, count: number, to: Client) {
  for (let i = 0; i < count; i++) this.sendFrame(from, to.route.id, numbered(i, 64))
})

When(
  '{client} sends {int} frames of {int} bytes to {client}',
  function (this: SuiteWorld, from: Client, count: number, size: number, to: Client) {
    for (let i = 0; i < count; i++) this.sendFrame(from, to.route.id, numbered(i, size - ROUTED_HEADER))
  },
)

When(
  '{client} sends {int} numbered frames of different sizes to {client}',
  function (this: SuiteWorld, from: Client, count: number, to: Client) {
    // Small between large, so that whatever treats the two differently changes the order.
    for (let i = 0; i < count; i++)
      this.sendFrame(from, to.route.id, numbered(i, i % 7 === 0 ? 60_000 : i % 3 === 0 ? 2_000 : 20))
  },
)

When(
  '{client} and {client} send each other {int} numbered frames',
  function (this: SuiteWorld, a: Client, b: Client, count: number) {
    for (let i = 0; i < count; i++) {
      this.sendFrame(a, b.route.id, numbered(i, 500))
      this.sendFrame(b, a.route.id, numbered(i, 500))
    }
  },
)

When(
  '{client} sends a frame to {client} every {int} ms for {int} s',
  async function (this: SuiteWorld, from: Client, to: Client, every: number, seconds: number) {
    for (let sent = 0; sent * every < seconds * 1000; sent++) {
      this.sendFrame(from, to.route.id, randomBytes(64))
      await new Promise((resolve) => setTimeout(resolve, every))
    }
  },
)

When('{client} sends a text frame that is {wrongText}', function (this: SuiteWorld, client: Client, what: string) {
  client.connection.sendWrongText(wrongTexts[what] ?? '')
})

When('{client} sends {wrongMessage}', function (this: SuiteWorld, client: Client, what: string) {
  client.connection.sendWrongText(wrongMessages[what] ?? '')
})

When('{client} sends a binary frame that {wrongFrame}', function (this: SuiteWorld, client: Client, what: string) {
  client.connection.sendWrongFrame(wrongFrames[what]?.(client.route.id, new Route().id) ?? new Uint8Array(0))
})

When(
  '{client} sends a binary frame that is one byte larger than maxFrame',
  async function (this: SuiteWorld, client: Client) {
    const bytes = new Uint8Array((await client.connection.hello()).maxFrame + 1)
    bytes.set([1, ...client.route.id])
    client.connection.sendWrongFrame(bytes)
  },
)

When(
  '{client} sends a text frame that is one byte larger than maxFrame',
  async function (this: SuiteWorld, client: Client) {
    client.connection.sendWrongText(Buffer.alloc((await client.connection.hello()).maxFrame + 1, ' '))
  },
)

/** The frames that were sent to the route of `to` and nobody has accounted for yet. */
function sentTo(world: SuiteWorld, to: Client): Uint8Array[] {
  return [...world.sent.values()]
    .flat()
    .filter((frame) => Buffer.compare(frame.to, to.route.id) === 0)
    .map(({ bytes }) => bytes)
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

Then('{client} gets the very bytes', async function (this: SuiteWorld, to: Client) {
  const [sent] = sentTo(this, to)
  if (!sent) throw new SuiteError(`No step has sent a frame to the ${to.name}`)
  const { bytes } = await to.connection.expectFrame()
  if (!same(bytes, sent))
    throw new Failed(`The frame arrives changed: ${sent.length} bytes were sent, ${bytes.length} arrive`)
  this.sent.clear()
})

/** Sends one frame with a payload of its own and waits for it. */
async function passes(
  world: SuiteWorld,
  from: Client,
  to: Client,
  at: Connection = to.connection,
  route = to.route,
): Promise<void> {
  world.sendFrame(from, route.id, randomBytes(64))
  const sent = world.sent.get(from.name)?.at(-1)?.bytes
  const { bytes } = await at.expectFrame()
  if (!sent || !same(bytes, sent)) throw new Failed('Another frame arrives than the one that was sent')
}

Then('frames pass between {client} and {client}', async function (this: SuiteWorld, a: Client, b: Client) {
  await passes(this, a, b)
  await passes(this, b, a)
})

Then('a frame from {client} to {client} is delivered', async function (this: SuiteWorld, from: Client, to: Client) {
  await passes(this, from, to)
})

Then(
  "a frame from {client} to {client}'s second route is delivered on the first connection",
  async function (this: SuiteWorld, from: Client, to: Client) {
    await passes(this, from, to, to.first, to.second)
  },
)

type Pair = { readonly from: Uint8Array; readonly to: Uint8Array }

async function told(at: Connection, { from, to }: Pair): Promise<MessageOf<'delivery-failed'>> {
  const failure = await at.expect('delivery-failed')
  if (failure.from !== base64url(from)) throw new Failed('"delivery-failed" names another "from" than the frame')
  if (failure.to !== base64url(to)) throw new Failed('"delivery-failed" names another "to" than the frame')
  return failure
}

/** What became of the frame that was just sent must be told to its sender, and the frame go nowhere. */
async function isLost(world: SuiteWorld, from: Client, to: Client): Promise<void> {
  // What the other one did before has to reach the relay first.
  await world.settle()
  world.sendFrame(from, to.route.id, randomBytes(64))
  await told(from.connection, { from: from.route.id, to: to.route.id })
  await world.settle()
  for (const connection of to.connections) {
    if (connection.inbox.takeAll(isFrame).length > 0) throw new Failed(`The frame reaches the ${to.name} all the same`)
  }
}

for (const words of [
  'a frame from {client} to {client} is not delivered',
  'a frame from {client} to {client} was not delivered',
]) {
  Then(words, async function (this: SuiteWorld, from: Client, to: Client) {
    await isLost(this, from, to)
  })
}

Then('{client} is told that the frame was not delivered', async function (this: SuiteWorld, from: Client) {
  await toldOfLast(this, from, from.connection)
})

Then(
  "{client}'s first connection is told that the frame was not delivered",
  async function (this: SuiteWorld, from: Client) {
    await toldOfLast(this, from, from.first)
  },
)

async function toldOfLast(world: SuiteWorld, from: Client, connection: Connection): Promise<void> {
  const last = world.sent.get(from.name)?.at(-1)
  if (!last) throw new SuiteError(`The ${from.name} has sent no frame`)
  await told(connection, last)
}

Then(
  '{client} is told {string} from its route to the route of {client}, because {string}',
  async function (this: SuiteWorld, from: Client, type: string, to: Client, reason: string) {
    const failure = await told(from.connection, { from: from.route.id, to: to.route.id })
    if (failure.type !== type || failure.reason !== reason) throw new Failed(`The reason is "${failure.reason}"`)
  },
)

Then(
  '{client} is told that the frame to {client} was not delivered',
  async function (this: SuiteWorld, from: Client, to: Client) {
    await from.connection.expect(
      'delivery-failed',
      (failure) => failure.to === to.route.name && failure.from === from.route.name,
    )
  },
)

Then('{client} is told once that they were not delivered', async function (this: SuiteWorld, from: Client) {
  await from.connection.expect('delivery-failed')
  await this.settle()
  const more = from.connection.inbox.takeAll(isFailure).length
  if (more > 0) throw new Failed(`The ${from.name} is told ${more + 1} times within a second`)
})

/** Arrival may lag behind sending by this much, and unevenly. */
export const JITTER = 150

Then(
  '{client} is told that they were not delivered, with a second or more between two answers',
  async function (this: SuiteWorld, from: Client) {
    await this.settle()
    const times = from.connection.inbox.takeAll(isFailure).map(({ at }) => at)
    if (times.length < 2) throw new Failed(`In 4 s the ${from.name} is told ${times.length} times`)
    for (const [i, at] of times.entries()) {
      const gap = at - (times[i - 1] ?? Number.NEGATIVE_INFINITY)
      if (gap < 1000 - JITTER) throw new Failed(`Two answers for one pair of routes come ${Math.round(gap)} ms apart`)
    }
  },
)

Then('{client} gets exactly {int} frames', async function (this: SuiteWorld, to: Client, expected: number) {
  for (let i = 0; i < expected; i++) await to.connection.expectFrame()
  await this.settle()
  const { length } = to.connection.inbox.takeAll(isFrame)
  if (length > 0) throw new Failed(`${expected + length} frames arrive, expected ${expected}`)
})

Then('{client} gets no frame', async function (this: SuiteWorld, to: Client) {
  await this.settle()
  const { length } = to.connection.inbox.takeAll(isFrame)
  if (length > 0) throw new Failed(`${length} frames arrive that should not`)
})

Given(
  '{client} has sent {int} frames to {client}, which got them',
  async function (this: SuiteWorld, from: Client, count: number, to: Client) {
    for (let i = 0; i < count; i++) await passes(this, from, to)
  },
)

Then('{client} gets them all, once each, in their order', async function (this: SuiteWorld, to: Client) {
  const sent = sentTo(this, to)
  for (const [i, bytes] of sent.entries()) {
    const frame = await to.connection.expectFrame()
    if (numberOf(frame) !== i) throw new Failed(`Frame ${numberOf(frame)} arrives where frame ${i} was due`)
    if (!same(frame.bytes, bytes)) throw new Failed(`Frame ${i} arrives changed`)
  }
  await this.settle()
  const more = to.connection.inbox.takeAll(isFrame).length
  if (more > 0) throw new Failed(`${more} frames arrive twice`)
})

/** Everything of a message but the routes, for comparing. */
const rest = ({ from: _from, to: _to, ...others }: MessageOf<'delivery-failed'>) =>
  JSON.stringify(Object.entries(others).toSorted())

async function recipient(world: SuiteWorld, what: string): Promise<Uint8Array> {
  const owner = world.client(`owner of ${what}`)
  switch (what) {
    case 'a route that nobody has ever bound':
      return new Route().id
    case 'a route whose client has gone':
      await world.bound(owner, null)
      await world.loseNoticed(owner)
      return owner.route.id
    case 'a route that was given up':
      await world.bound(owner, null)
      owner.connection.send({ type: 'unbind', route: owner.route.name })
      await owner.connection.roundTrip()
      return owner.route.id
    case 'a route that is bound with another peer':
      await world.bound(owner, new Route().id)
      return owner.route.id
    case 'an open route that has had its 20 frames': {
      await world.bound(owner, null)
      const guest = world.client('guest')
      await world.bound(guest, owner.route.id)
      for (let i = 0; i < 20; i++) await passes(world, guest, owner)
      return owner.route.id
    }
    default:
      throw new SuiteError(`No step knows how to make ${what}`)
  }
}

When(
  '{client} sends a frame to each of these recipients',
  async function (this: SuiteWorld, from: Client, table: DataTable) {
    const answers: MessageOf<'delivery-failed'>[] = []
    for (const { recipient: what = '' } of table.hashes()) {
      const to = await recipient(this, what)
      this.sendFrame(from, to, randomBytes(64))
      answers.push(await told(from.connection, { from: from.route.id, to }))
    }
    this.found = answers
  },
)

Then('the answers differ in nothing but the recipient', async function (this: SuiteWorld) {
  assertSame(this.found as MessageOf<'delivery-failed'>[])
  await this.settle()
  for (const { message } of this.client('agent')
    .connection.inbox.takeAll()
    .flatMap((heard) => (heard.kind === 'message' ? [heard] : []))) {
    throw new Failed(`A "${message.type}" comes beside the answers`)
  }
})

function assertSame(answers: readonly MessageOf<'delivery-failed'>[]): void {
  const kinds = new Set(answers.map(rest))
  if (kinds.size > 1) throw new Failed(`The answers differ: ${[...kinds].join(' and ')}`)
}

Then(
  '{client} gets two answers that differ in nothing but the sender',
  async function (this: SuiteWorld, from: Client) {
    const answers = [await from.connection.expect('delivery-failed'), await from.connection.expect('delivery-failed')]
    assertSame(answers)
    const senders = new Set((this.sent.get(from.name) ?? []).map((frame) => base64url(frame.from)))
    if (!answers.every((answer) => senders.delete(answer.from)))
      throw new Failed('The answers name other senders than the frames')
  },
)

Then(
  'it is recorded whether a frame from {client} to {client} is delivered',
  async function (this: SuiteWorld, from: Client, to: Client) {
    await to.connection.expect('bound')
    this.sendFrame(from, to.route.id, randomBytes(64))
    const heard = await Promise.race([
      to.connection.inbox.take(isFrame, atOnce()),
      from.connection.inbox.take(isFailure, atOnce()),
    ])
    this.note(heard?.kind === 'frame' ? 'the count begins anew' : 'the count is kept for longer')
  },
)

When(
  '{client} sends {int} MiB in numbered frames to {client}, and the node has taken them',
  async function (this: SuiteWorld, from: Client, size: number, to: Client) {
    for (let i = 0; i < size * 4; i++) this.sendFrame(from, to.route.id, numbered(i, 262_144))
    await from.connection.roundTrip()
  },
)

When(
  '{client} stops reading, and {client} sends it {int} MiB in numbered frames',
  async function (this: SuiteWorld, to: Client, from: Client, size: number) {
    to.connection.pause()
    const { connection } = from
    for (let i = 0; i < size * 4; i++) {
      this.sendFrame(from, to.route.id, numbered(i, 262_144))
      await taken(connection, to)
    }
  },
)

/** Waits until the network has taken most of what was sent. A relay that stops reading never takes it. */
async function taken(connection: Connection, slow: Client): Promise<void> {
  let least = Number.POSITIVE_INFINITY
  let since = performance.now()
  while (connection.unsent > 1_048_576) {
    if (connection.closed) throw new Failed(`The relay closes the connection with ${connection.closed.code}`)
    if (connection.unsent < least) {
      least = connection.unsent
      since = performance.now()
    }
    if (performance.now() - since > atOnce()) {
      throw new Failed(`The relay reads nothing more from a client whose peer, the ${slow.name}, does not read`)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

Then(
  '{client} is told that a frame was not delivered, as for a route that nobody has bound',
  async function (this: SuiteWorld, from: Client) {
    const slow = await toldOf(from, this)
    this.sendFrame(from, new Route().id, randomBytes(64))
    const last = this.sent.get(from.name)?.pop()
    const unknown = await from.connection.expect(
      'delivery-failed',
      ({ to }) => last !== undefined && to === base64url(last.to),
    )
    assertSame([slow, unknown])
  },
)

async function toldOf(from: Client, world: SuiteWorld): Promise<MessageOf<'delivery-failed'>> {
  const failure = await from.connection.expect('delivery-failed')
  const to = world.sent.get(from.name)?.at(-1)?.to
  if (!to || !same(fromBase64url(failure.to), to))
    throw new Failed('"delivery-failed" names another "to" than the frame')
  return failure
}

Then(
  '{client}, when it reads again, gets some of the frames, once each, in their order',
  async function (this: SuiteWorld, to: Client) {
    to.connection.resume()
    await this.settle()
    const numbers = to.connection.inbox.takeAll(isFrame).map((heard) => numberOf(heard as Frame))
    const sent = sentTo(this, to).length
    this.note(`${numbers.length} of ${sent} frames arrive`)
    if (numbers.length === 0) throw new Failed('No frame arrives')
    if (numbers.length >= sent) throw new Failed('The relay holds all the frames for a client that does not read')
    const wrong = numbers.findIndex((number, i) => i > 0 && number <= (numbers[i - 1] as number))
    if (wrong > 0) throw new Failed(`Frame ${numbers[wrong]} arrives after frame ${numbers[wrong - 1]}`)
  },
)
