import { deepEqual, equal, throws } from 'node:assert/strict'
import { exceeds, readControlMessage } from './messages.ts'
import { type Client, newRoute } from './testing/client.ts'
import { OPCODE } from './testing/frames.ts'
import { isOurs, relayTest } from './testing/subject.ts'

const bytes = (size: number, fill = 1) =>
  new Uint8Array(size).fill(fill).toBase64({ alphabet: 'base64url', omitPadding: true })
const bind = { type: 'bind', routeKey: bytes(32), peer: bytes(16), signature: bytes(64) }
const unbind = { type: 'unbind', route: bytes(16) }
const ping = { type: 'ping', timestamp: 1 }

/** `base` without one of its members. */
const without = (base: Record<string, unknown>, member: string) =>
  Object.fromEntries(Object.entries(base).filter(([name]) => name !== member))

/** What is no byte string of `size` bytes in base64url. */
const noBytes = (size: number) => [
  ['of a byte less', bytes(size - 1)],
  ['of a byte more', bytes(size + 1)],
  ['padded', new Uint8Array(size).fill(1).toBase64({ alphabet: 'base64url' })],
  ['in the alphabet with + and /', new Uint8Array(size).fill(0xfb).toBase64({ omitPadding: true })],
  ['with bits behind its end', bytes(size).slice(0, -1) + (size % 3 === 1 ? 'B' : 'F')],
  ['in hexadecimal', '01'.repeat(size)],
  ['with a line feed', `${bytes(size)}\n`],
  ['with a blank', ` ${bytes(size).slice(1)}`],
  ['empty', ''],
  ['a number', 7],
  ['an array', [bytes(size)]],
  ['an object', {}],
  ['true', true],
]

const malformed: [string, string][] = [
  ['nothing', ''],
  ['no JSON', '{'],
  ['a member without quotes', '{type:"ping","timestamp":1}'],
  ['a comma too many', '{"type":"ping","timestamp":1,}'],
  ['two objects', '{"type":"ping","timestamp":1}{}'],
  ['an array', '[{"type":"ping","timestamp":1}]'],
  ['null', 'null'],
  ['a text', '"ping"'],
  ['a number', '1'],
  ['an object without members', '{}'],
  ['a byte order mark', '\ufeff{"type":"ping","timestamp":1}'],
  ...['hello', 'bound', 'pong', 'presence', 'error', 'PING', 'Ping', '', 'ping ', 1, null, ['ping'], {}].map(
    (type): [string, string] => [`type ${JSON.stringify(type)}`, JSON.stringify({ type, timestamp: 1 })],
  ),
  ...[bind, unbind, ping].flatMap((base): [string, string][] => [
    [`${base.type} with one more member`, JSON.stringify({ ...base, extra: 1 })],
    [`${base.type} with __proto__`, JSON.stringify(base).replace('{', '{"__proto__":{},')],
    [`${base.type} with constructor`, JSON.stringify({ ...base, constructor: 1 })],
    ...Object.keys(base).map((name): [string, string] => [
      `${base.type} without ${name}`,
      JSON.stringify(without(base, name)),
    ]),
  ]),
  ...(
    [
      ['routeKey', bind, 32],
      ['peer', bind, 16],
      ['signature', bind, 64],
      ['route', unbind, 16],
    ] as const
  ).flatMap(([name, base, size]) =>
    noBytes(size).map(([what, value]): [string, string] => [
      `${name} ${what}`,
      JSON.stringify({ ...base, [name]: value }),
    ]),
  ),
  ...(['routeKey', 'signature'] as const).map((name): [string, string] => [
    `${name} null`,
    JSON.stringify({ ...bind, [name]: null }),
  ]),
  ['route null', JSON.stringify({ ...unbind, route: null })],
  ['peer of zero bytes', JSON.stringify({ ...bind, peer: bytes(16, 0) })],
  ...['1.5', '"1"', 'null', 'true', '[]', '9007199254740992', '-9007199254740992', '1e400'].map(
    (value): [string, string] => [`timestamp ${value}`, `{"type":"ping","timestamp":${value}}`],
  ),
]

