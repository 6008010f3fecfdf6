// Steps about what happens between two steps of a rekey, or between a command and its answer: the relay harms a frame,
// a connection is cut, the program or the relay is killed. The scripted peer is patient (`Running.bePatient`).

import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { After, Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import type { Fault } from '../peers/faulty-relay.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import type { ScriptedSession } from '../peers/session.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { isFrame, sentByController } from './passing.ts'
import { beginRekey, isHeard } from './rekeys.ts'
import { type Running, runningOf } from './running.ts'
import type { SuiteWorld } from './world.ts'

const FAULTS = 'dropped|held back|duplicated|swapped with the next|delayed'
const TROUBLE = '(?:agent|controller|relay) is killed and started again|connection of the (?:agent|controller) is cut'
/** ms of real time, and of the program's, after which a patient peer looks again. */
const LOOK = 300
const STEP = 1_000
/** ms after which no run waits any more. */
const END_OF_RUN = limits.rekeyRunTtl + 5_000
/** Real time for all that has to be waited for. */
const LONG = 60_000

/** Nothing is under way, and what comes from now on is of the rekey or the command. */
async function begin(running: Running): Promise<void> {
  await running.quiet()
  running.stage.relay.passed.length = 0
}

/** Waits until that frame has passed, and lets the trouble come. */
async function trouble(running: Running, frame: string, what: string): Promise<void> {
  const { stage } = running
  const isIt = isFrame(stage, frame)
  const hasPassed = await stage.program.until(async () => stage.relay.passed.some(isIt))
  if (!hasPassed) throw new Failed(`There is no ${frame}`)
  if (what.startsWith('connection')) stage.relay.cut('program')
  else if (what.startsWith('relay')) {
    await stage.relay.crash()
    await stage.relay.listen()
  } else await stage.powerCut()
}

// Rekeys.

const before = new WeakMap<SuiteWorld, ScriptedSession | undefined>()

When(
  new RegExp(`^a rekey is made, and (.+) is (${FAULTS})$`),
  async function (this: SuiteWorld, frame: string, fault: string) {
    const running = runningOf(this)
    before.set(this, running.peer.current)
    await begin(running)
    running.stage.relay.plan(fault as Fault, isFrame(running.stage, frame))
    await beginRekey(running)
  },
)

When(
  new RegExp(`^a rekey is made, and after (.+) the (${TROUBLE})$`),
  async function (this: SuiteWorld, frame: string, what: string) {
    const running = runningOf(this)
    before.set(this, running.peer.current)
    await begin(running)
    await beginRekey(running)
    await trouble(running, frame, what)
  },
)

Then(
  /^both are in one (new )?session$/,
  { timeout: 2 * LONG },
  async function (this: SuiteWorld, isNew: string | null) {
    const running = runningOf(this)
    const { peer, program } = running
    const deadline = performance.now() + LONG
    // Until the rekey has succeeded or failed: pairing.rekey.r2-time.
    if (!isNew) for (let left = END_OF_RUN; left > 0; left -= STEP) await program.pass(STEP, STEP)
    do {
      await running.callInTheEnd()
      if (!isNew || (peer.current !== before.get(this) && isHeard(running))) break
      await program.pass(STEP, STEP)
    } while (performance.now() < deadline)
    assertHarmed(running)
    if (isNew && peer.current === before.get(this)) throw new Failed('The two stay in the session of before')
    await expectTogether(running)
  },
)

/** Otherwise the scenario would show nothing. */
function assertHarmed({ stage }: Running): void {
  if (!stage.relay.hasMetAll) throw new SuiteError('The frame that was to meet a fault has not come')
}

/** A call is made and answered in the session that the peer uses, and stays in. */
async function expectTogether(running: Running): Promise<void> {
  const { peer, stage } = running
  await stage.settle()
  const { current } = peer
  await running.callInTheEnd()
  const newest = running.opened().at(-1)
  if (peer.current !== current || newest?.session !== current) throw new Failed('The two use different sessions')
}

Then('what was held back changes nothing', { timeout: 2 * LONG }, async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { current } = running.peer
  running.stage.relay.releaseHeld()
  await expectTogether(running)
  if (running.peer.current !== current) throw new Failed('A frame that was held back changes the session')
})

// Commands. One leaves a mark in a file when it is executed, or is one that the scripted agent counts.

