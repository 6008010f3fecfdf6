// A relay that has had no time for its ticks, when a client comes and when it speaks.

import { deepEqual } from 'node:assert/strict'
import { AddressRates } from './addresses.ts'
import { alone } from './bus/memory.ts'
import { Connection } from './connection.ts'
import type { RelayContext } from './context.ts'
import { type RelayLimits, relayLimits } from './limits.ts'
import { RouteTable } from './table.ts'
import { Tally } from './tally.ts'
import { Unsent } from './unsent.ts'

/** The end of a WebSocket that a server has. */
class ServedSocket extends EventTarget {
  readonly bufferedAmount = 0
  readonly readyState = WebSocket.OPEN
  readonly sent: string[] = []
  readonly send = (text: string) => void this.sent.push((JSON.parse(text) as { type: string }).type)
  close(): void {}
}

function openAt(behind: number, changed: Partial<RelayLimits> = {}) {
  const limits = relayLimits(changed)
  const clock = { now: performance.now() - behind, second: 0 }
  const table = new RouteTable(limits, clock)
  table.join(alone)
  const context: RelayContext = {
    ...{ limits, clock, table, bus: alone, tally: new Tally(), origins: ['ws://127.0.0.1'] },
    ...{ addresses: new AddressRates(limits, clock), unsent: new Unsent(limits.totalBuffer, () => 0) },
    log() {},
    gone() {},
  }
  const socket = new ServedSocket()
  const connection = new Connection(socket as unknown as WebSocket, '127.0.0.1', context)
  socket.dispatchEvent(new Event('open'))
  return { socket, connection, clock, limits }
}

Deno.test('the time for a bind begins with the hello, however old the last tick is', () => {
  const { socket, connection, clock, limits } = openAt(60_000)
  const opened = performance.now()
  clock.now = opened + limits.relayBind - 100
  connection.check()
  deepEqual(socket.sent, ['hello'])
  clock.now = opened + limits.relayBind + 100
  connection.check()
  deepEqual(socket.sent, ['hello', 'error'])
})

Deno.test('what has come before a late tick is no silence', () => {
  const { socket, connection, clock, limits } = openAt(0, { relayBind: 120_000 })
  socket.dispatchEvent(new MessageEvent('message', { data: '{"type":"ping","timestamp":1}' }))
  clock.now = performance.now() + limits.relaySilence + 1_000
  connection.check()
  deepEqual(socket.sent, ['hello', 'pong'])
  clock.now += limits.relaySilence + 1_000
  connection.check()
  deepEqual(socket.sent, ['hello', 'pong', 'error'])
})
