import { deepEqual, equal, match, notDeepEqual, ok, rejects } from 'node:assert/strict'
import { RelayHello } from '@happy-remote/schemas/relay.ts'
import { Compile } from 'typebox/compile'
import { newRoute, within } from './testing/client.ts'
import { relayTest } from './testing/subject.ts'

relayTest('an upgrade that offers the subprotocol is answered with it', {}, async ({ dial }) => {
  for (const protocols of ['happy-relay.v1', 'other, happy-relay.v1', 'happy-relay.v1,other']) {
    const { status, responseHeaders } = await dial({ protocols })
    equal(status, 101)
    match(responseHeaders, /\r\nsec-websocket-protocol: happy-relay\.v1(\r\n|$)/)
  }
})

relayTest('compression is not negotiated, even where it is offered', {}, async ({ dial }) => {
  const { status, responseHeaders } = await dial({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } })
  equal(status, 101)
  ok(!responseHeaders.includes('permessage-deflate'))
})

relayTest('an upgrade without the subprotocol is refused with 400', {}, async ({ dial }) => {
  for (const protocols of [null, 'other', 'happy-relay.v2', 'Happy-Relay.v1', 'happy-relay.v10']) {
    equal((await dial({ protocols })).status, 400, String(protocols))
  }
})

relayTest('an upgrade to another path is answered with 404', {}, async ({ dial }) => {
  for (const path of ['/', '/v2', '/v1/', '/v10', '/team/v1', '/V1', '//v1']) {
    equal((await dial({ path })).status, 404, path)
  }
})

relayTest('a relay with a prefix is reached below it, and its origins have it', { prefix: '/team' }, async (relay) => {
  equal((await relay.dial({ path: '/v1' })).status, 404)
  const client = await relay.open({ path: '/team/v1' })
  await client.bind(await newRoute(), null, relay.origin)
})

const SECRET = 'YW5vdGhlciB0ZXN0IG9mIG91cnM'
const hidden = { prefix: '/team', secret: SECRET }
relayTest(
  'a relay with a secret answers everything else alike, and accepts binds with it alone',
  hidden,
  async (relay) => {
    const right = `/team/${SECRET}/v1`
    for (const path of [
      '/v1',
      '/team/v1',
      `/${SECRET}/v1`,
      right.toUpperCase(),
      `${right}/`,
      '/healthz',
      `${right}x`,
    ]) {
      for (const protocols of ['happy-relay.v1', null]) equal((await relay.dial({ path, protocols })).status, 404, path)
      const response = await within(fetch(`http://127.0.0.1:${relay.port}${path}`), path)
      deepEqual([response.status, await response.text()], [404, 'not found\n'], path)
    }
    const client = await relay.open({ path: right })
    await client.bind(await newRoute(), null, `${relay.origin}/${SECRET}`)
    const other = await relay.open({ path: right })
    const refused = other.bind(await newRoute(), null, relay.origin)
    await rejects(refused)
    equal((await other.ended()).code, 4401)
  },
)

relayTest('a handshake that is none of WebSocket 13 is refused with 400', {}, async ({ dial }) => {
  const headers: Record<string, string>[] = [
    { 'Sec-WebSocket-Version': '12' },
    { 'Sec-WebSocket-Version': '' },
    { 'Sec-WebSocket-Key': '' },
  ]
  for (const wrong of headers) equal((await dial({ headers: wrong })).status, 400, JSON.stringify(wrong))
})

relayTest('a request that is no upgrade gets no connection', {}, async ({ port }) => {
  for (const [path, status] of [
    ['/v1', 426],
    ['/', 404],
    ['/healthz', 200],
  ] as const) {
    const response = await within(fetch(`http://127.0.0.1:${port}${path}`), path)
    equal(response.status, status, path)
    await response.body?.cancel()
  }
})

relayTest('the first message is a hello with a nonce of its own', {}, async ({ dial }) => {
  const clients = [await dial(), await dial(), await dial()]
  const hellos = await Promise.all(clients.map((client) => client.take('hello')))
  const schema = Compile(RelayHello)
  for (const [i, hello] of hellos.entries()) {
    ok(schema.Check(hello), JSON.stringify(hello))
    equal(hello.protocol, 1)
    equal(hello.maxFrame, 262_400)
    deepEqual(await clients[i]?.settled(), [])
  }
  const nonces = hellos.map((hello) => Uint8Array.fromBase64(hello.nonce as string, { alphabet: 'base64url' }))
  for (const nonce of nonces) equal(nonce.length, 32)
  notDeepEqual(nonces[0], nonces[1])
  notDeepEqual(nonces[1], nonces[2])
})