class Command {
  readonly #folder = mkdtempSync(join(tmpdir(), 'happy-remote-marks-'))
  readonly #marks = join(this.#folder, 'marks')
  readonly #running: Running
  readonly #message: Message = {
    id: randomUUID(),
    type: 'request',
    method: 'terminal.open',
    params: { cols: 80, rows: 24, command: ['sh', '-c', 'printf x >> "$0"', this.#marks] },
  }
  /** Ids of the commands that a scripted agent has executed. */
  readonly #executed = new Set<string>()
  #isAnswered = false

  constructor(running: Running) {
    this.#running = running
  }

  async give(): Promise<void> {
    const { peer, program } = this.#running
    if (!(peer instanceof ScriptedAgent)) {
      await peer.sendMessage(this.#message)
      return
    }
    const asked = program.ask('call', { method: 'claude.sendMessage', params: { prompt: 'say hello' } }, 10 * LONG)
    asked.then(
      () => {
        this.#isAnswered = true
      },
      () => {},
    )
  }

  /** Waits for the answer, while the controller repeats its command. False where it was given up as interrupted. */
  async untilAnswered(): Promise<boolean> {
    const { peer, program } = this.#running
    const isController = !(peer instanceof ScriptedAgent)
    for (const deadline = performance.now() + LONG; ; ) {
      if (isController) {
        const answer = this.#answers().at(-1)
        if (answer) return 'result' in answer
      } else await this.#serve()
      if (this.#isAnswered) return true
      if (performance.now() > deadline) throw new Failed('In the end the command is not answered')
      await program.until(async () => this.#isAnswered || this.#answers().length > 0, LOOK)
      await this.#running.bePatient()
      if (isController && peer.current && this.#answers().length === 0) await peer.sendMessage(this.#message)
      await program.pass(STEP, STEP)
    }
  }

  /** `stale` is none: the command is to be sent again. */
  #answers() {
    return this.#running
      .rpc()
      .filter((message) => message.type === 'response' && message.id === this.#message.id)
      .filter((message) => !('error' in message && message.error.code === 'stale'))
  }

  /** The scripted agent executes each id once, and answers each arrival. */
  async #serve(): Promise<void> {
    const { peer } = this.#running
    const heard = peer.inbox.takeAll((each) => each.kind === 'rpc' && each.message.type === 'request')
    for (const each of heard) {
      if (each.kind !== 'rpc' || !('method' in each.message) || each.message.method !== 'claude.sendMessage') continue
      const { id } = each.message
      this.#executed.add(id)
      await peer.sendMessage({ id, type: 'response', result: { messageId: id, state: 'started' } } as Message)
    }
  }

  /** How often the command was executed by now. */
  async executions(): Promise<number> {
    if (!(this.#running.peer instanceof ScriptedAgent)) {
      return existsSync(this.#marks) ? readFileSync(this.#marks).length : 0
    }
    await this.#serve()
    return this.#executed.size
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const commands = new WeakMap<SuiteWorld, Command>()
After(function (this: SuiteWorld) {
  commands.get(this)?.end()
})

/** Gets everything ready for a command that nothing of its own accord comes before. */
async function prepare(world: SuiteWorld): Promise<Command> {
  const running = runningOf(world)
  running.peer.duties.ack = false
  await begin(running)
  const command = new Command(running)
  commands.set(world, command)
  return command
}

When(
  new RegExp(`^a command is given, and (.+) is (${FAULTS})$`),
  async function (this: SuiteWorld, frame: string, fault: string) {
    const { stage } = runningOf(this)
    const command = await prepare(this)
    const isIt = isFrame(stage, frame)
    // Whatever the agent says before the command comes again: an acknowledgement is no answer.
    const times = frame === 'its answer' ? Number.POSITIVE_INFINITY : 1
    stage.relay.plan(fault as Fault, (each) => isIt(each) && sentByController(stage) === 1, times)
    await command.give()
  },
)

When(
  new RegExp(`^a command is given, and after (.+) the (${TROUBLE})$`),
  async function (this: SuiteWorld, frame: string, what: string) {
    const command = await prepare(this)
    await command.give()
    await trouble(runningOf(this), frame, what)
  },
)

Then(
  /^the command is answered, and (was executed once|executed at most once)$/,
  { timeout: 2 * LONG },
  async function (this: SuiteWorld, how: string) {
    const running = runningOf(this)
    const command = commands.get(this) as Command
    const isDone = await command.untilAnswered()
    running.peer.duties.ack = true
    const least = how === 'was executed once' || isDone ? 1 : 0
    await running.program.until(async () => (await command.executions()) >= least)
    running.stage.relay.releaseHeld()
    await running.callInTheEnd()
    await running.stage.settle()
    assertHarmed(running)
    const count = await command.executions()
    if (count > 1 || count < least) throw new Failed(`The command was executed ${count} times`)
  },
)
