// The table beside a model that knows nothing of how it works: who is mutual with whom is asked anew each time.

import { deepEqual, equal } from 'node:assert/strict'
import fc from 'fast-check'
import { relayLimits } from './limits.ts'
import { Rates } from './rates.ts'
import { type Holder, RouteTable, routeText } from './table.ts'

const ROUTES = 4
const HOLDERS = 3
const idOf = (route: number) => new Uint8Array(16).fill(route + 1)
const textOf = (route: number) => routeText(idOf(route))
const keyOf = (route: number) => String.fromCharCode(...idOf(route))

type Step =
  | { do: 'bind'; holder: number; route: number; peer: number | null }
  | { do: 'unbind'; holder: number; route: number }
  | { do: 'leave'; holder: number }
  | { do: 'send'; holder: number; route: number; peer: number }

const holder = fc.nat(HOLDERS - 1)
const route = fc.nat(ROUTES - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('bind' as const), holder, route, peer: fc.option(route) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unbind' as const), holder, route }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), holder }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send' as const), holder, route, peer: route }) },
)

/** Which route is bound where and with which peer. */
type Bound = Map<number, { holder: number; peer: number | null }>
const isMutual = (bound: Bound, a: number, b: number) => a !== b && bound.get(a)?.peer === b && bound.get(b)?.peer === a

/** What the model expects everybody to be told, as `holder: route peer status`, in no order. */
function expected(before: Bound, after: Bound, rebound: number | null): string[] {
  const told: string[] = []
  for (let a = 0; a < ROUTES; a++) {
    for (let b = 0; b < ROUTES; b++) {
      const [was, is] = [isMutual(before, a, b), isMutual(after, a, b)]
      const at = after.get(a)
      if (!at) continue
      // relay.presence.online, relay.presence.rebind
      if (is && (!was || a === rebound)) told.push(`${at.holder}: ${a} ${b} online`)
      // relay.presence.offline: to the one that still names the other
      if (was && !is && at.peer === b) told.push(`${at.holder}: ${a} ${b} offline`)
    }
  }
  return told.toSorted()
}

Deno.test('the table tells what the model tells, and forwards what it forwards, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const clock = { now: 0, second: 0 }
      const table = new RouteTable(relayLimits({ openFrames: 1_000_000 }), clock)
      let told: string[] = []
      let forwarded: number[] = []
      const holders = Array.from({ length: HOLDERS }, (_, i): Holder => {
        const numberOf = (text: string) => Array.from({ length: ROUTES }, (_, r) => r).find((r) => textOf(r) === text)
        return {
          routes: new Map(),
          lane: undefined,
          rates: new Rates(),
          send(message) {
            if (message.type !== 'presence') return
            told.push(`${i}: ${numberOf(message.route)} ${numberOf(message.peer)} ${message.status}`)
          },
          forward: () => forwarded.push(i) > 0,
          superseded: () => {},
          notDelivered: () => {},
          depart: () => {},
        }
      })
      const bound: Bound = new Map()
      for (const now of steps) {
        const at = holders[now.holder] as Holder
        const before: Bound = new Map(bound)
        told = []
        forwarded = []
        if (now.do === 'bind') {
          bound.set(now.route, { holder: now.holder, peer: now.peer })
          equal(table.bind(at, idOf(now.route), now.peer === null ? null : idOf(now.peer)), true)
          deepEqual(told.toSorted(), expected(before, bound, now.route))
        } else if (now.do === 'send') {
          const frame = Uint8Array.of(1, ...idOf(now.route), ...idOf(now.peer))
          const to = bound.get(now.peer)
          const may = bound.get(now.route)?.holder === now.holder && to && (to.peer === now.route || to.peer === null)
          equal(table.deliver(at, frame), Boolean(may))
          deepEqual(forwarded, may ? [to.holder] : [])
          deepEqual(told, [])
        } else if (now.do === 'unbind') {
          if (bound.get(now.route)?.holder === now.holder) bound.delete(now.route)
          table.unbind(at, keyOf(now.route))
          deepEqual(told.toSorted(), expected(before, bound, null))
        } else {
          for (const [name, one] of before) if (one.holder === now.holder) bound.delete(name)
          table.leave(at)
          // What a connection that is lost is told meanwhile, nobody reads.
          deepEqual(told.filter((line) => !line.startsWith(`${now.holder}:`)).toSorted(), expected(before, bound, null))
        }
        equal(table.size, bound.size)
        for (const [i, one] of holders.entries()) {
          deepEqual(
            [...one.routes.keys()].toSorted(),
            [...bound]
              .filter(([, { holder: at }]) => at === i)
              .map(([name]) => keyOf(name))
              .toSorted(),
          )
        }
      }
    }),
    { numRuns: 1_000 },
  )
})
