// One connection without a network: what it is given, what it says, and what time it is.

import { WebSocket } from 'ws'
import { generateRouteKey, relayAuthInput } from '../crypto/route.ts'
import { Address } from './addresses.ts'
import { aloneBus } from './bus/bus.ts'
import { Connection, type RelayContext } from './connection.ts'
import { Counters } from './counters.ts'
import { relayLimits } from './limits.ts'
import { silent } from './log.ts'
import { Origins } from './origins.ts'
import { Flusher } from './outbox.ts'
import { Routes } from './routes.ts'
import { FakeClock } from './test-clock.ts'

const ORIGIN = 'ws://relay.example.com:80'

class FakeWebSocket {
  readyState: number = WebSocket.OPEN
  readonly sent: Record<string, unknown>[] = []
  pings = 0
  closedWith: number | undefined
  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }
  ping(): void {
    this.pings++
  }
  close(code: number): void {
    this.readyState = WebSocket.CLOSING
    this.closedWith = code
  }
}

/** A connection that has greeted; `changes` replaces what it shares with others. */
export function makeConnection(changes: Partial<RelayContext> = {}) {
  const limits = relayLimits()
  const clock = new FakeClock()
  const context: RelayContext = {
    limits,
    clock,
    logger: silent,
    routes: new Routes(limits, clock),
    bus: aloneBus,
    origins: new Origins([ORIGIN]),
    flusher: new Flusher(),
    counters: new Counters(),
    count() {},
    gone() {},
    ...changes,
  }
  const ws = new FakeWebSocket()
  const socket = { writableLength: 0, cork() {}, uncork() {}, write: () => true }
  const address = new Address(limits, 0)
  const connection = new Connection(context, ws as never, socket as never, address)
  connection.greet()
  const nonce = Buffer.from(ws.sent[0]?.nonce as string, 'base64url')
  const say = (message: object) => connection.receive(Buffer.from(JSON.stringify(message)), false)
  const bind = () => {
    const key = generateRouteKey()
    const signature = key.sign(relayAuthInput({ origin: ORIGIN, nonce, routeKey: key.publicKey, peer: null }))
    const [routeKey, signed] = [key.publicKey, signature].map((bytes) => Buffer.from(bytes).toString('base64url'))
    say({ type: 'bind', routeKey, peer: null, signature: signed })
    return key
  }
  const sweepAt = (seconds: number) => {
    clock.advance(seconds * 1_000 - clock.monotonic())
    connection.sweep(clock.monotonic())
  }
  return { connection, context, ws, socket, say, bind, sweepAt, lastSent: () => ws.sent.at(-1) }
}
