// The controller's verbs: a program that keeps what it has paired, and tells what it hears.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { MethodName } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller } from '../controller/controller.ts'
import type { TerminalHandlers } from '../controller/terminal.ts'
import { deviceIdOf, deviceIdText } from '../crypto/identity.ts'
import { keepSession } from '../session/kept-session.ts'
import type { PairingRecord } from '../session/record.ts'
import type { Store } from '../session/store.ts'
import { fileWitness, type Witness } from '../session/witness.ts'
import { tell, temporaryFolder, type Verbs } from './verbs.ts'

// session.fresh.live
const isLive = (age: number | null): boolean => age !== null && age <= limits.presenceFresh
const agentOf = ({ peer }: PairingRecord): string => deviceIdText(deviceIdOf(peer.identityKey))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const log = (message: string, detail: object): void =>
  void process.stderr.write(`${message} ${JSON.stringify(detail)}\n`)

/** Tells the output of one terminal; `onAttach` comes before the first of it. */
function follow(terminalId: () => string): { handlers: TerminalHandlers; startAt(offset: number): void } {
  let next = 0
  const handlers: TerminalHandlers = {
    onData: (bytes, age) => {
      tell('output', { terminalId: terminalId(), offset: next, bytes: text(bytes), live: isLive(age) })
      next += bytes.length
    },
    onGap: (from, to) => {
      tell('gap', { terminalId: terminalId(), from, to })
      next = to
    },
    onExit: () => {},
  }
  return { handlers, startAt: (offset) => (next = offset) }
}

export async function controller(): Promise<Verbs> {
  const { Controller: ControllerClass } = await import('../controller/controller.ts')
  const { openQueue } = await import('../controller/queue.ts')
  const { pairWith } = await import('../controller/pair.ts')
  const { parsePairingCode } = await import('../session/pairing-code.ts')
  const { Store: StoreClass } = await import('../session/store.ts')
  let store: Store | undefined
  let name = 'controller under test'
  let witness: Witness | undefined
  /** Newest last. */
  const connections = new Set<Controller>()

  const kept = () => {
    if (!store) throw new ProtocolError('not-found', 'The controller was not started.')
    return store
  }
  const newest = () => {
    const last = [...connections].at(-1)
    if (!last) throw new ProtocolError('not-found', 'Nothing is paired.')
    return last
  }

  const queue = () => {
    const { queue } = newest()
    if (!queue) throw new ProtocolError('not-found', 'This controller has no queue.')
    return queue
  }

  /** A new pairing with an agent takes the place of the older one, whose record is gone. */
  const replaceOlder = (made: Controller) => {
    if (made.record.state !== 'stored') return
    for (const other of connections) {
      if (other === made || agentOf(other.record) !== agentOf(made.record)) continue
      other.close()
      connections.delete(other)
    }
  }

  const watch = (made: Controller) => {
    replaceOlder(made)
    connections.add(made)
    const over = () => {
      connections.delete(made)
      kept().removePairing(made.record.pairingId)
    }
    made.on('event', ({ method, params }, age) => tell(method, { params, live: isLive(age) }))
    made.on('entry', (entry) => tell('entry', { ...entry }))
    made.on('missed', (missed) => tell('missed', { ...missed }))
    made.on('revoked', () => {
      over()
      tell('revoked', { deviceId: agentOf(made.record) })
    })
    made.on('expired', over)
    let { state } = made.record
    made.on('record', (record) => {
      if (state === 'unconfirmed' && record.state === 'stored') {
        replaceOlder(made)
        tell('paired', { deviceId: agentOf(record) })
      }
      state = record.state
    })
  }

  const keeperOf = (record: PairingRecord) => witness && keepSession({ store: kept(), witness, record, log })

  /** A connection for each record that has none. */
  const connectAll = () => {
    const used = new Set([...connections].map(({ record }) => text(record.pairingId)))
    for (const record of kept().pairings) {
      if (record.role !== 'controller' || used.has(text(record.pairingId))) continue
      const save = (changed: PairingRecord) =>
        changed.state === 'stored' ? kept().adoptPairing(changed) : kept().savePairing(changed)
      const keeper = keeperOf(record)
      const queue = openQueue(kept(), record)
      watch(new ControllerClass({ identity: kept().identity, record, name, save, queue, keeper }))
    }
  }

  return {
    start: (options) => {
      if (options.name !== undefined) name = options.name as string
      store = new StoreClass((options.state as string | undefined) ?? temporaryFolder())
      if (options.witness !== undefined) witness = fileWitness(options.witness as string)
      connectAll()
    },
    pair: async ({ uri }) => {
      const code = parsePairingCode(uri as string, Date.now())
      const shown = Promise.withResolvers<{ digits: string }>()
      let isShown = false
      const onDigits = (digits: string) => {
        isShown = true
        shown.resolve({ digits })
      }
      pairWith({ code, store: kept(), name, keeperOf, onDigits }).then(
        (made) => {
          watch(made)
          tell('paired', { deviceId: agentOf(made.record) })
        },
        (error: ProtocolError) => {
          if (isShown) tell('pairing-failed', { code: error.code })
          else shown.reject(error)
          // The record may still be confirmed later.
          connectAll()
        },
      )
      return shown.promise
    },
    call: async ({ method, params }) => {
      const made = newest()
      if (method !== 'terminal.open' && method !== 'terminal.attach') {
        return { result: await made.call(method as MethodName, params as never) }
      }
      let terminalId = ''
      let result: unknown
      const { handlers, startAt } = follow(() => terminalId)
      const watched = {
        ...handlers,
        onAttach: (answer: { terminalId: string; offset: number }) => {
          result ??= answer
          terminalId = answer.terminalId
          startAt(answer.offset)
        },
      }
      if (method === 'terminal.open') await made.openTerminal(params as never, watched)
      else {
        const { terminalId: id, afterOffset } = params as { terminalId: string; afterOffset?: number }
        terminalId = id
        await made.attachTerminal(id, watched, afterOffset)
      }
      return { result }
    },
    enqueue: ({ method, params }) => {
      const { id } = newest().enqueue(method as MethodName, params as never)
      return { id }
    },
    arrange: ({ id, params, position, cancel }) => {
      if (params !== undefined) queue().edit(id as string, params as object)
      if (position !== undefined) queue().move(id as string, position as number)
      if (cancel) queue().cancel(id as string)
    },
    queue: () => ({ commands: queue().commands.map(({ id, method, state }) => ({ id, method, state })) }),
    drop: () => newest().cut(),
    revoke: async () => {
      const made = newest()
      await made.revoke()
      connections.delete(made)
      kept().removePairing(made.record.pairingId)
    },
    state: () => {
      const online = new Set(
        [...connections].filter(({ status }) => status.peer !== 'offline').map(({ record }) => text(record.pairingId)),
      )
      return {
        agents: kept().pairings.map((record) => ({
          deviceId: agentOf(record),
          name: record.peerName,
          capabilities: record.capabilities,
          confirmed: record.state === 'stored',
          online: online.has(text(record.pairingId)),
        })),
      }
    },
    stop: () => {
      for (const made of connections) made.close()
      store?.close()
    },
  }
}
