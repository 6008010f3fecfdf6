// Whatever one connection sends, it gets an answer of the protocol and nobody else notices.

import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { errors } from '@happy-remote/schemas/errors.ts'
import { ClientToRelay, RelayToClient, RoutedFrame } from '@happy-remote/schemas/relay.ts'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { arbitraryBytesOf, arbitraryOfSchema, mutateBytes, mutateJson } from '../../schemas/test/arbitrary.ts'
import { readControlMessage } from './messages.ts'
import { type Client, type Message, newRoute, type RouteKey, routed } from './testing/client.ts'
import { OPCODE } from './testing/frames.ts'
import { relayTest, type Subject } from './testing/subject.ts'

const published = new URL('../../schemas/dist/client-to-relay.json', import.meta.url)
const validator = Compile(JSON.parse(readFileSync(published, 'utf8')))
const answers = Compile(RelayToClient)

const message = arbitraryOfSchema(ClientToRelay)
const strange = fc.oneof(message, mutateJson(message), fc.jsonValue())

Deno.test('readControlMessage() takes what the published schema takes, and nothing else', () => {
  fc.assert(
    fc.property(strange, (value) => {
      const text = JSON.stringify(value)
      let read: unknown
      try {
        read = readControlMessage(text)
      } catch (error) {
        equal((error as { code: string }).code, 'malformed')
        ok(!validator.Check(JSON.parse(text)) || (value as { peer: string }).peer === 'A'.repeat(22))
        return
      }
      deepEqual(read, JSON.parse(text))
      ok(validator.Check(read))
    }),
    { numRuns: 3_000 },
  )
})

type Sent = { opcode: number; payload: Uint8Array | string }
const text = (value: fc.Arbitrary<unknown>) => value.map((one) => JSON.stringify(one))

/** Frames that may be anything, and those that are almost right. */
const frames: fc.Arbitrary<Sent> = fc.oneof(
  fc.record({ opcode: fc.constant(OPCODE.text), payload: fc.oneof(text(strange), fc.string(), fc.json()) }),
  fc.record({
    opcode: fc.constant(OPCODE.binary),
    payload: fc.oneof(
      arbitraryBytesOf(RoutedFrame),
      mutateBytes(arbitraryBytesOf(RoutedFrame)),
      fc.uint8Array({ maxLength: 40 }),
    ),
  }),
)

/** A connection that every case may end; the next one then gets a new one. */
class Victim {
  readonly #relay: Subject
  readonly #route: RouteKey
  #client: Client | undefined

  constructor(relay: Subject, route: RouteKey) {
    this.#relay = relay
    this.#route = route
  }

  /** Sends a frame and checks what it gets: nothing worse than an error and the close that belongs to it. */
  async suffer({ opcode, payload }: Sent): Promise<void> {
    this.#client ??= await this.#relay.bound(this.#route, null)
    const client = this.#client
    void client.write(opcode, payload)
    const rest = await client.settled().catch(() => undefined)
    const heard = (rest ?? client.heard.splice(0)) as Message[]
    for (const one of heard) ok(answers.Check(one), JSON.stringify(one))
    if (rest) return
    this.#client = undefined
    const { code: close } = await client.ended()
    const last = heard.at(-1)
    equal(last?.type, 'error')
    equal(errors[(last as { code: 'malformed' }).code].close, close)
  }
}

relayTest('5,000 frames of any kind end no connection but their own', {}, async (relay) => {
  const victims = await Promise.all(Array.from({ length: 100 }, async () => new Victim(relay, await newRoute())))
  const { a, b, atA, atB } = await relay.pair()
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(frames, { minLength: victims.length, maxLength: victims.length }), async (all) => {
      await Promise.all(all.map((one, i) => victims[i]?.suffer(one)))
      const [there, back] = [routed(a, b, `round ${++round}`), routed(b, a, `round ${round}`)]
      atA.sendFrame(there)
      atB.sendFrame(back)
      deepEqual([await atB.takeFrame(), await atA.takeFrame()], [there, back])
      deepEqual([await atA.settled(), await atB.settled()], [[], []])
    }),
    { numRuns: 50 },
  )
})

relayTest('bytes that are no WebSocket at all disturb nobody', {}, async (relay) => {
  const { atA, atB } = await relay.pair()
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300, size: 'max' }), async (bytes) => {
      const client = await relay.open()
      await client.raw(Uint8Array.from(bytes))
      client.drop()
      await client.ended()
      deepEqual([await atA.settled(), await atB.settled()], [[], []])
    }),
    { numRuns: 300 },
  )
})
