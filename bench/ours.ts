// Our side of the rows: handshake, ratchet and session of impl-node, called as its link calls them.

import { randomBytes } from 'node:crypto'
import type { Suite } from '@happy-remote/schemas/constants.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { QrPayload } from '@happy-remote/schemas/pairing.ts'
import { generateIdentity } from '../impl-node/crypto/identity.ts'
import { answerM1, completeRun, openM1 } from '../impl-node/session/initiator.ts'
import { contextOf } from '../impl-node/session/pairing-code.ts'
import type { Ratchet } from '../impl-node/session/ratchet.ts'
import { acceptM2, createBundle } from '../impl-node/session/responder.ts'
import type { RunSecret } from '../impl-node/session/schedule.ts'
import { Session } from '../impl-node/session/session.ts'
import type { Library, Octets, Peers } from './peers.ts'

const random = (size: number): Octets => new Uint8Array(randomBytes(size))

/** Route keys are the relay's affair: here they are only ids. */
const AGENT_ROUTE = random(16)
const CONTROLLER_ROUTE = random(16)

interface Ratchets {
  readonly agent: Ratchet
  readonly controller: Ratchet
}

/** Both identities and a whole pairing run: code, M1, M2, M3, digits. Throws where the digits differ. */
function runPairing(suite: Suite): Ratchets {
  const [agent, controller] = [generateIdentity(), generateIdentity()]
  const suites = suite === 1 ? 0b01 : 0b11
  const payload: QrPayload = {
    flags: 0,
    suites,
    expiry: Math.floor(Date.now() / 1_000) + 120,
    deviceId: agent.deviceId,
    routeId: AGENT_ROUTE,
    pairingSecret: random(16),
    relay: new TextEncoder().encode('relay.example.com'),
  }
  const run: RunSecret = { mode: 'pairing', secret: payload.pairingSecret, context: contextOf(payload) }
  const bundle = createBundle(run, suite, controller, CONTROLLER_ROUTE, undefined, suites)
  const answered = answerM1(openM1(run, bundle.frame), { identity: agent, from: CONTROLLER_ROUTE, offered: suites })
  const accepted = acceptM2(bundle, answered.frame, controller, { deviceId: agent.deviceId })
  const completed = completeRun(answered, accepted.frame)
  if (completed.digits !== accepted.digits) throw new Error('Cannot pair: the two ends show different digits')
  return { agent: completed.ratchet, controller: accepted.ratchet }
}

function deliver(from: Ratchet, to: Ratchet, message: Octets): void {
  const sealed = from.encrypt(message)
  if (!to.matches(sealed)) throw new Error('Cannot deliver: the header is of another session')
  to.decrypt(sealed, Date.now())
}

/** The agent speaks first. */
export const happy = (suite: Suite): Library => ({
  pair(message): Peers {
    const { agent, controller } = runPairing(suite)
    deliver(agent, controller, message)
    return {
      forth: (text) => deliver(agent, controller, text),
      back: (text) => deliver(controller, agent, text),
    }
  },
})

const FRESH = random(8)
const ACK = new TextEncoder().encode('{"type":"ack"}')

/** Seals content of one side, opens it on the other, and gives the bytes of it; after every 32 an ack comes back. */
type Send = (from: 'left' | 'right', contentType: 'rpc' | 'batch', content: Octets) => number

/** What a link does with content: the frame, padded, sealed and opened. */
export function sessionPair(): Send {
  const { agent, controller } = runPairing(1)
  const sessions = { left: new Session(agent, Date.now()), right: new Session(controller, Date.now()) }
  const open = (session: Session, sealed: Uint8Array) => {
    if (!session.ratchet.matches(sealed)) throw new Error('Cannot deliver: the header is of another session')
    session.open(sealed, Date.now())
  }
  return (from, contentType, content) => {
    const [one, other] = from === 'left' ? [sessions.left, sessions.right] : [sessions.right, sessions.left]
    const sealed = one.seal(contentType, content, FRESH)
    open(other, sealed)
    if (one.outstanding >= limits.ackEvery) open(one, other.seal('control', ACK, FRESH))
    return sealed.length
  }
}

export const wholeSession: Library = {
  pair(message): Peers {
    const send = sessionPair()
    send('left', 'rpc', message)
    return {
      forth: (content) => void send('left', 'rpc', content),
      back: (content) => void send('right', 'rpc', content),
    }
  },
}
