// A running session of the program under test with its scripted peer, in words that hold for an agent and for a
// controller: a call that is made and answered, and a message that shows whether it was opened.
//
// A *probe* is a message of the peer with an effect of its own. To an agent it is a request, which is answered; to a
// controller an event, which its program tells.

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import type { FrameOf } from '../peers/endpoint.ts'
import type { HeardFrame, Inside } from '../peers/heard-frames.ts'
import { atOnce } from '../peers/patience.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import type { ScriptedController } from '../peers/scripted-controller.ts'
import type { ScriptedSession, SealFault } from '../peers/session.ts'
import type { WatchingRelay } from '../peers/watching-relay.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { ProgramUnderTest, StartOptions } from './program.ts'
import type { Stage } from './stage.ts'
import type { SuiteWorld } from './world.ts'

/** Nothing is owed to anybody any more after so many ms: `session.window.ack`, and what a batch waits for. */
const QUIET = 300
const PROBE_EVENT = 'unstable-probe'

export interface Probe {
  readonly id: string
  readonly content: Message
}

export interface SealedProbe extends Probe {
  readonly sealed: Uint8Array
  readonly seq: number
}

/** How a probe went: `acted` on as it asks for, only `opened`, or neither. */
export type Fate = 'acted' | 'opened' | 'nothing'

/** What an agent answers to `agent.info`. */
export const agentInfo = {
  deviceId: 'a'.repeat(26),
  name: 'scripted agent',
  software: 'suite/1',
  protocol: 1,
  platform: 'linux',
  workspace: '/',
  capabilities: [],
  assistant: null,
  methods: [],
}

/** The call of a controller under test, beside what it asks of its own accord. */
export const isCall = (message: Message): boolean => message.type === 'request' && message.method === 'agent.info'

export class Running {
  readonly stage: Stage
  /** Ids of the probes that a controller under test has told. */
  readonly #events: string[] = []
  #begun = 0

  constructor(stage: Stage) {
    this.stage = stage
  }

  /** Starts the program, pairs it, and makes a call, so that both sides have spoken. */
  static async begin(world: SuiteWorld, options: StartOptions = {}, suites = 3): Promise<Running> {
    const running = new Running(world.useStage(world.parameters.endpoint))
    const prepare = preparations.get(world)
    if (prepare) {
      prepare(running.stage.relay)
      await running.stage.open()
    }
    await running.stage.start(options)
    running.peer.suites = suites
    await running.pair()
    await running.call()
    await running.quiet()
    running.#begun = running.peer.heard.length
    return running
  }

  async pair(): Promise<void> {
    if (this.peer instanceof ScriptedAgent) await this.stage.pairController()
    else await this.stage.pairAgent()
  }

  get program(): ProgramUnderTest {
    return this.stage.program
  }

  get peer(): ScriptedAgent | ScriptedController {
    return this.stage.peer
  }

  get session(): ScriptedSession {
    const { current } = this.peer
    if (!current) throw new SuiteError('There is no session')
    return current
  }

  // Calls.

  /** One call to its end: at a controller under test its own, at an agent that of the scripted controller. */
  async call(time = atOnce()): Promise<void> {
    if (this.peer instanceof ScriptedAgent) {
      const asked = this.program.ask('call', { method: 'agent.info', params: {} }, time + 1_000)
      asked.catch(() => {})
      await this.answerCall(time)
      await asked
      return
    }
    const id = randomUUID()
    await this.peer.sendMessage({ id, type: 'request', method: 'agent.info', params: {} })
    const { message } = await this.peer.expectMessage('answer to a call', (each) => each.id === id, time)
    if (!('result' in message)) throw new Failed(`The agent answers a call with ${JSON.stringify(message)}`)
  }

