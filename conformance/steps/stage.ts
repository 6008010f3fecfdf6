// What stands on the stage of a scenario about an agent or a controller: the program under test, the
// scripted peers that talk to it, and the scripted relay between them. `world.stage` makes it when the
// first step asks for it.
//
// How to write steps against it:
// - A `Given` brings program and peers to a state (`pairAgent`, `pairController`, or one message after the
//   other), a `When` lets a scripted peer, the relay or the clock do one thing, a `Then` looks.
// - What the program sends is in the inbox of the scripted peer: `expectHandshake`, `expectControl`,
//   `expectMessage`, `expectChunk`. What it shows is in `program`: `expectEvent`, `agentState`,
//   `controllerState`. That something does not happen is judged after `settle()`, never after a sleep.
// - Time passes with `program.pass(ms)`, which moves the clock of the program, or waits where it has none.
// - A scripted peer obeys the spec by itself as far as its `duties` say. What it sends wrong on purpose is
//   a named fault of a table (`peers/wrong-*.ts`).
// - A program that a passed scenario leaves as it was started serves the next one (`idle.ts`). Whatever lasts
//   in it and cannot be seen from here asks for one of its own: `start` with any option.
// - `Failed` is a mistake of the program, `SuiteError` one of the suite, `NotApplicable` an ability that the
//   program need not have.

import { setTimeout as delay } from 'node:timers/promises'
import type { Endpoint } from '../peers/endpoint.ts'
import { base64url } from '../peers/route.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import { ScriptedController } from '../peers/scripted-controller.ts'
import type { Transcript } from '../peers/transcript.ts'
import { WatchingRelay } from '../peers/watching-relay.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { keepIdle, takeIdle } from './idle.ts'
import type { Target } from './parameters.ts'
import { ProgramUnderTest, type StartOptions } from './program.ts'

/** For programs that hand a frame from one thread to another: what follows from it has been sent by then. */
const SETTLE_TIME = 100

export class Stage {
  relay = new WatchingRelay()
  readonly role: 'agent' | 'controller'
  readonly #target: Target
  readonly #transcript: Transcript
  readonly #peers = new Map<string, Endpoint>()
  #url: string | undefined
  #program: ProgramUnderTest | undefined
  /** The text of the newest pairing code. */
  uri = ''
  /** What a step found and a later one judges. */
  found: unknown
  /** The step of a pairing after which the connection of the program is cut. */
  cutAfter: string | undefined
  #scan: Promise<{ digits: string }> | undefined

  constructor(role: 'agent' | 'controller', target: Target, transcript: Transcript) {
    this.role = role
    this.#target = target
    this.#transcript = transcript
  }

  /** Opens the relay, which everything else needs. */
  async open(): Promise<void> {
    this.#url ??= await this.relay.listen()
  }

  /** Starts the program under test. */
  async start(options: StartOptions = {}): Promise<ProgramUnderTest> {
    const idle = Object.keys(options).length === 0 && !this.#url ? takeIdle(this.role, this.#target) : undefined
    if (idle) {
      this.relay = idle.relay
      this.#url = idle.url
      this.#program = idle.program
      this.#program.onTime = () => this.#timePasses()
      return idle.program
    }
    await this.open()
    this.#program ??= new ProgramUnderTest(this.#target, this.#url as string)
    this.#program.onTime = () => this.#timePasses()
    await this.#program.start(options)
    return this.#program
  }