for (const [what, text] of malformed) {
  Deno.test(`readControlMessage() refuses ${what}`, () => {
    throws(() => readControlMessage(text), { code: 'malformed' })
  })
}

Deno.test('readControlMessage() gives what fits the schema', () => {
  for (const message of [bind, { ...bind, peer: null }, unbind, ping]) {
    deepEqual(readControlMessage(JSON.stringify(message)), message)
  }
  for (const timestamp of [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    deepEqual(readControlMessage(`{"type":"ping","timestamp":${timestamp}}`), { type: 'ping', timestamp })
  }
})

Deno.test('readControlMessage() takes the last of two members of one name', () => {
  deepEqual(readControlMessage('{"type":"bind","type":"ping","timestamp":1,"timestamp":2}'), {
    type: 'ping',
    timestamp: 2,
  })
})

Deno.test('exceeds() counts bytes of UTF-8', () => {
  equal(exceeds('a'.repeat(4_096), 4_096), false)
  equal(exceeds('a'.repeat(4_097), 4_096), true)
  equal(exceeds('é'.repeat(2_048), 4_096), false)
  equal(exceeds(`${'é'.repeat(2_048)}a`, 4_096), true)
  equal(exceeds('€'.repeat(1_366), 4_096), true)
  equal(exceeds('😀'.repeat(1_024), 4_096), false)
})

async function isRefused(client: Client, code: string, close: number): Promise<void> {
  const error = await client.take('error')
  equal(error.code, code)
  equal(typeof error.message, 'string')
  equal((await client.ended()).code, close)
}

relayTest('a malformed text frame ends its connection with 4400, bound or not', {}, async (relay) => {
  const [peer, atPeer] = [await newRoute(), await relay.pair()]
  for (const [what, text] of malformed.filter((_, i) => i % 8 === 0)) {
    const clients = [await relay.open(), await relay.bound(await newRoute(), peer)]
    for (const client of clients) {
      client.send(text)
      await isRefused(client, 'malformed', 4400).catch((error) => {
        throw new Error(what, { cause: error })
      })
    }
  }
  deepEqual(await atPeer.atA.settled(), [])
})

relayTest('a text frame of 4,096 bytes is read, and one of 4,097 is malformed', {}, async (relay) => {
  const text = '{"type":"ping","timestamp":5}'
  const client = await relay.open()
  client.send(text.padEnd(4_096))
  equal((await client.take('pong')).timestamp, 5)
  client.send(text.padEnd(4_097))
  await isRefused(client, 'malformed', 4400)
})

relayTest('a text frame counts in bytes, not in characters', {}, async (relay) => {
  const client = await relay.open()
  // 4,000 characters of one byte, 50 of two
  client.send(`{"type":"ping","timestamp":5}${'é'.repeat(50)}`.padEnd(4_050))
  await isRefused(client, 'malformed', 4400)
})

relayTest('a text frame above maxFrame is too large', {}, async (relay) => {
  const [first, second] = [await relay.open(), await relay.open()]
  first.send(' '.repeat(262_400))
  await isRefused(first, 'malformed', 4400)
  second.send(' '.repeat(262_401))
  await isRefused(second, 'too-large', 4413)
})

relayTest('a frame in fragments counts as one', {}, async (relay) => {
  const client = await relay.open()
  void client.write(OPCODE.text, '{"type":"ping",', { final: false })
  void client.write(OPCODE.ping, 'between')
  void client.write(OPCODE.continuation, '"timestamp":9}')
  equal((await client.take('pong')).timestamp, 9)
})

relayTest('a text frame that is not UTF-8 ends the connection, and is answered in no way', {}, async (relay) => {
  const client = await relay.open()
  void client.write(OPCODE.text, Uint8Array.of(0x22, 0xff, 0x22))
  const { code } = await client.ended()
  // relay.text.strict: Deno's WebSocket ends the connection itself, as RFC 6455 8.1 says, before anything is seen here.
  equal(code, isOurs ? null : 4400)
})
