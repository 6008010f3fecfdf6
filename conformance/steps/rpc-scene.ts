// What the steps about RPC with an agent share: the agent with its scripted assistant, the controllers that
// call it, and what each has asked last.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event, Request, Response } from '@happy-remote/schemas/rpc/envelope.ts'
import type { Script } from '../assistants/script.ts'
import { suiteScript } from '../assistants/suite-script.ts'
import { kindOf } from '../peers/faulty-relay.ts'
import { Rpc, type Whole } from '../peers/rpc.ts'
import type { ScriptedController } from '../peers/scripted-controller.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { Stage } from './stage.ts'
import type { SuiteWorld } from './world.ts'

/** A scripted controller with its requests and what it has heard. */
export class Caller {
  readonly name: string
  readonly controller: ScriptedController
  readonly rpc: Rpc
  /** The request that was sent last, by whatever step, and how often. */
  #last: Request | undefined
  /** Responses to it that were there before it was sent last. */
  #before = 0
  /** The first response to each request. */
  readonly recorded = new Map<string, Response>()

  constructor(controller: ScriptedController) {
    this.name = controller.name
    this.controller = controller
    this.rpc = new Rpc(controller)
  }

  get last(): Request {
    if (!this.#last) throw new SuiteError(`The ${this.name} has asked nothing`)
    return this.#last
  }

  /** Says which request the next answer is about. */
  about(request: Request): void {
    this.#last = request
    this.#before = this.rpc.responsesTo(request.id).length
  }

  async send(request: Request, options: Parameters<Rpc['ask']>[2] = {}): Promise<Request> {
    this.about(request)
    return this.rpc.ask(request.method, request.params, { ...options, id: request.id })
  }

  ask(method: string, params: unknown = {}, options: Parameters<Rpc['ask']>[2] = {}): Promise<Request> {
    return this.send(this.rpc.request(method, params, options.id), options)
  }

  /** What was sent last has its answer. */
  get isAnswered(): boolean {
    return this.rpc.responsesTo(this.last.id).length > this.#before
  }

  /** The answer to what was sent last. */
  async answer(): Promise<Whole<Response>> {
    const whole = await this.rpc.answer(this.last, this.#before + 1)
    if (!this.recorded.has(this.last.id)) this.recorded.set(this.last.id, whole.message)
    return whole
  }

  /** The result of what was sent last. Throws Failed where it is an error. */
  async result<T = Record<string, unknown>>(): Promise<T> {
    const { message } = await this.answer()
    if (!('result' in message)) {
      throw new Failed(
        `"${this.last.method}" is answered with the error "${message.error.code}" (${message.error.message}), expected a result`,
      )
    }
    return message.result as T
  }

  async refusal(code: string): Promise<Extract<Response, { error: unknown }>['error']> {
    const { message } = await this.answer()
    if (!('error' in message))
      throw new Failed(`"${this.last.method}" is answered with a result, expected the error "${code}"`)
    if (message.error.code !== code) {
      throw new Failed(
        `"${this.last.method}" is answered with the error "${message.error.code}" (${message.error.message}), expected "${code}"`,
      )
    }
    return message.error
  }
}

/** A prompt that was given, and by whom. */
export interface Prompt {
  readonly text: string
  readonly caller: Caller
  readonly request: Request
}

export class RpcScene {
  readonly stage: Stage
  readonly prompts: Prompt[] = []
  readonly #callers = new Map<string, Caller>()
  readonly #folder = mkdtempSync(join(tmpdir(), 'happy-remote-scene-'))

  constructor(stage: Stage) {
    this.stage = stage
  }

  get log(): string {
    return join(this.#folder, 'prompts')
  }

  get #mayStart(): string {
    return join(this.#folder, 'may-start')
  }

  /** Always awaits that file, so that a step can still decide when the agent runs already. */
  script({ start = { awaits: this.#mayStart }, ...more }: Pick<Script, 'start' | 'sessions' | 'takes'> = {}): Script {
    this.letStart()
    return { ...suiteScript(this.log, start), ...more }
  }

  letStart(): void {
    writeFileSync(this.#mayStart, '')
  }

  holdStart(): void {
    rmSync(this.#mayStart, { force: true })
  }

  /** What the assistant was prompted with. */
  heardPrompts(): string[] {
    if (!existsSync(this.log)) return []
    return readFileSync(this.log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as string)
  }

  untilHeard(count: number): Promise<void> {
    return this.until(`the assistant hears ${count} prompts`, () => this.heardPrompts().length >= count)
  }

  caller(name: string): Caller {
    const known = this.#callers.get(name)
    if (known) return known
    const made = new Caller(this.stage.controller(name))
    this.#callers.set(name, made)
    return made
  }

  get callers(): Caller[] {
    return [...this.#callers.values()]
  }

  async pair(name: string, capabilities?: readonly string[]): Promise<Caller> {
    if (this.#callers.has(name)) await this.stage.controller(name).forget()
    await this.stage.pairAgent(this.stage.controller(name), capabilities)
    return this.caller(name)
  }

  /** Gives a prompt, and waits for the answer unless the step looks at it. */
  async prompt(caller: Caller, text: string, more: Record<string, unknown> = {}): Promise<Prompt> {
    const request = await caller.ask('claude.sendMessage', { prompt: text, ...more })
    const prompt = { text, caller, request }
    this.prompts.push(prompt)
    return prompt
  }

  /** The prompt that was given last, or `back` before it. */
  given(back = 0): Prompt {
    const prompt = this.prompts.at(-1 - back)
    if (!prompt) throw new SuiteError('No step has given a prompt')
    return prompt
  }

  /** Begins a new session, and waits until both ends use it. */
  async newSession({ controller }: Caller): Promise<void> {
    const before = controller.current
    await controller.sendR1()
    await this.until('the new session begins', () => controller.current !== before)
    await this.stage.settle()
  }

  async until(what: string, holds: () => boolean, time = 15_000): Promise<void> {
    for (const deadline = performance.now() + time; !holds(); ) {
      for (const { controller } of this.callers) controller.assertWell()
      if (performance.now() > deadline) throw new Failed(`It does not come to this: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** Waits until the agent, which was away, answers again. */
  async answersAgain(rpc: Rpc): Promise<void> {
    for (const deadline = performance.now() + 30_000; ; ) {
      const request = await rpc.ask('device.list')
      if (await rpc.answer(request, 1, 1_000).catch(() => undefined)) break
      if (performance.now() > deadline) throw new Failed('The agent does not come back')
    }
    await this.stage.settle()
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const scenes = new WeakMap<SuiteWorld, RpcScene>()

export interface AgentOptions {
  /** How the assistant starts, instead of when a step lets it. */
  readonly start?: Script['start']
  /** What the assistant knows of conversations of an earlier process; nothing where absent. */
  readonly sessions?: Script['sessions']
  /** What may go with a prompt; nothing where absent. */
  readonly takes?: Script['takes']
  /** ms that a permission request waits. */
  readonly permissionTime?: number
  /** Entries that its journal keeps. */
  readonly journalEntries?: number
}

/** Starts the agent under test. Takes the place of one that a step before has started. */
export async function startAgent(world: SuiteWorld, options: AgentOptions | 'no assistant' = {}): Promise<RpcScene> {
  scenes.get(world)?.end()
  await world.leaveStage()
  const scene = new RpcScene(world.useStage('agent'))
  scenes.set(world, scene)
  if (options === 'no assistant') {
    await scene.stage.start({ keepState: true })
    return scene
  }
  const { start, sessions, takes, permissionTime, journalEntries } = options
  await scene.stage.start({
    keepState: true,
    script: scene.script({ ...(start && { start }), ...(sessions && { sessions }), ...(takes && { takes }) }),
    ...(permissionTime !== undefined && { permissionTime }),
    ...(journalEntries !== undefined && { journalEntries }),
  })
  return scene
}

export function sceneOf(world: SuiteWorld): RpcScene {
  const scene = scenes.get(world)
  if (!scene) throw new SuiteError('No step has named the agent under test, with its assistant')
  return scene
}

export const endScene = (world: SuiteWorld): void => scenes.get(world)?.end()

export const paramsOf = (whole: Whole<Event>): Record<string, unknown> =>
  whole.message.params as Record<string, unknown>

/** Sends `send`'s frame, holds it back, and lets a read that is sent later arrive first. */
export async function overtaken(scene: RpcScene, caller: Caller, send: () => Promise<unknown>): Promise<void> {
  const { relay } = scene.stage
  await scene.stage.settle()
  relay.plan('held back', (frame) => frame.isToProgram && kindOf(frame.bytes.subarray(33)) === 'message')
  await send()
  const { last } = caller
  await scene.until('the relay holds the request back', () => relay.held === 1)
  await caller.rpc.call('device.list')
  caller.about(last)
  relay.releaseHeld()
}
