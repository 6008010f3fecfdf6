// A controller that has paired over a relay in memory with an agent whose answers the test gives.

import type { Request } from '@happy-remote/schemas/rpc/envelope.ts'
import type { Controller, ControllerEvent } from '../controller/controller.ts'
import { readPairingCode, startPairing } from '../controller/pairing.ts'
import type { PairingConnection } from '../link/pairing-connection.ts'
import { until } from './manual-timers.ts'
import { pairingScene } from './pairing.ts'

/** What a test answers to a request: a result, an error, or nothing at all. */
export type Reply = { result: unknown } | { error: { code: string; message: string; data?: unknown } } | null

const QUIET: Record<string, unknown> = {
  'claude.getStatus': { state: 'idle', conversationId: null, mode: null, model: null, queued: 0, pending: [] },
  'terminal.list': { terminals: [] },
  'stream.credit': {},
}

export async function controlledScene(reply: (request: Request, count: number) => Reply) {
  const scene = await pairingScene()
  const requests: Request[] = []
  const events: ControllerEvent[] = []
  const counts = new Map<string, number>()
  const take = (request: Request) => {
    requests.push(request)
    const count = (counts.get(request.id) ?? 0) + 1
    counts.set(request.id, count)
    const known = Object.hasOwn(QUIET, request.method) ? { result: QUIET[request.method] } : null
    const answer = reply(request, count) ?? known
    const { connection } = scene.agent
    if (answer && connection) {
      void connection.rpc
        .send({ id: request.id, type: 'response', ...answer } as never, { urgent: true })
        .catch(() => {})
    }
  }
  scene.agent.messages.push = (...entries) => {
    for (const { message } of entries) if (message.type === 'request') take(message)
    return 0
  }
  const offered = await scene.offer()
  let controller: Controller | undefined
  let digits = ''
  await startPairing({
    ...{ store: scene.controller.store, code: readPairingCode(offered.uri, scene.timers.wall()), name: 'phone' },
    ...{ timers: scene.timers, socket: { open: scene.relay.open, jitter: () => 0 } },
    listener: {
      digits(shown, own) {
        digits = shown
        controller = own
        own.listen((event) => void events.push(event))
      },
      failed: ({ code }) => void scene.controller.log.push(`failed ${code}`),
    },
  })
  await until(() => digits !== '' && scene.agent.log.includes('ask'), 'both wait for the person')
  await offered.typed(digits)
  const own = controller as unknown as Controller
  /** Waits while time passes, as batches need it. */
  const moving = (condition: () => boolean, what: string, step = 10) =>
    until(() => {
      if (!condition()) scene.timers.advance(step)
      return condition()
    }, what)
  /** The same for a promise. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false
    const noted = promise.finally(() => {
      over = true
    })
    noted.catch(() => {})
    await moving(() => over, 'it is settled')
    return noted
  }
  await moving(() => events.some(({ type }) => type === 'terminals'), 'the controller has caught up')
  const agent = () => scene.agent.connection as PairingConnection
  const of = (method: string) => requests.filter((request) => request.method === method)
  const told = <T extends ControllerEvent['type']>(type: T) =>
    events.filter((event): event is Extract<ControllerEvent, { type: T }> => event.type === type)
  /** Cuts the cables, and lets time pass until both are back. */
  const reconnect = async () => {
    scene.relay.cut()
    await moving(() => !own.away && agent().isBound, 'both are back')
  }
  const close = () => {
    own.close()
    scene.close()
  }
  /** Another run of the agent's program. */
  const restartAgent = (commandEpoch: string) => {
    scene.epoch.now = commandEpoch
    scene.agent.start()
  }
  return {
    ...scene,
    moving,
    settled,
    agentSide: scene.agent,
    restartAgent,
    controller: own,
    store: scene.controller.store,
    requests,
    events,
    agent,
    of,
    told,
    reconnect,
    close,
  }
}
