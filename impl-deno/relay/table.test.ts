import { deepEqual, equal } from 'node:assert/strict'
import { type Client, newRoute, type RouteKey, routed, WAIT } from './testing/client.ts'
import { relayTest, type Subject } from './testing/subject.ts'

const fails = async (client: Client, from: RouteKey, to: RouteKey) =>
  deepEqual(await client.take('delivery-failed'), {
    type: 'delivery-failed',
    from: from.text,
    to: to.text,
    reason: 'offline',
  })

relayTest('a frame arrives as the very bytes, both ways and of every size', {}, async (relay) => {
  const { a, b, atA, atB } = await relay.pair()
  for (const size of [0, 1, 92, 93, 126, 65_502, 65_503, 262_400 - 33]) {
    const payload = new Uint8Array(size).map((_, i) => i * 7 + size)
    atA.sendFrame(routed(a, b, payload))
    deepEqual(await atB.takeFrame(), routed(a, b, payload))
    atB.sendFrame(routed(b, a, payload))
    deepEqual(await atA.takeFrame(), routed(b, a, payload))
  }
  deepEqual([await atA.settled(), await atB.settled()], [[], []])
})

relayTest('frames arrive once each and in order', { limits: { deliveryFailedRate: 600_000 } }, async (relay) => {
  const { a, b, atA, atB } = await relay.pair()
  const second = await newRoute()
  await atA.bind(second, b, relay.origin)
  for (let i = 0; i < 1_000; i++) {
    // Between two ways, so that no frame is taken for one on the way of the frame before.
    if (i % 3 === 0) atA.sendFrame(routed(second, b, `stray ${i}`))
    atA.sendFrame(routed(a, b, `frame ${i}`))
  }
  for (let i = 0; i < 1_000; i++) deepEqual(await atB.takeFrame(), routed(a, b, `frame ${i}`))
  await fails(atA, second, b)
  deepEqual([await atA.settled(), await atB.settled()], [[], []])
})

relayTest('a frame larger than maxFrame ends its connection with 4413, and arrives nowhere', {}, async (relay) => {
  const { a, b, atA, atB } = await relay.pair()
  atA.sendFrame(routed(a, b, new Uint8Array(262_401 - 33)))
  equal((await atA.take('error')).code, 'too-large')
  equal((await atA.ended()).code, 4413)
  await atB.take('presence')
  deepEqual(await atB.settled(), [])
})

relayTest('a binary frame that is no routed frame ends its connection with 4400', {}, async (relay) => {
  const [a, b] = [await newRoute(), await newRoute()]
  const good = routed(a, b, '')
  const other = good.slice()
  for (const bad of [
    new Uint8Array(0),
    Uint8Array.of(1),
    good.slice(0, 32),
    other.fill(0, 0, 1),
    other.fill(2, 0, 1),
  ]) {
    const client = await relay.bound(a, b)
    client.sendFrame(bad)
    equal((await client.take('error')).code, 'malformed')
    equal((await client.ended()).code, 4400)
  }
})

relayTest('a frame from a route that is not bound here is dropped', {}, async (relay) => {
  const { a, b, atA, atB } = await relay.pair()
  const stranger = await newRoute()
  atA.sendFrame(routed(stranger, b))
  await fails(atA, stranger, b)
  // Bound, but on the other connection
  atB.sendFrame(routed(a, b))
  await fails(atB, a, b)
  deepEqual([await atA.settled(), await atB.settled()], [[], []])
})

relayTest('the peer of the recipient decides, and that of the sender does not', {}, async (relay) => {
  const { a, b, atA, atB } = await relay.pair()
  const c = await newRoute()
  const atC = await relay.bound(c, a)
  // a names b, so c may not send to it; c names a, so a may send there.
  atC.sendFrame(routed(c, a))
  await fails(atC, c, a)
  atA.sendFrame(routed(a, c))
  deepEqual(await atC.takeFrame(), routed(a, c))
  await atA.bind(a, null, relay.origin)
  equal((await atB.take('presence')).status, 'offline')
  atA.sendFrame(routed(a, b))
  deepEqual(await atB.takeFrame(), routed(a, b))
})

