import { deepEqual, equal } from 'node:assert/strict'
import { routeKeyAt } from './table.ts'
import { newRoute, routed } from './testing/client.ts'
import { relayTest } from './testing/subject.ts'

Deno.test('routeKeyAt() tells any two routes apart, wherever they stand', () => {
  const bytes = crypto.getRandomValues(new Uint8Array(48))
  equal(routeKeyAt(bytes, 7), routeKeyAt(bytes.slice(7, 23), 0))
  for (let i = 0; i < 16; i++) {
    const other = bytes.slice(7, 23)
    other[i] = (other[i] as number) ^ 0x80
    equal(routeKeyAt(other, 0) === routeKeyAt(bytes, 7), false)
  }
})

relayTest('a valid bind is answered with bound, each time', {}, async (relay) => {
  const [route, peer] = [await newRoute(), await newRoute()]
  const client = await relay.open()
  for (const named of [peer, peer, null, peer]) equal((await client.bind(route, named, relay.origin)).route, route.text)
  deepEqual(await client.settled(), [])
})

relayTest('a refused first bind is answered with its route and closed with 4401', {}, async (relay) => {
  const [route, peer, other] = [await newRoute(), await newRoute(), await relay.open()]
  const wrongs = [
    (client: typeof other) => client.bindMessage(route, peer, 'ws://127.0.0.1:1'),
    (client: typeof other) => client.bindMessage(route, peer, relay.origin, other.nonce),
    async (client: typeof other) => ({ ...(await client.bindMessage(route, peer, relay.origin)), peer: null }),
  ]
  for (const wrong of wrongs) {
    const client = await relay.open()
    client.send(await wrong(client))
    const { code, route: named } = await client.take('error')
    deepEqual({ code, named }, { code: 'unauthenticated', named: route.text })
    equal((await client.ended()).code, 4401)
  }
})

relayTest('the origin is never taken from the request', {}, async (relay) => {
  const client = await relay.open({ headers: { Host: 'evil.example:80', Origin: 'http://evil.example' } })
  client.send(await client.bindMessage(await newRoute(), null, 'ws://evil.example:80'))
  equal((await client.take('error')).code, 'unauthenticated')
  const honest = await relay.open({ headers: { Host: 'evil.example:80' } })
  await honest.bind(await newRoute(), null, relay.origin)
})

const named = ['wss://relay.example.com:443', 'ws://[::1]:8080/team']
relayTest('named origins are accepted, and no others', { origins: named }, async (relay) => {
  for (const origin of named) await (await relay.open()).bind(await newRoute(), null, origin)
  const client = await relay.open()
  client.send(await client.bindMessage(await newRoute(), null, relay.origin))
  equal((await client.ended()).code, 4401)
})

relayTest('without named origins, localhost and the loopback addresses are accepted', {}, async (relay) => {
  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    await (await relay.open()).bind(await newRoute(), null, `ws://${host}:${relay.port}`)
  }
})

relayTest('a refused bind on a proven connection changes nothing there', {}, async (relay) => {
  const { a, b, atA, atB } = await relay.pair()
  const other = await newRoute()
  for (const route of [a, other]) {
    atA.send({ ...(await atA.bindMessage(route, b, relay.origin)), peer: null })
    const { code, route: told } = await atA.take('error')
    deepEqual({ code, told }, { code: 'unauthenticated', told: route.text })
  }
  atB.sendFrame(routed(b, a))
  deepEqual(await atA.takeFrame(), routed(b, a))
  deepEqual(await atB.settled(), [])
})

relayTest('a bind is malformed where its peer is 16 zero bytes, whatever its signature', {}, async (relay) => {
  const client = await relay.bound(await newRoute(), null)
  const zero = { ...(await newRoute()), id: new Uint8Array(16), text: 'A'.repeat(22) }
  client.send(await client.bindMessage(await newRoute(), zero, relay.origin))
  equal((await client.take('error')).code, 'malformed')
  equal((await client.ended()).code, 4400)
})

relayTest('what comes behind a bind waits for it, in order', {}, async (relay) => {
  const { a, b, atB } = await relay.pair()
  const client = await relay.open()
  client.send(await client.bindMessage(a, b, relay.origin))
  for (let i = 0; i < 50; i++) client.sendFrame(routed(a, b, `frame ${i}`))
  client.send({ type: 'unbind', route: a.text })
  client.send(await client.bindMessage(a, b, relay.origin))
  client.sendFrame(routed(a, b, 'last'))
  for (let i = 0; i < 50; i++) deepEqual(await atB.takeFrame(), routed(a, b, `frame ${i}`))
  deepEqual(await atB.takeFrame(), routed(a, b, 'last'))
})

