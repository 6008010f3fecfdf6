// A pairing of two stores over a relay in memory, driven by the test.

import { DEFAULT_CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import type { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import type { StreamChunk } from '@happy-remote/schemas/session.ts'
import { AgentPairing } from '../link/pairing-agent.ts'
import { type Carried, type ConnectionOwner, PairingConnection } from '../link/pairing-connection.ts'
import { ControllerPairing } from '../link/pairing-controller.ts'
import type { Received } from '../session/live-sessions.ts'
import type { Role } from '../session/message.ts'
import { decodePairingCode } from '../session/pairing-code.ts'
import type { PairingRecord } from '../session/record.ts'
import { relayUrlOf } from '../session/relay-url.ts'
import { Store } from '../session/store.ts'
import { ManualTimers, until } from './manual-timers.ts'
import { MemoryRelay } from './memory-relay.ts'
import { MemoryBackend } from './memory-store.ts'

export interface Side {
  readonly store: Store
  /** What happened, as words. */
  readonly log: string[]
  readonly messages: { message: Message; received: Received }[]
  readonly chunks: StreamChunk[]
  connection: PairingConnection | undefined
  /** Opens the connection of a stored pairing, as after a restart. */
  start(): PairingConnection
}

export async function pairingScene({ suites = 3, supported = 3 } = {}) {
  const timers = new ManualTimers()
  const epoch = { now: 'first' }
  const relay = new MemoryRelay()
  const socket = { open: relay.open, jitter: () => 0 }
  const side = async (role: Role): Promise<Side> => {
    const store = await Store.open(await MemoryBackend.create())
    const own: Side = {
      store,
      log: [],
      messages: [],
      chunks: [],
      connection: undefined,
      start: () => connect(own, role, store.pairings[0] as PairingRecord),
    }
    return own
  }
  const ownerOf = (own: Side): ConnectionOwner => ({
    message: (message, received) => void own.messages.push({ message, received }),
    bodyFailed: (_message, _received, error) => void own.log.push(`body ${error.code}`),
    chunk: (chunk) => void own.chunks.push(chunk),
    store: (record) => own.store.savePairing(record),
    paired: ({ peerName }) => void own.log.push(`paired ${peerName}`),
    revoked: (why) => void own.log.push(why),
    complaint: (code) => void own.log.push(`complaint ${code}`),
    refused: ({ code }) => void own.log.push(`refused ${code}`),
  })
  const connect = (own: Side, role: Role, record: PairingRecord, carried?: Carried) => {
    const { identity } = own.store
    own.connection = new PairingConnection({
      ...{ record, identity, supported, timers, socket, name: role, owner: ownerOf(own) },
      ...(carried && { carried }),
      ...(role === 'agent' && { epochs: () => ({ commandEpoch: epoch.now }) }),
    })
    return own.connection
  }
  const [agent, controller] = [await side('agent'), await side('controller')]
  const storeAndConnect = (own: Side, role: Role) => async (record: PairingRecord, carried: Carried) => {
    await own.store.savePairing(record)
    own.log.push(`stored ${record.confirmed ? 'confirmed' : 'unconfirmed'}`)
    return connect(own, role, record, carried)
  }
  const failed = (own: Side) => (error: ProtocolError) => void own.log.push(`failed ${error.code}`)
  const offer = async (ttl?: number) => {
    let isBound = false
    const pairing = new AgentPairing({
      ...{ relay: relayUrlOf('ws://localhost:8080'), identity: agent.store.identity, suites, timers, socket },
      ...{ capabilities: DEFAULT_CAPABILITIES, routeKey: await agent.store.newRouteKey() },
      known: (identityKey) => agent.store.known(identityKey),
      ...(ttl && { ttl }),
      owner: {
        scanned: () => void agent.log.push('scanned'),
        askDigits: () => void agent.log.push('ask'),
        otherDevice: () => void agent.log.push('other device'),
        store: storeAndConnect(agent, 'agent'),
        failed: failed(agent),
        relay: ({ state }) => {
          isBound = state === 'bound'
        },
      },
    })
    await until(() => isBound, 'the code can be used')
    return pairing
  }
  const scan = async (uri: string) => {
    const shown = { digits: '' }
    const pairing = new ControllerPairing({
      ...{ code: decodePairingCode(uri, timers.wall() / 1_000, supported), identity: controller.store.identity },
      ...{ supported, routeKey: await controller.store.newRouteKey(), known: null, timers, socket },
      owner: {
        store: storeAndConnect(controller, 'controller'),
        digits: (digits) => {
          shown.digits = digits
        },
        noAnswer: () => void controller.log.push('no answer'),
        failed: failed(controller),
      },
    })
    return { pairing, shown }
  }
  /** The whole pairing. */
  const pair = async () => {
    const offered = await offer()
    const { shown } = await scan(offered.uri)
    await until(() => shown.digits !== '' && agent.log.includes('ask'), 'both wait for the person')
    await offered.typed(shown.digits)
    await until(
      () => [agent, controller].every(({ log }) => log.some((line) => line.startsWith('paired'))),
      'both are paired',
    )
  }
  const close = () => {
    for (const { connection } of [agent, controller]) connection?.close()
  }
  return { timers, relay, epoch, agent, controller, offer, scan, pair, close }
}