  /** A call is made and answered, in whatever session, however long the two need to find each other. */
  async callInTheEnd(time = 60_000): Promise<void> {
    const { peer, program } = this
    const deadline = performance.now() + time
    let asked: Promise<unknown> | undefined
    let isAnswered = false
    for (let id = ''; !isAnswered && performance.now() < deadline; ) {
      await this.bePatient()
      if (peer instanceof ScriptedAgent) {
        asked ??= program.ask('call', { method: 'agent.info', params: {} }, 2 * time).then(() => {
          isAnswered = true
        })
        asked.catch(() => {
          asked = undefined
        })
        const request = await peer.inbox.take((each) => each.kind === 'rpc' && isCall(each.message), 300)
        if (request?.kind === 'rpc') await this.answerNow(request.message.id)
      } else {
        if (peer.current && peer.isConnected) {
          id = randomUUID()
          await peer.sendMessage({ id, type: 'request', method: 'agent.info', params: {} })
        }
        const answer = await peer.inbox.take((each) => each.kind === 'rpc' && each.message.id === id, 300)
        isAnswered = answer?.kind === 'rpc' && 'result' in answer.message
      }
      if (!isAnswered && program.has('clock')) await program.pass(500, 500)
    }
    this.peer.assertWell()
    if (!isAnswered) throw new Failed('In the end no call is answered')
  }

  /** What a right peer does while it waits: it connects again, says `hello`, and sends again what was not answered. */
  async bePatient(): Promise<void> {
    const { peer } = this
    if (!peer.isConnected) await peer.comeBack()
    if (!(peer instanceof ScriptedAgent)) await peer.sendAgain()
    // session.hello.interval
    if (peer.current && peer.now() - peer.helloAt >= limits.helloEvery) await peer.sendHello()
  }

  /** The scripted agent answers the call of this id. */
  async answerNow(id: string): Promise<void> {
    await this.peer.sendMessage({ id, type: 'response', result: agentInfo } as Message)
  }

  /** The scripted agent answers the call of the controller under test, whatever that asks besides (rpc.event.catch-up). */
  async answerCall(time = atOnce()): Promise<FrameOf<'rpc'>> {
    const heard = await this.peer.expectMessage('request agent.info', isCall, time)
    await this.answerNow(heard.message.id)
    return heard
  }

  // Probes.

  probe(): Probe {
    const id = randomUUID()
    const content: Message =
      this.peer instanceof ScriptedAgent
        ? { id, type: 'event', method: PROBE_EVENT, params: { id } }
        : { id, type: 'request', method: 'agent.info', params: {} }
    return { id, content }
  }

  /** Seals a probe without sending it, as a message of the session's present state. */
  sealProbe(fault: SealFault = {}, session = this.session): Promise<SealedProbe> {
    const probe = this.probe()
    const bytes = Buffer.from(JSON.stringify(probe.content))
    return this.peer.alone(async () => {
      const seq = session.nextSeq
      return { ...probe, seq, sealed: await session.seal('rpc', bytes, this.peer.challenge, fault) }
    })
  }

  /** Seals a control message that nobody knows: it counts, and asks for nothing. */
  sealNothing(): Promise<Uint8Array> {
    const content = Buffer.from(JSON.stringify({ type: 'unstable-nothing' }))
    return this.peer.alone(() => this.session.seal('control', content, this.peer.challenge))
  }

  deliver({ sealed, content }: SealedProbe, shown: Record<string, unknown> = {}): void {
    this.peer.sendPayload(sealed, { ...content, ...shown })
  }

  async sendProbe(fault: SealFault = {}): Promise<SealedProbe> {
    const probe = await this.sealProbe(fault)
    this.deliver(probe, Object.keys(fault).length > 0 ? { wrong: true } : {})
    return probe
  }

  /** How often the program has answered or told this probe, by now. */
  countOf({ id }: Probe): number {
    if (this.peer instanceof ScriptedAgent) {
      for (const { params } of this.program.takeEvents(PROBE_EVENT)) this.#events.push((params as Probe).id)
      return this.#events.filter((each) => each === id).length
    }
    return this.#answers(id).length
  }