  get program(): ProgramUnderTest {
    if (!this.#program) throw new SuiteError('No step has started the program under test')
    return this.#program
  }

  /** The scripted controller of this name, for an agent under test. */
  controller(name = 'controller'): ScriptedController {
    if (this.role !== 'agent') throw new SuiteError('The controller is under test here, and not scripted')
    return this.#peer(name, ScriptedController)
  }

  /** The scripted agent of this name, for a controller under test. */
  agent(name = 'agent'): ScriptedAgent {
    if (this.role !== 'controller') throw new SuiteError('The agent is under test here, and not scripted')
    return this.#peer(name, ScriptedAgent)
  }

  /** The scripted peer: the controller of an agent under test, or the agent of a controller under test. */
  get peer(): ScriptedAgent | ScriptedController {
    return this.role === 'agent' ? this.controller() : this.agent()
  }

  /** Lets the agent under test show a code, which the scripted controller scans. */
  async offer(capabilities?: readonly string[]): Promise<string> {
    const args = capabilities ? { capabilities: [...capabilities] as never } : {}
    const before = new Set(this.relay.bound.keys())
    this.uri = (await this.program.ask('offer', args)).uri
    const isBound = async () => [...this.relay.bound].some(([route, { only }]) => only === null && !before.has(route))
    if (!(await this.program.until(isBound))) throw new Failed('The agent does not bind the route of its code as open')
    return this.uri
  }

  /** The person scans the code with the controller under test. `shownDigits` tells how that went on. */
  scan(uri = this.uri): void {
    this.#scan = this.program.ask('pair', { uri })
    // A refusal is a matter of the step that looks.
    this.#scan.catch(() => {})
  }

  /** The digits that the controller shows. Rejects with Refused where the attempt ended before. */
  async shownDigits(): Promise<string> {
    if (!this.#scan) throw new SuiteError('No step has let the person scan a code')
    return (await this.#scan).digits
  }

  /** A pairing of the agent under test up to the digits. */
  async untilDigits(controller = this.controller(), capabilities?: readonly string[]): Promise<void> {
    const { routeId } = controller.scan(await this.offer(capabilities))
    // An agent may show its code before the relay knows the route.
    await this.program.until(async () => this.relay.bound.has(base64url(routeId)))
    await controller.sendM1()
    await controller.acceptM2()
    await controller.sendM3()
    await this.program.expectEvent('digits')
  }

  /** A whole pairing of the agent under test with a scripted controller. */
  async pairAgent(controller = this.controller(), capabilities?: readonly string[]): Promise<void> {
    await this.untilDigits(controller, capabilities)
    await this.program.ask('confirm', { digits: controller.digits })
    await this.program.expectEvent('paired')
    await controller.expectControl('pair.complete')
    await controller.expectControl('hello')
    await this.settle()
    controller.inbox.takeAll()
  }

  /** A whole pairing of the controller under test with the scripted agent. */
  async pairController(agent = this.agent()): Promise<void> {
    this.uri = await agent.offer()
    this.scan()
    await agent.acceptM1()
    await agent.sendM2()
    await agent.acceptM3()
    await this.shownDigits()
    await agent.complete()
    await agent.expectControl('pair.ack')
    await this.program.expectEvent('paired')
    await this.settle()
    agent.inbox.takeAll()
  }

  /** Cuts a scripted peer off; a relay that has not noticed it yet would tell the program nothing (relay.presence.rebind). */
  async cutOff(peer: Endpoint): Promise<void> {
    peer.cut()
    const isGone = await this.program.until(async () => this.relay.socketsOf('peers').length === 0)
    if (!isGone) throw new SuiteError('The relay does not notice that the peer is gone')
  }

  /** Waits until all that is on its way has arrived, and what followed from it too. */
  async settle(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      for (const peer of this.#peers.values()) await peer.settle()
      await this.program.ask('state', {})
      await new Promise((resolve) => setTimeout(resolve, SETTLE_TIME / 2))
    }
    for (const peer of this.#peers.values()) await peer.settle()
  }

  /** Waits until the relay shows the route, in base64url, as `holds` wants it. */
  async routeIs(route: string, holds: (only: string | null | undefined) => boolean): Promise<boolean> {
    return this.program.until(async () => holds(this.relay.bound.get(route)?.only))
  }

  #timePasses(): void {
    for (const peer of this.#peers.values()) peer.timePasses()
  }

  /** Ends the program like a power cut, and starts it again with what it has stored. */
  async powerCut(): Promise<void> {
    await this.program.kill()
    await this.program.startAgain()
  }

  /** Ends everything, or keeps the program for the next scenario. Throws what went wrong meanwhile. */
  async end(isPassed: boolean): Promise<void> {
    const program = this.#program
    const isClean = isPassed && program !== undefined && (await this.#cleanUp(program).catch(() => false))
    for (const peer of this.#peers.values()) peer.end()
    if (isClean && this.#url) keepIdle(this.role, this.#target, { program, relay: this.relay, url: this.#url })
    else {
      try {
        await program?.end()
      } finally {
        if (this.#url) await this.relay.crash()
      }
    }
    for (const peer of this.#peers.values()) peer.assertWell()
  }

  /** True where the program is as after its start: nothing paired, no attempt, no peer that comes back. */
  async #cleanUp(program: ProgramUnderTest): Promise<boolean> {
    if (!program.isAsStarted || !this.relay.isWhole) return false
    if (this.role === 'agent') {
      await program.ask('confirm', { cancel: true }).catch(() => {})
      for (const { deviceId } of (await program.agentState()).devices) await program.ask('revoke', { deviceId })
    } else {
      const agent = this.agent()
      if (agent.record && agent.isConnected) await agent.sendControl({ type: 'pairing.revoked' })
      const isOver = await Promise.race([this.#scan?.then(Boolean, () => true) ?? true, delay(SETTLE_TIME, false)])
      if (!isOver || !(await program.until(async () => (await program.controllerState()).agents.length === 0, 1_000))) {
        return false
      }
    }
    const routesOf = () => this.relay.socketsOf('program').flatMap(({ routes }) => [...routes])
    if (!(await program.until(async () => routesOf().length === 0, 1_000))) return false
    this.relay.clear()
    program.takeAllEvents()
    return true
  }

  #peer<P extends Endpoint>(name: string, make: new (options: ConstructorParameters<typeof ScriptedAgent>[0]) => P): P {
    const known = this.#peers.get(name)
    if (known) return known as P
    if (!this.#url) throw new SuiteError('No step has opened the relay')
    const now = () => this.#program?.now() ?? performance.now()
    const wall = () => this.#program?.wall() ?? Date.now()
    const made = new make({ name, relay: this.relay, url: this.#url, transcript: this.#transcript, now, wall })
    this.#peers.set(name, made)
    return made
  }
}
