// The controller under test.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { MethodName } from '@happy-remote/schemas/rpc/registry.ts'
import { programSocket } from '../cli/program-socket.ts'
import { Controller, type ControllerEvent } from '../controller/controller.ts'
import { readPairingCode, startPairing } from '../controller/pairing.ts'
import { toHex } from '../crypto/bytes.ts'
import type { ControllerPairing } from '../link/pairing-controller.ts'
import type { SocketOptions } from '../link/socket.ts'
import { Store } from '../session/store.ts'
import { openSqlite } from '../storage/sqlite.ts'
import { openWitness } from '../storage/witness.ts'
import { MemoryBackend } from '../testing/memory-store.ts'
import { MovedTimers } from './clock.ts'
import type { Role, Tell } from './role.ts'

export function controllerRole(tell: Tell): Role {
  const timers = new MovedTimers()
  /** The newest last. */
  let controllers: Controller[] = []
  let pairing: ControllerPairing | undefined
  let store: Store | undefined
  let socket: Pick<SocketOptions, 'open'> = {}
  let name = 'controller under test'
  /** The suite has asked for it, so the agent ends nothing. */
  const revoking = new Set<Controller>()

  const stored = (): Store => {
    if (!store) throw new Error('The controller was not started')
    return store
  }
  const newest = (): Controller => {
    const controller = controllers.at(-1)
    if (!controller) throw new ProtocolError('not-found', 'Nothing is paired')
    return controller
  }
  const forget = (controller: Controller) => {
    controllers = controllers.filter((other) => other !== controller)
  }
  const take = (controller: Controller, event: ControllerEvent) => {
    const { agentId: deviceId } = controller
    if (event.type === 'event') tell(event.method, { params: event.params, live: event.live })
    if (event.type === 'gap') tell('gap', { terminalId: event.terminalId, from: event.from, to: event.to })
    if (event.type === 'entry') tell('entry', { ...event.entry })
    if (event.type === 'missed') tell('missed', { ...event.missed })
    if (event.type === 'output') {
      const { terminalId, offset, bytes, live } = event
      tell('output', { terminalId, offset, bytes: toHex(bytes), live })
    }
    if (event.type === 'paired') {
      // What was stored of an earlier pairing with this agent is gone, and so is its use.
      for (const other of controllers) {
        if (other === controller || other.agentId !== deviceId) continue
        other.close()
        forget(other)
      }
      tell('paired', { deviceId })
    }
    if (event.type === 'revoked') {
      forget(controller)
      if (event.why === 'revoked' && !revoking.has(controller)) tell('revoked', { deviceId })
    }
  }
  const follow = (controller: Controller) => {
    controllers.push(controller)
    controller.listen((event) => take(controller, event))
  }

  return {
    capabilities: ['state', 'clock', 'queue', 'journal', 'persist'],
    verbs: {
      clock: (args) => timers.move(args),
      start: async ({ state, name: own, witness }) => {
        if (own) name = String(own)
        socket = await programSocket()
        store = await Store.open(
          state ? await openSqlite(String(state)) : await MemoryBackend.create(),
          witness === undefined ? undefined : await openWitness(String(witness)),
        )
        await store.deleteExpired(timers.wall())
        const records = [...store.pairings].sort((a, b) => a.pairedAt - b.pairedAt)
        for (const record of records) follow(new Controller({ store, record, name, timers, socket }))
      },
      pair: async ({ uri }) => {
        const shown = Promise.withResolvers<string>()
        let isShown = false
        pairing = await startPairing({
          ...{ store: stored(), code: readPairingCode(String(uri), timers.wall()), name, timers, socket },
          listener: {
            digits: (digits, controller) => {
              isShown = true
              follow(controller)
              shown.resolve(digits)
            },
            failed: (error) => {
              if (isShown) tell('pairing-failed', { code: error.code })
              else shown.reject(error)
            },
          },
        })
        return { digits: await shown.promise }
      },
      call: async ({ method, params }) => ({ result: await newest().request(String(method), params as object) }),
      enqueue: async ({ method, params }) => {
        const { id } = await newest().enqueue(String(method) as MethodName, params as never)
        return { id }
      },
      arrange: async ({ id, params, position, cancel }) => {
        const { queue } = newest()
        if (params !== undefined) await queue.edit(String(id), params as object)
        if (position !== undefined) await queue.move(String(id), Number(position))
        if (cancel) await queue.cancel(String(id))
      },
      queue: async () => {
        const commands = await newest().queue.list()
        return { commands: commands.map(({ id, method, state }) => ({ id, method, state })) }
      },
      state: () => ({
        agents: stored().pairings.map(({ pairingId, peerName, capabilities, confirmed }) => {
          const own = controllers.find(({ record }) => toHex(record.pairingId) === toHex(pairingId))
          return { deviceId: own?.agentId ?? '', name: peerName, capabilities, confirmed, online: own?.online ?? false }
        }),
      }),
      drop: () => {
        pairing?.drop()
        for (const { connection } of controllers) connection.drop()
      },
      revoke: async () => {
        const controller = newest()
        revoking.add(controller)
        await controller.revoke()
      },
      stop: async () => {
        pairing?.cancel()
        for (const controller of controllers) controller.close()
        await store?.close()
      },
    },
  }
}