relayTest('permission follows the newest bind at once', {}, async (relay) => {
  const { a, b, atA, atB } = await relay.pair()
  const c = await newRoute()
  const atC = await relay.bound(c, a)
  for (let i = 0; i < 3; i++) {
    atB.sendFrame(routed(b, a, `b ${i}`))
    deepEqual(await atA.takeFrame(), routed(b, a, `b ${i}`))
    await atA.bind(a, c, relay.origin)
    atC.sendFrame(routed(c, a, `c ${i}`))
    deepEqual(await atA.takeFrame(), routed(c, a, `c ${i}`))
    await atA.bind(a, b, relay.origin)
  }
  deepEqual(
    atA.heard.filter((one) => one instanceof Uint8Array),
    [],
  )
})

relayTest('a route may send to itself where it names itself, and is present to nobody', {}, async (relay) => {
  const a = await newRoute()
  const client = await relay.bound(a, a)
  client.sendFrame(routed(a, a))
  deepEqual(await client.takeFrame(), routed(a, a))
  deepEqual(await client.settled(), [])
})

relayTest('every reason of a failure looks the same to the sender', { limits: { openFrames: 1 } }, async (relay) => {
  const [a, unknown, gone, taken, open] = (await Promise.all([0, 1, 2, 3, 4].map(newRoute))) as [
    RouteKey,
    RouteKey,
    RouteKey,
    RouteKey,
    RouteKey,
  ]
  const atA = await relay.bound(a, null)
  const atGone = await relay.bound(gone, a)
  atGone.send({ type: 'unbind', route: gone.text })
  await atGone.settled()
  await relay.bound(taken, unknown)
  await relay.bound(open, null)
  atA.sendFrame(routed(a, open))
  deepEqual(await atA.settled(), [])
  for (const to of [unknown, gone, taken, open]) {
    atA.sendFrame(routed(a, to))
    await fails(atA, a, to)
    deepEqual(await atA.settled(), [])
  }
})

relayTest(
  'one pair of routes is told once in the rate, and again after it',
  { limits: { deliveryFailedRate: 400 } },
  async (relay) => {
    const [a, b, c] = [await newRoute(), await newRoute(), await newRoute()]
    const [atA, other] = [await relay.bound(a, b), await relay.open()]
    const first = performance.now()
    for (let i = 0; i < 20; i++) atA.sendFrame(routed(a, b))
    atA.sendFrame(routed(a, c))
    const heard = await atA.settled()
    // Unless the machine slept for longer than the rate, these are one each.
    if (performance.now() - first < 400) {
      deepEqual(heard.map((one) => (one as { to: string }).to).toSorted(), [b.text, c.text].toSorted())
    }
    // A stranger who names the pair takes nothing of its owner's.
    await other.bind(await newRoute(), null, relay.origin)
    other.sendFrame(routed(a, b))
    await fails(other, a, b)
    let told = 0
    while (told === 0) {
      atA.sendFrame(routed(a, b))
      told = (await atA.settled()).length
    }
    equal(performance.now() - first >= 400, true)
  },
)

/** What each of some clients was told of presence, as `route status peer` by the names given. */
async function told(names: Readonly<Record<string, RouteKey>>, ...clients: Client[]): Promise<string[][]> {
  const nameOf = (text: unknown) => Object.entries(names).find(([, route]) => route.text === text)?.[0]
  // One after the other: what the first has done is seen by the rest.
  const heard: Awaited<ReturnType<Client['settled']>>[] = []
  for (const client of clients) heard.push(await client.settled())
  return heard.map((all) =>
    all.map((one) => {
      if (one instanceof Uint8Array) return 'frame'
      if (one.type !== 'presence') return one.type
      equal(Math.abs((one.timestamp as number) - Date.now()) < 60_000, true)
      return `${nameOf(one.route)}: ${nameOf(one.peer)} ${one.status}`
    }),
  )
}

