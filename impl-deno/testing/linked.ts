// Two links over a relay that a test can bend: it may lose, hold back and repeat frames.

import { random } from '../crypto/primitives.ts'
import { Link } from '../link/link.ts'
import type { LinkOwner, Pairing } from '../link/link-options.ts'
import type { Received } from '../session/live-sessions.ts'
import { peerOf, type Role } from '../session/message.ts'
import { Session } from '../session/session.ts'
import type { Suite } from '../session/suite.ts'
import { newDevices, pair } from './devices.ts'
import { ManualTimers, until } from './manual-timers.ts'

export interface End {
  link: Link
  readonly received: Received[]
  /** Every message that has opened. */
  readonly opened: Received[]
  readonly said: string[]
  readonly controls: string[]
  readonly refused: string[]
  readonly stored: { suite: Suite }[]
  switches: number
}

const TYPES: Record<number, string> = {
  1: 'M1',
  4: 'R1',
  5: 'R2',
  6: 'R3',
  7: 'REKEY_ASK',
  15: 'HS_ERROR',
  16: 'message',
  17: 'message',
}

/** Two devices that have paired. With `sessions` each link begins with the session of the pairing. */
export async function linked({ sessions = true, suite = 1 as Suite, supported = { agent: 1, controller: 1 } } = {}) {
  const timers = new ManualTimers()
  const devices = await newDevices()
  const agreed = await pair(devices, suite)
  const routes = { agent: random(16), controller: devices.routeId }
  /** What passes: the test may replace it. Answers with the payloads that are delivered. */
  const relay = {
    pass: (_to: Role, payload: Uint8Array): Uint8Array[] => [payload],
    log: [] as string[],
    online: false,
  }
  const ends = {} as Record<Role, End>
  const inFlight = new Set<Promise<void>>()

  const start = async (role: Role, withSession: boolean) => {
    const { keys, peer } = agreed[role]
    const pairing: Pairing = {
      ...{ pairingId: keys.sessionId, pairingKey: keys.pairingKey as Uint8Array, suite, peer },
      ...{ routeId: routes[role], peerRoute: routes[peerOf(role)] },
    }
    const end = {
      received: [],
      opened: [],
      said: [],
      controls: [],
      refused: [],
      stored: [],
      switches: 0,
    } as unknown as End
    const owner: LinkOwner = {
      transmit(payload) {
        relay.log.push(`${role} ${TYPES[payload[1] as number]}`)
        if (!relay.online) return false
        for (const frame of relay.pass(peerOf(role), payload)) {
          const delivery = ends[peerOf(role)].link.frame(frame)
          inFlight.add(delivery)
          void delivery.finally(() => inFlight.delete(delivery))
        }
        return true
      },
      frame(received) {
        end.received.push(received)
        end.said.push(new TextDecoder().decode(received.frame?.content))
      },
      opened: (received) => void end.opened.push(received),
      control: ({ type }) => void end.controls.push(type),
      store: async ({ suite }) => void end.stored.push({ suite }),
      switched: () => void end.switches++,
      refused: ({ code }) => void end.refused.push(code),
    }
    end.link = new Link({ role, pairing, identity: devices[role], supported: supported[role], owner, timers })
    if (withSession) end.link.begin(await Session.start(agreed[role], { clock: timers }))
    ends[role] = end
  }
  await start('agent', sessions)
  await start('controller', sessions)

  const connect = () => {
    relay.online = true
    for (const role of ['agent', 'controller'] as const) ends[role].link.bound()
    for (const role of ['agent', 'controller'] as const) ends[role].link.presence(true)
  }
  const disconnect = () => {
    relay.online = false
    for (const role of ['agent', 'controller'] as const) ends[role].link.lost()
  }
  const close = () => {
    for (const role of ['agent', 'controller'] as const) ends[role].link.close()
  }
  /** Both have the same session and have heard each other in it. */
  const inStep = () => {
    const [a, c] = [ends.agent.link.session, ends.controller.link.session]
    return a !== undefined && c !== undefined && String(a.id) === String(c.id)
  }
  const settle = () => until(() => inFlight.size === 0, 'every frame was taken')
  const restart = async (role: Role) => {
    ends[role].link.close()
    await start(role, false)
  }
  return { ends, relay, timers, connect, disconnect, close, inStep, settle, restart }
}

export { until }
