// What the steps about RPC with a controller under test share: the scripted agent that answers it, and the calls
// that its person has asked for.

import { randomUUID } from 'node:crypto'
import type { Message, Request } from '@happy-remote/schemas/rpc/envelope.ts'
import { type BodyPlan, type Piece, sendBody } from '../peers/body.ts'
import { Rpc, type Whole } from '../peers/rpc.ts'
import type { ScriptedAgent } from '../peers/scripted-agent.ts'
import { Refused } from '../shim/driver.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { agentInfo } from './running.ts'
import type { Stage } from './stage.ts'
import type { SuiteWorld } from './world.ts'

/** A call that the person has asked for, and how it went. */
interface Asked {
  readonly method: string
  /** A step has looked at its request. */
  isTaken: boolean
  state: 'under way' | 'succeeded' | 'failed'
  code?: string
}

/** A permission request, or a question, that the scripted agent has never made; it answers all the same. */
const REQUEST = '00000000-0000-4000-8000-000000000001'

/** What the agent answers where a step does not say otherwise. */
const results: Readonly<Record<string, () => unknown>> = {
  'agent.info': () => agentInfo,
  'claude.sendMessage': () => ({ messageId: randomUUID(), state: 'started' }),
  'claude.cancel': () => ({ success: true }),
  'permission.answer': () => ({ requestId: REQUEST, outcome: 'allowed', by: 'a'.repeat(26), option: 'allow', at: 1 }),
  'question.answer': () => ({ requestId: REQUEST, outcome: 'declined', by: 'a'.repeat(26), answers: null, at: 1 }),
  'claude.getStatus': () => ({ state: 'idle', conversationId: null, mode: null, model: null, queued: 0, pending: [] }),
  'terminal.list': () => ({ terminals: [] }),
  'device.list': () => ({ devices: [] }),
  'stream.credit': () => ({}),
}
const params: Readonly<Record<string, object>> = {
  'claude.sendMessage': { prompt: 'say hello' },
  'claude.cancel': { scope: 'turn' },
  'permission.answer': { requestId: REQUEST, inputHash: 'A'.repeat(43), option: 'allow' },
  'question.answer': { requestId: REQUEST, answers: null },
  'terminal.open': { cols: 80, rows: 24 },
}

export const resultOf = (method: string): unknown => {
  const make = results[method]
  if (!make) throw new SuiteError(`The scripted agent has no answer to "${method}"`)
  return make()
}

export class ServedController {
  readonly stage: Stage
  readonly agent: ScriptedAgent
  readonly rpc: Rpc
  readonly calls: Asked[] = []
  readonly #taken = new Set<Whole>()
  #last: Whole<Request> | undefined

  constructor(stage: Stage) {
    this.stage = stage
    this.agent = stage.agent()
    this.rpc = new Rpc(this.agent)
  }

  /** The person asks for something. */
  call(method: string, given: object = params[method] ?? {}): void {
    const asked: Asked = { method, isTaken: false, state: 'under way' }
    this.calls.push(asked)
    const done = (state: 'succeeded' | 'failed', code?: string) =>
      Object.assign(asked, { state, ...(code && { code }) })
    this.stage.program.ask('call', { method, params: given as Record<string, unknown> }, 3_600_000).then(
      () => done('succeeded'),
      (error: Error) => done('failed', error instanceof Refused ? error.code : undefined),
    )
  }

  /** The next request for this method that no step has looked at. */
  async request(method: string, matches?: (whole: Whole<Request>) => boolean): Promise<Whole<Request>> {
    return this.rpc.until(`request for "${method}"`, () => this.requested(method, matches))
  }

  /** The same, where it has come. */
  requested(method: string, matches: (whole: Whole<Request>) => boolean = () => true): Whole<Request> | undefined {
    this.rpc.update()
    const found = this.rpc.messages.find(
      (whole): whole is Whole<Request> =>
        whole.message.type === 'request' &&
        whole.message.method === method &&
        !this.#taken.has(whole) &&
        matches(whole as Whole<Request>),
    )
    if (!found) return undefined
    this.#taken.add(found)
    this.#last = found
    return found
  }

  /** The request of the newest call, unless a step has looked at it. What the program asks by itself is another matter. */
  async take(): Promise<void> {
    const asked = this.calls.at(-1)
    if (!asked || asked.isTaken) return
    asked.isTaken = true
    await this.request(asked.method)
  }

  resultOfLast(): unknown {
    return resultOf(this.last.message.method)
  }

  /** The request that a step has looked at last. */
  get last(): Whole<Request> {
    if (!this.#last) throw new SuiteError('No request was looked at')
    return this.#last
  }

  /** The same request, as it comes again. */
  again(): Promise<Whole<Request>> {
    const { id, method } = this.last.message
    return this.request(method, ({ message }) => message.id === id)
  }

  /** Ids of all requests for this method. */
  idsOf(method: string): Set<string> {
    this.rpc.update()
    const requests = this.rpc.messages.filter(({ message }) => message.type === 'request' && message.method === method)
    return new Set(requests.map(({ message }) => message.id))
  }

  /** Requests with the id of the last one that no step has looked at. */
  get repetitions(): Whole<Request>[] {
    this.rpc.update()
    return this.rpc.messages.filter(
      (whole): whole is Whole<Request> =>
        whole.message.type === 'request' && whole.message.id === this.last.message.id && !this.#taken.has(whole),
    )
  }

  respond(more: object, members: object = {}): Promise<unknown> {
    const { id } = this.last.message
    return this.agent.sendMessage({ id, type: 'response', ...more, ...members } as Message, { isWrong: true })
  }

  async ended(): Promise<Asked> {
    const asked = this.calls.at(-1)
    if (!asked) throw new SuiteError('The person has asked for nothing')
    const { program } = this.stage
    if (!(await program.until(async () => asked.state !== 'under way', 10_000)))
      throw new Failed('The call is still under way')
    return asked
  }

  /** Sends an event with its params in a stream; gives the pieces that were left out. */
  async sendBody(event: Message, body: Uint8Array, plan: BodyPlan = {}): Promise<Piece[]> {
    const pieces = await sendBody(this.agent, event, body, plan)
    // Time that passes from now on passes after these.
    await this.stage.settle()
    return pieces
  }

  async newSession(): Promise<void> {
    const before = this.agent.current
    await this.agent.sendControl({ type: 'rekey' })
    await this.rpc.until('new session', () => (this.agent.current === before ? undefined : true))
    await this.stage.settle()
  }
}

const served = new WeakMap<SuiteWorld, ServedController>()

export function servedOf(world: SuiteWorld): ServedController {
  const known = served.get(world) ?? new ServedController(world.stage)
  served.set(world, known)
  return known
}
