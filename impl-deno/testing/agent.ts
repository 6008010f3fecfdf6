// An agent over a relay in memory, and controllers that ask it what a test wants.

import { DatabaseSync } from 'node:sqlite'
import { SUITE_BITS } from '@happy-remote/schemas/constants.ts'
import type { Event, Message, Response } from '@happy-remote/schemas/rpc/envelope.ts'
import type { StreamChunk } from '@happy-remote/schemas/session.ts'
import { Agent, type AgentOptions } from '../agent/agent.ts'
import { CommandStore } from '../agent/command-store.ts'
import { Journal } from '../agent/journal.ts'
import { type Carried, PairingConnection } from '../link/pairing-connection.ts'
import { ControllerPairing } from '../link/pairing-controller.ts'
import { systemTimers } from '../link/timers.ts'
import { decodePairingCode } from '../session/pairing-code.ts'
import type { PairingRecord } from '../session/record.ts'
import { relayUrlOf } from '../session/relay-url.ts'
import { Store } from '../session/store.ts'
import { until } from './manual-timers.ts'
import { MemoryRelay } from './memory-relay.ts'
import { MemoryBackend } from './memory-store.ts'

/** What a controller sends as a request, and how. */
export interface Call {
  readonly method: string
  readonly params?: object
  readonly id?: string
}

export class TestController {
  readonly events: Event[] = []
  readonly responses: Response[] = []
  readonly chunks: StreamChunk[] = []
  readonly log: string[] = []
  connection!: PairingConnection

  /** All responses to an id, in their order. */
  to(id: string): Response[] {
    return this.responses.filter((response) => response.id === id)
  }

  ask({ method, params = {}, id = crypto.randomUUID() }: Call): string {
    void this.connection.rpc.send({ id, type: 'request', method, params } as Message, { urgent: true })
    return id
  }

  async call(call: Call): Promise<Response> {
    const id = call.id ?? crypto.randomUUID()
    const before = this.to(id).length
    this.ask({ ...call, id })
    await until(() => this.to(id).length > before, `${call.method} is answered`)
    return this.to(id)[before] as Response
  }

  /** The result; throws the error where there is one. */
  async result<T>(call: Call): Promise<T> {
    const response = await this.call(call)
    if ('error' in response) throw new Error(`${response.error.code}: ${response.error.message}`)
    return response.result as T
  }

  /** The code of the error. */
  async refusal(call: Call): Promise<string> {
    const response = await this.call(call)
    return 'error' in response ? response.error.code : 'no error'
  }

  told(method: string): Event['params'][] {
    return this.events.filter((event) => event.method === method).map(({ params }) => params)
  }

  output(streamId: number): string {
    const chunks = this.chunks.filter((chunk) => chunk.streamId === streamId)
    return chunks.map(({ bytes }) => new TextDecoder().decode(bytes)).join('')
  }
}

export async function agentScene(options: Partial<AgentOptions> = {}) {
  const { timers = systemTimers } = options
  const relay = new MemoryRelay()
  const socket = { open: relay.open, jitter: () => 0 }
  const workspace = await Deno.makeTempDir()
  const store = options.store ?? (await Store.open(await MemoryBackend.create()))
  const commands = options.commands ?? new CommandStore(':memory:')
  const journal = options.journal ?? new Journal(new DatabaseSync(':memory:'))
  const log: string[] = []
  const start = () =>
    new Agent({
      ...{ store, commands, journal, workspace, timers, socket, relay: relayUrlOf('ws://localhost:8080') },
      ...{ name: 'desk', software: 'test', assistant: null, environment: { PATH: '/usr/bin:/bin', SHELL: '/bin/sh' } },
      events: {
        scanned: () => void log.push('scanned'),
        digits: (triesLeft) => void log.push(`digits ${triesLeft}`),
        otherDevice: () => void log.push('other device'),
        paired: () => void log.push('paired'),
        pairingFailed: ({ code }) => void log.push(`failed ${code}`),
        revoked: () => void log.push('revoked'),
        relay: ({ state }) => void log.push(state),
      },
      ...options,
    })
  const agent = { current: start() }
  const controllers: TestController[] = []
  const asked = () => log.filter((line) => line.startsWith('digits')).length

  /** Scans the code, and resolves with the digits that the controller shows. */
  const scan = async (uri: string, own: Store) => {
    const controller = new TestController()
    controllers.push(controller)
    const { identity } = own
    const carryOn = async (record: PairingRecord, carried: Carried) => {
      controller.connection = new PairingConnection({
        ...{ record, identity, supported: SUITE_BITS, name: 'phone', timers, socket, carried },
        owner: {
          message: (message) => {
            if (message.type === 'event') controller.events.push(message)
            else if (message.type === 'response') controller.responses.push(message)
          },
          bodyFailed: () => {},
          chunk: (chunk) => void controller.chunks.push(chunk),
          store: (changed) => own.savePairing(changed),
          paired: () => void controller.log.push('paired'),
          hello: () => void controller.log.push('hello'),
          revoked: (why) => void controller.log.push(why),
        },
      })
      return controller.connection
    }
    const shown = { digits: '', failed: '' }
    new ControllerPairing({
      ...{ code: decodePairingCode(uri, timers.wall() / 1_000, SUITE_BITS), identity, supported: SUITE_BITS },
      ...{ routeKey: await own.newRouteKey(), known: null, timers, socket },
      owner: {
        store: carryOn,
        digits: (digits) => {
          shown.digits = digits
        },
        failed: ({ code }) => {
          shown.failed = code
        },
      },
    })
    return { controller, shown }
  }

  /** A new device, paired and heard. */
  const pair = async (capabilities?: Parameters<Agent['offer']>[0], own?: Store): Promise<TestController> => {
    const bound = log.filter((line) => line === 'bound').length
    const { uri } = await agent.current.offer(capabilities)
    await until(() => log.filter((line) => line === 'bound').length > bound, 'the code can be used')
    const before = asked()
    const { controller, shown } = await scan(uri, own ?? (await Store.open(await MemoryBackend.create())))
    await until(() => shown.digits !== '' && asked() > before, 'the digits are shown and asked for')
    await agent.current.typed(shown.digits)
    await until(() => controller.log.includes('paired') && controller.log.includes('hello'), 'they are paired')
    await until(() => agent.current.devices.list.every(({ name }) => name === 'phone'), 'the agent knows its name')
    return controller
  }

  const close = async () => {
    for (const { connection } of controllers) connection?.close()
    await agent.current.stop()
    commands.close()
    journal.close()
    await Deno.remove(workspace, { recursive: true })
  }
  /** The program ends and begins again, with what it has stored. */
  const restart = async () => {
    await agent.current.stop()
    agent.current = start()
    await until(() => agent.current.devices.all.every(({ connection }) => connection.isBound), 'the agent is back')
    // A REKEY_ASK is not honoured so soon after a frame, and the test does not wait for the next.
    const asking = controllers.filter(({ log }) => !log.includes('revoked'))
    const hellos = () => asking.map(({ log }) => log.filter((line) => line === 'hello').length)
    const before = hellos()
    for (const { connection } of asking) connection.link.rekey()
    await until(() => hellos().every((count, i) => count > (before[i] ?? 0)), 'all have new sessions')
  }
  return { controllers, agent, relay, timers, store, commands, journal, workspace, log, scan, pair, restart, close }
}
