// The published vectors of bind and of permission, through the code that the relay runs.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { errorEntry, ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { RelayToClient } from '@happy-remote/schemas/relay.ts'
import { isProven, readBind } from './bind.ts'
import { parseControl } from './control.ts'
import { type RouteId, routeIdFrom } from './frame.ts'
import { Origins } from './origins.ts'
import type { Binding, Owner } from './routes.ts'
import { makeConnection } from './test-connection.ts'

interface Vector<Input, Output> {
  readonly id: string
  readonly comment: string
  readonly input: Input
  readonly output?: Output
  readonly reject?: { readonly code: string; readonly close: number }
}
type Accept = Vector<{ origins: string[]; nonce: string; text: string }, { route: string; peer: string | null }>
interface Bound {
  readonly route: string
  readonly peer: string | null
}
type Permit = Vector<{ own: string[]; bound: Bound[]; frame: string }, { forward: boolean; from: string; to: string }>

const { groups } = JSON.parse(readFileSync(new URL('../../vectors/relay-bind.json', import.meta.url), 'utf8')) as {
  groups: { label: string; tests: unknown[] }[]
}
const testsOf = <T>(label: string): T[] => {
  const group = groups.find((each) => each.label === label)
  assert.ok(group, `relay-bind.json has a group ${label}`)
  return group.tests as T[]
}
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const idOf = (text: string): RouteId => routeIdFrom(Buffer.from(text, 'hex'))

function judge({
  input,
}: Accept): { route: string; peer: string | null } | { code: string; close: number | undefined } {
  try {
    const message = parseControl(Buffer.from(input.text), 4_096)
    if (message.type !== 'bind') throw new ProtocolError('malformed')
    const bind = readBind(message)
    if (!isProven(bind, Buffer.from(input.nonce, 'hex'), new Origins(input.origins))) {
      throw new ProtocolError('unauthenticated')
    }
    return { route: hex(bind.route), peer: bind.peer && hex(bind.peer) }
  } catch (error) {
    assert.ok(error instanceof ProtocolError)
    return { code: error.code, close: errorEntry(error.code).close }
  }
}

for (const vector of testsOf<Accept>('accept')) {
  test(`${vector.id}: ${vector.comment}`, () => {
    const { code, close } = vector.reject ?? {}
    assert.deepEqual(judge(vector), vector.output ?? { code, close })
  })
}

/** Another connection, which takes everything. */
class Taker implements Owner {
  readonly bindings = new Map<RouteId, Binding>()
  readonly frames: Buffer[] = []
  notify(_message: RelayToClient): void {}
  superseded(_route: RouteId): void {}
  deliver(frame: Buffer): boolean {
    this.frames.push(frame)
    return true
  }
}

for (const vector of testsOf<Permit>('route')) {
  test(`${vector.id}: ${vector.comment}`, async () => {
    const { own, bound, frame } = vector.input
    const made = makeConnection()
    made.bind() // so that frames are expected
    const taker = new Taker()
    for (const { route, peer } of bound) {
      const owner = own.includes(route) ? made.connection : taker
      made.context.routes.bind(owner, idOf(route), peer === null ? null : idOf(peer))
    }
    const before = made.ws.sent.length
    const bytes = Buffer.from(frame, 'hex')
    made.connection.receive(bytes, true)
    const said = made.ws.sent.slice(before)

    if (vector.reject) {
      assert.equal(made.ws.closedWith, vector.reject.close)
      assert.equal(said[0]?.code, vector.reject.code)
      return
    }
    assert.ok(vector.output)
    const { forward, from, to } = vector.output
    const [fromText, toText] = [from, to].map((route) => Buffer.from(route, 'hex').toString('base64url'))
    const failure = { type: 'delivery-failed', from: fromText, to: toText, reason: 'offline' }
    assert.deepEqual(said, forward ? [] : [failure])
    assert.deepEqual(taker.frames, forward ? [bytes] : [])
  })
}