  #answers(id: string): Message[] {
    return this.rpc().filter((message) => message.type === 'response' && message.id === id)
  }

  fateOf(probe: Probe): Fate {
    if (this.countOf(probe) === 0) return 'nothing'
    if (this.peer instanceof ScriptedAgent) return 'acted'
    return this.#answers(probe.id).some((message) => 'result' in message) ? 'acted' : 'opened'
  }

  /** Waits until the program has acted on the probe. Throws Failed. */
  async expectActed(probe: Probe, what = 'the message of its peer'): Promise<void> {
    const acted = await this.program.until(async () => this.fateOf(probe) === 'acted')
    this.peer.assertWell()
    if (!acted) throw new Failed(`The program does not act on ${what}`)
  }

  async expectOpened(probe: Probe, what = 'the message'): Promise<void> {
    const opened = await this.program.until(async () => this.fateOf(probe) !== 'nothing')
    if (!opened) throw new Failed(`The program does not open ${what}`)
  }

  /** After everything has settled, the program has done nothing with the probe. */
  async expectIgnored(probe: Probe, what = 'a message that it has to refuse'): Promise<void> {
    await this.stage.settle()
    if (this.fateOf(probe) !== 'nothing') throw new Failed(`The program acts on ${what}`)
  }

  /** A good message still arrives, and is acted on. */
  async expectAlive(): Promise<void> {
    const what = 'the next good message'
    const probe = await this.sendProbe()
    await this.expectOpened(probe, what)
    // Many late requests may have used the challenges up; a controller then repeats (rpc.request.stale-repeat).
    if (this.fateOf(probe) !== 'acted') await this.expectActed(await this.sendProbe(), what)
  }

  // What the program has sent.

  /** What was heard since both sides have spoken. */
  since(): HeardFrame[] {
    return this.peer.heard.slice(this.#begun)
  }

  /** What has opened of it, one entry for each ratchet message, in order. */
  opened(): Extract<HeardFrame, Inside>[] {
    const seen = new Set<string>()
    return this.since().filter((heard): heard is Extract<HeardFrame, Inside> => {
      if (!('seq' in heard)) return false
      const key = `${heard.sessionNumber}/${heard.seq}`
      return !seen.has(key) && seen.add(key) !== undefined
    })
  }

  /** All RPC messages of the program, in order. */
  rpc(): Message[] {
    return this.peer.heard.flatMap((heard) => (heard.kind === 'rpc' ? [heard.message] : []))
  }

  hellos(): FrameOf<'control'>[] {
    return this.peer.heard.filter(
      (heard): heard is FrameOf<'control'> => heard.kind === 'control' && heard.type === 'hello',
    )
  }

  /** Waits until nobody owes anybody anything, and forgets what was heard so far. */
  async quiet(): Promise<void> {
    await delay(QUIET)
    await this.stage.settle()
    this.peer.inbox.takeAll()
  }

  /** What the program has said since `quiet`, apart from `but`. */
  said(but: readonly string[] = []): HeardFrame[] {
    const isSaid = ({ kind }: HeardFrame) => ['handshake', 'control', 'rpc', 'chunk', 'refused'].includes(kind)
    return this.peer.inbox.waiting.filter(
      (heard) => isSaid(heard) && !(heard.kind === 'control' && but.includes(heard.type)),
    )
  }

  /** Throws Failed where the program has said anything since `quiet`, when everything has settled. */
  async expectSilence(but: readonly string[] = []): Promise<void> {
    await delay(QUIET)
    await this.stage.settle()
    const [first] = this.said(but)
    if (!first) return
    const what = first.kind === 'control' || first.kind === 'handshake' ? `"${first.type}"` : `a frame (${first.kind})`
    throw new Failed(`The program sends ${what} where it has to be silent`)
  }
}

const preparations = new WeakMap<SuiteWorld, (relay: WatchingRelay) => void>()

/** What is to be done with the relay before anything dials it. */
export const prepareRelay = (world: SuiteWorld, prepare: (relay: WatchingRelay) => void): void =>
  void preparations.set(world, prepare)

const all = new WeakMap<SuiteWorld, Running>()

/** The running session of a scenario. */
export function runningOf(world: SuiteWorld): Running {
  const running = all.get(world)
  if (!running) throw new SuiteError('No step has made a running session')
  return running
}

export async function beginRunning(world: SuiteWorld, options?: StartOptions, suites?: number): Promise<Running> {
  const running = await Running.begin(world, options, suites)
  all.set(world, running)
  return running
}
