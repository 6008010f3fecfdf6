// Steps about profile P: a session that goes on after a restart, and copies of older states that must not.

import { Given, Then, When } from '@cucumber/cucumber'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import type { ScriptedSession } from '../peers/session.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { makeRekey } from './rekeys.ts'
import { beginRunning, isCall, type Running, runningOf, type SealedProbe } from './running.ts'
import type { SuiteWorld } from './world.ts'

const MINUTE = 60_000

interface Kept {
  /** The sessions of before the newest start, and how much was heard by then. */
  sessions: readonly ScriptedSession[]
  heard: number
  probe?: SealedProbe
}

const kept = new WeakMap<SuiteWorld, Kept>()
function keptOf(world: SuiteWorld): Kept {
  const found = kept.get(world)
  if (!found) throw new SuiteError('No step has made a session that is kept')
  return found
}

Given('a running session that is kept', async function (this: SuiteWorld) {
  const running = await beginRunning(this, { keepState: true, keepSessions: true })
  kept.set(this, { sessions: [running.session], heard: running.peer.heard.length })
})

/** Remembers what was before the next start. */
function mark(world: SuiteWorld): void {
  const { peer } = runningOf(world)
  Object.assign(keptOf(world), { sessions: [...peer.sessions], heard: peer.heard.length })
}

/** The program has connected again and speaks. */
async function untilGreeted({ peer }: Running): Promise<void> {
  peer.inbox.takeAll()
  await peer.expectControl('hello')
}

/** Until a message of the program has arrived that is not there because of the clock. */
async function untilHeard(running: Running): Promise<void> {
  const { peer, program } = running
  if (!(peer instanceof ScriptedAgent)) return running.call()
  program.ask('call', { method: 'agent.info', params: {} }).catch(() => {})
  await peer.expectMessage('request agent.info', isCall)
}

When(
  'the program is killed as soon as a message of it has arrived, and started again, {int} times',
  async function (this: SuiteWorld, times: number) {
    const running = runningOf(this)
    for (let time = 0; time < times; time++) {
      await untilHeard(running)
      await running.program.kill()
      const greeted = untilGreeted(running)
      greeted.catch(() => {})
      await running.program.startAgain()
      await greeted
    }
  },
)

When(
  'the program is killed as soon as it has acted on a message of its peer, and started again',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    const probe = await running.sendProbe()
    await running.expectActed(probe)
    await running.program.kill()
    keptOf(this).probe = probe
    const greeted = untilGreeted(running)
    greeted.catch(() => {})
    await running.program.startAgain()
    await greeted
  },
)

When('that message arrives once more', function (this: SuiteWorld) {
  const { probe } = keptOf(this)
  if (!probe) throw new SuiteError('No step has sent a message')
  runningOf(this).deliver(probe, { again: true })
})

Then('the program does not act on it again', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { probe } = keptOf(this)
  if (!probe) throw new SuiteError('No step has sent a message')
  await running.stage.settle()
  const count = running.countOf(probe)
  if (count !== 1) throw new Failed(`The program opens one message ${count} times, with a restart in between`)
})

When('a message of the peer is held back, and a later one arrives', async function (this: SuiteWorld) {
  const running = runningOf(this)
  keptOf(this).probe = await running.sealProbe()
  await running.expectActed(await running.sendProbe())
})

When(
  '{int} min pass, the program is stopped and started again, and {int} min pass',
  async function (this: SuiteWorld, before: number, after: number) {
    const running = runningOf(this)
    await running.program.pass(before * MINUTE)
    await running.program.stop()
    const greeted = untilGreeted(running)
    greeted.catch(() => {})
    await running.program.startAgain()
    await greeted
    await running.program.pass(after * MINUTE)
  },
)

Then('the message that was held back still opens', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { probe } = keptOf(this)
  if (!probe) throw new SuiteError('No step has held a message back')
  running.deliver(probe, { late: true })
  await running.expectOpened(probe, 'the message that was overtaken')
})

When('the program is stopped, and its state is copied', async function (this: SuiteWorld) {
  const { program } = runningOf(this)
  await program.stop()
  program.copyState()
})

When('the program goes on with its session for a while, and is stopped', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.program.startAgain()
  for (let call = 0; call < 3; call++) await running.callInTheEnd()
  if (running.session !== keptOf(this).sessions[0]) throw new Failed('The program does not go on with its session')
  await running.program.stop()
})

When('the program goes on in another session for a while, and is stopped', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.program.startAgain()
  await running.callInTheEnd()
  await makeRekey(running)
  await running.callInTheEnd()
  await running.program.stop()
})

When('the copy is put back, and the program started again', async function (this: SuiteWorld) {
  const { program } = runningOf(this)
  program.restoreState()
  mark(this)
  await program.startAgain()
})

When('the program is stopped, and the system no longer knows of its session', async function (this: SuiteWorld) {
  const { program } = runningOf(this)
  await program.stop()
  program.forgetWitness()
  mark(this)
})

Then('in the end a call is made and answered, in the same session', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.callInTheEnd()
  if (running.session !== keptOf(this).sessions[0]) throw new Failed('The program does not go on with its session')
})

Then(
  'in the end a call is made and answered, in a session that was not there before',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    await running.callInTheEnd()
    if (keptOf(this).sessions.includes(running.session))
      throw new Failed('The program goes on with a session of before')
  },
)

/** What the scripted peer had to refuse: it remembers each number of its sessions. */
Then('no number of a message was used twice', function (this: SuiteWorld) {
  const refused = runningOf(this).peer.heard.find(({ kind }) => kind === 'refused')
  if (refused?.kind === 'refused') throw new Failed(`A message of the program is refused with "${refused.code}"`)
})

Then('the program has sent nothing in the session of before', async function (this: SuiteWorld) {
  const { peer, stage } = runningOf(this)
  await stage.settle()
  const { sessions, heard } = keptOf(this)
  for (const one of peer.heard.slice(heard)) {
    if (one.kind === 'refused') throw new Failed(`A message of the program is refused with "${one.code}"`)
    if ('seq' in one && sessions.includes(one.session)) throw new Failed('The program speaks in a session of before')
  }
})
