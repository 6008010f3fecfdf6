// What a relay makes of a bind, and of a routed frame.

import { errorEntry, ProtocolError, type RelayErrorCode } from '@happy-remote/schemas/errors.ts'
import type { RelayToClient } from '@happy-remote/schemas/relay.ts'
import pino from 'pino'
import { WebSocket } from 'ws'
import { generateRouteKey } from '../crypto/route.ts'
import { bindMessage } from '../link/socket.ts'
import { Address } from '../relay/addresses.ts'
import { isProven, readBind } from '../relay/bind.ts'
import { aloneBus } from '../relay/bus/bus.ts'
import { systemClock } from '../relay/clock.ts'
import { Connection, type RelayContext } from '../relay/connection.ts'
import { parseControl } from '../relay/control.ts'
import { Counters } from '../relay/counters.ts'
import { type RouteId, routeIdFrom } from '../relay/frame.ts'
import { relayLimits } from '../relay/limits.ts'
import { Origins } from '../relay/origins.ts'
import { Flusher } from '../relay/outbox.ts'
import { type Owner, Routes } from '../relay/routes.ts'
import { hex, unhex } from './deterministic.ts'
import type { Construction, Input } from './operation.ts'

const limits = relayLimits()
const ORIGIN = 'ws://relay.example.com:80'
const idOf = (route: Input): RouteId => routeIdFrom(route.bytes('value'))

/** A connection that goes nowhere and has bound one route of its own, so that frames are expected. */
function connectionAt(routes: Routes) {
  const said: RelayToClient[] = []
  let closedWith: number | undefined
  const ws = {
    readyState: WebSocket.OPEN,
    send: (text: string) => said.push(JSON.parse(text)),
    close: (code: number) => {
      closedWith = code
    },
  }
  const socket = { writableLength: 0, cork() {}, uncork() {}, write: () => true }
  const context: RelayContext = {
    ...{ limits, routes, clock: systemClock, logger: pino({ level: 'silent' }), origins: new Origins([ORIGIN]) },
    ...{ bus: aloneBus, flusher: new Flusher(), counters: new Counters(), count() {}, gone() {} },
  }
  const connection = new Connection(context, ws as never, socket as never, new Address(limits, 0))
  connection.greet()
  const [hello] = said.splice(0)
  const nonce = hello?.type === 'hello' ? Buffer.from(hello.nonce, 'base64url') : Buffer.alloc(0)
  connection.receive(Buffer.from(JSON.stringify(bindMessage(generateRouteKey(), ORIGIN, nonce, null))), false)
  said.splice(0)
  return { connection, said, closedWith: () => closedWith }
}

export const relayGroups: Construction = {
  accept(input) {
    const message = parseControl(Buffer.from(input.text('text')), limits.relayText)
    if (message.type !== 'bind') throw new ProtocolError('malformed')
    const bind = readBind(message)
    const origins = input.list('origins').map((origin) => origin.text('value'))
    if (!isProven(bind, input.bytes('nonce'), new Origins(origins))) throw new ProtocolError('unauthenticated')
    return { route: hex(bind.route), peer: bind.peer && hex(bind.peer) }
  },
  route(input) {
    const routes = new Routes(limits, systemClock)
    const { connection, said, closedWith } = connectionAt(routes)
    const delivered: Uint8Array[] = []
    const other: Owner = {
      bindings: new Map(),
      ...{ notify() {}, superseded() {}, undelivered() {}, end() {} },
      deliver: (frame) => delivered.push(frame) > 0,
    }
    const own = input.list('own').map(idOf)
    for (const bound of input.objects('bound')) {
      const route = routeIdFrom(bound.bytes('route'))
      const peer = bound.is('peer') ? routeIdFrom(bound.bytes('peer')) : null
      routes.bind(own.includes(route) ? connection : other, route, peer)
    }
    said.splice(0)
    const frame = Buffer.from(unhex(input.text('frame')))
    connection.receive(frame, true)
    const [answer] = said
    if (answer?.type === 'error') {
      if (closedWith() !== errorEntry(answer.code as RelayErrorCode).close)
        throw new Error(`Closed with ${closedWith()}`)
      throw new ProtocolError(answer.code as RelayErrorCode)
    }
    const forward = delivered.length === 1 && frame.equals(delivered[0] as Uint8Array) && said.length === 0
    if (!forward && answer?.type !== 'delivery-failed') throw new Error('Neither forwarded nor answered')
    return { forward, from: hex(frame.subarray(1, 17)), to: hex(frame.subarray(17, 33)) }
  },
}