async function threeRoutes(relay: Subject) {
  const [a, b, c] = [await newRoute(), await newRoute(), await newRoute()]
  const [atA, atB, atC] = [await relay.open(), await relay.open(), await relay.open()]
  const bind = async (client: Client, route: RouteKey, peer: RouteKey | null) =>
    client.send(await client.bindMessage(route, peer, relay.origin))
  return { a, b, c, atA, atB, atC, bind, tell: (...clients: Client[]) => told({ a, b, c }, ...clients) }
}

relayTest('two routes that name each other are told, and bound comes first', {}, async (relay) => {
  const { a, b, atA, atB, bind, tell } = await threeRoutes(relay)
  await bind(atA, a, b)
  deepEqual(await tell(atA), [['bound']])
  await bind(atB, b, a)
  deepEqual(await tell(atB, atA), [['bound', 'b: a online'], ['a: b online']])
})

relayTest('a bind of the same pair again tells the connection that bound it, and no other', {}, async (relay) => {
  const { a, b, atA, atB, atC, bind, tell } = await threeRoutes(relay)
  await bind(atA, a, b)
  await tell(atA)
  await bind(atB, b, a)
  await tell(atB, atA)
  await bind(atA, a, b)
  deepEqual(await tell(atA, atB), [['bound', 'a: b online'], []])
  await bind(atC, a, b)
  deepEqual(await tell(atC, atB), [['bound', 'a: b online'], []])
  equal((await atA.take('error')).code, 'superseded')
  equal((await atA.ended()).code, 4409)
  deepEqual(await tell(atB), [[]])
})

relayTest('the end of a pair is told to the one that remains', {}, async (relay) => {
  const { a, b, c, atA, atB, atC, bind, tell } = await threeRoutes(relay)
  await bind(atB, b, a)
  await tell(atB)
  // By unbind, by another peer, by openness, by another connection with another peer, by loss
  await bind(atA, a, b)
  deepEqual(await tell(atA, atB), [['bound', 'a: b online'], ['b: a online']])
  atA.send({ type: 'unbind', route: a.text })
  deepEqual(await tell(atA, atB), [[], ['b: a offline']])
  await bind(atA, a, b)
  await tell(atA, atB)
  await bind(atA, a, c)
  deepEqual(await tell(atA, atB), [['bound'], ['b: a offline']])
  await bind(atA, a, b)
  await tell(atA, atB)
  await bind(atA, a, null)
  deepEqual(await tell(atA, atB), [['bound'], ['b: a offline']])
  await bind(atA, a, b)
  await tell(atA, atB)
  await bind(atC, a, c)
  deepEqual(await tell(atC, atB), [['bound'], ['b: a offline']])
  await bind(atC, a, b)
  await tell(atC, atB)
  atC.drop()
  equal((await atB.take('presence')).status, 'offline')
  deepEqual(await tell(atB), [[]])
})

relayTest('a bind that makes no pair tells nobody', {}, async (relay) => {
  const { a, b, c, atA, atB, atC, bind, tell } = await threeRoutes(relay)
  await bind(atA, a, b)
  await bind(atB, b, c)
  await bind(atC, c, a)
  deepEqual(await tell(atA, atB, atC), [['bound'], ['bound'], ['bound']])
  await bind(atB, b, null)
  await bind(atC, c, null)
  deepEqual(await tell(atB, atC), [['bound'], ['bound']])
  atC.send({ type: 'unbind', route: c.text })
  atB.send({ type: 'unbind', route: b.text })
  deepEqual(await tell(atA, atB, atC), [[], [], []])
})

relayTest('a bind that leaves one peer for another ends one pair and makes the next', {}, async (relay) => {
  const { a, b, c, atA, atB, atC, bind, tell } = await threeRoutes(relay)
  await bind(atB, b, a)
  await bind(atC, c, a)
  await tell(atB, atC)
  await bind(atA, a, b)
  deepEqual(await tell(atA, atB, atC), [['bound', 'a: b online'], ['b: a online'], []])
  await bind(atA, a, c)
  deepEqual(await tell(atA, atB, atC), [['bound', 'a: c online'], ['b: a offline'], ['c: a online']])
})