relayTest('what comes behind a refused bind is not executed', {}, async (relay) => {
  const { a, b, atB } = await relay.pair()
  const client = await relay.open()
  client.send(await client.bindMessage(a, b, 'ws://elsewhere:1'))
  client.sendFrame(routed(a, b))
  client.send(await client.bindMessage(await newRoute(), null, relay.origin))
  equal((await client.ended()).code, 4401)
  deepEqual(
    client.heard.map((one) => (one instanceof Uint8Array ? 'frame' : one.type)),
    ['error'],
  )
  deepEqual(await atB.settled(), [])
})

relayTest('before the first valid bind only bind and ping are understood', {}, async (relay) => {
  const [route, peer] = [await newRoute(), await newRoute()]
  const frames = [
    (client: Awaited<ReturnType<typeof relay.open>>) => client.send({ type: 'unbind', route: route.text }),
    (client: Awaited<ReturnType<typeof relay.open>>) => client.sendFrame(routed(route, peer)),
    (client: Awaited<ReturnType<typeof relay.open>>) => client.sendFrame(new Uint8Array(0)),
  ]
  for (const send of frames) {
    const client = await relay.open()
    deepEqual(await client.settled(), [])
    send(client)
    equal((await client.take('error')).code, 'malformed')
    equal((await client.ended()).code, 4400)
  }
})

relayTest('a bind elsewhere moves the route, and tells the old connection', {}, async (relay) => {
  const [a, b, second] = [await newRoute(), await newRoute(), await newRoute()]
  const old = await relay.bound(a, b)
  await old.bind(second, b, relay.origin)
  const atB = await relay.bound(b, a)
  await old.take('presence')

  const fresh = await relay.bound(a, b)
  const { code, route } = await old.take('error')
  deepEqual({ code, route }, { code: 'superseded', route: a.text })
  atB.sendFrame(routed(b, a))
  deepEqual(await fresh.takeFrame(), routed(b, a))
  // It has a route left, and is as good as before with it.
  old.sendFrame(routed(a, b))
  equal((await old.take('delivery-failed')).from, a.text)
  deepEqual(await old.settled(), [])

  // The last one is taken: the connection ends, and takes nothing along.
  await (await relay.open()).bind(second, b, relay.origin)
  equal((await old.take('error')).route, second.text)
  equal((await old.ended()).code, 4409)
  atB.sendFrame(routed(b, a, 'again'))
  deepEqual(await fresh.takeFrame(), routed(b, a, 'again'))
})

relayTest('a connection has 64 routes, and the 65th is refused with its route', {}, async (relay) => {
  const client = await relay.open()
  const routes = await Promise.all(Array.from({ length: 66 }, newRoute))
  const [first, last] = [routes[0] as (typeof routes)[0], routes[64] as (typeof routes)[0]]
  for (const route of routes.slice(0, 64)) await client.bind(route, null, relay.origin)
  client.send(await client.bindMessage(last, null, relay.origin))
  const { code, route } = await client.take('error')
  deepEqual({ code, route }, { code: 'rate-limited', route: last.text })
  // One of the 64 again is no 65th, and one given up makes room.
  await client.bind(first, last, relay.origin)
  client.send({ type: 'unbind', route: first.text })
  await client.bind(last, null, relay.origin)
  deepEqual(await client.settled(), [])
})

relayTest('an unbound route is bound nowhere, and unbinding another is ignored', {}, async (relay) => {
  const { a, b, atA, atB } = await relay.pair()
  for (const route of [b.text, (await newRoute()).text]) atA.send({ type: 'unbind', route })
  atB.sendFrame(routed(b, a))
  deepEqual(await atA.takeFrame(), routed(b, a))
  atA.send({ type: 'unbind', route: a.text })
  await atB.take('presence')
  atB.sendFrame(routed(b, a))
  equal((await atB.take('delivery-failed')).to, a.text)
  // Without a route the connection stays, and may bind again.
  await atA.bind(a, b, relay.origin)
  equal((await atB.take('presence')).status, 'online')
})