relayTest('both routes of a pair may be on one connection', {}, async (relay) => {
  const { a, b, atA, bind, tell } = await threeRoutes(relay)
  await bind(atA, a, b)
  await bind(atA, b, a)
  deepEqual(await tell(atA), [['bound', 'bound', 'b: a online', 'a: b online']])
  atA.sendFrame(routed(a, b))
  deepEqual(await atA.takeFrame(), routed(a, b))
  atA.send({ type: 'unbind', route: b.text })
  deepEqual(await tell(atA), [['a: b offline']])
})

relayTest('an open route takes 20 frames in all, whoever sends them', {}, async (relay) => {
  const [open, a, b] = [await newRoute(), await newRoute(), await newRoute()]
  const [atOpen, atA] = [await relay.bound(open, null), await relay.bound(a, open)]
  await atA.bind(b, open, relay.origin)
  const large = routed(a, open, new Uint8Array(2_049 - 33))
  const largest = routed(a, open, new Uint8Array(2_048 - 33))
  atA.sendFrame(large)
  await fails(atA, a, open)
  atA.sendFrame(largest)
  for (let i = 1; i < 20; i++) atA.sendFrame(routed(i % 2 ? a : b, open, `frame ${i}`))
  deepEqual(await atA.settled(), [])
  equal((await atOpen.settled()).length, 20)
  atA.sendFrame(routed(b, open))
  await fails(atA, b, open)
  deepEqual(await atOpen.settled(), [])
})

/** Sends until a frame fails; how many arrived before. */
async function taken(sender: Client, from: RouteKey, to: RouteKey): Promise<number> {
  const frames = 25
  for (let i = 0; i < frames; i++) sender.sendFrame(routed(from, to))
  const failed = (await sender.settled()).length
  equal(failed <= 1, true)
  return failed
}

relayTest(
  'the count of an open route outlives binds, unbinds and connections, until it has a peer',
  {},
  async (relay) => {
    const [open, a, peer] = [await newRoute(), await newRoute(), await newRoute()]
    const [first, atA] = [await relay.bound(open, null), await relay.bound(a, open)]
    equal(await taken(atA, a, open), 1)
    equal((await first.settled()).length, 20)

    await first.bind(open, null, relay.origin)
    first.send({ type: 'unbind', route: open.text })
    await first.bind(open, null, relay.origin)
    first.drop()
    const second = await relay.bound(open, null)
    const third = await relay.bound(open, null)
    equal((await second.ended()).code, 4409)
    const [b, atB] = [await newRoute(), await relay.open()]
    await atB.bind(b, open, relay.origin)
    equal(await taken(atB, b, open), 1)
    deepEqual(await third.settled(), [])

    await third.bind(open, peer, relay.origin)
    await third.bind(open, null, relay.origin)
    const [c, atC] = [await newRoute(), await relay.open()]
    await atC.bind(c, open, relay.origin)
    equal(await taken(atC, c, open), 1)
    equal((await third.settled()).length, 20)
  },
)

relayTest(
  'the count of a lost open route is forgotten in the end',
  { limits: { openMemory: 1, openFrames: 1 } },
  async (relay) => {
    const [open, a] = [await newRoute(), await newRoute()]
    const atA = await relay.bound(a, open)
    atA.sendFrame(routed(a, open))
    let arrived = 0
    for (const start = performance.now(); arrived < 2 && performance.now() - start < WAIT; ) {
      const client = await relay.bound(open, null)
      atA.sendFrame(routed(a, open))
      await atA.settled()
      arrived += (await client.settled()).length
      client.send({ type: 'unbind', route: open.text })
      await client.settled()
      client.drop()
    }
    equal(arrived, 2)
  },
)
