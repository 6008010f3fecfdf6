// Steps about what a program receives: right, wrong, late, twice, or not at all.

import { randomBytes, randomInt } from 'node:crypto'
import { Then, When } from '@cucumber/cucumber'
import { chainOf, flipped, wrongMessage, wrongRatchetMessages } from '../peers/wrong-messages.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { type Running, runningOf, type SealedProbe } from './running.ts'
import { type SuiteWorld, words } from './world.ts'

words('wrongRatchetMessage', wrongRatchetMessages)

const MINUTE = 60_000

/** What a step sent, and a later one judges. */
const sent = new WeakMap<SuiteWorld, { all: SealedProbe[]; names: Record<string, SealedProbe> }>()
const sentBy = (world: SuiteWorld) => {
  const known = sent.get(world) ?? { all: [], names: {} }
  sent.set(world, known)
  return known
}

export function remember(world: SuiteWorld, ...probes: SealedProbe[]): void {
  sentBy(world).all.push(...probes)
}

/** The one that was sealed last, of those that a step has sent. */
export const highest = (world: SuiteWorld): number => Math.max(...sentBy(world).all.map(({ seq }) => seq))

export function newest(world: SuiteWorld): SealedProbe {
  const probe = sentBy(world).all.at(-1)
  if (!probe) throw new SuiteError('No step has sent a message')
  return probe
}

/** After a call of each side, the peer has a ratchet key under which it has sent nothing yet. */
async function freshChain(running: Running): Promise<void> {
  await running.quiet()
  running.peer.duties.ack = false
  await running.call()
  await running.stage.settle()
  // The answer of an agent, or the request of a controller, has brought a new key of the program.
  if (running.session.state.sent !== 0) {
    await running.program.pass(250, 250)
    await running.stage.settle()
  }
  if (running.session.state.sent !== 0) throw new SuiteError('The scripted peer has no new ratchet key')
  running.peer.inbox.takeAll()
}

When('the peer sends a message {wrongRatchetMessage}', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  if (chainOf(name) === 'new') await freshChain(running)
  else await running.quiet()
  if (chainOf(name) !== 'used') {
    remember(this, await running.sendProbe(await wrongMessage(name, running.session)))
    return
  }
  const good = await running.sealProbe()
  const wrong = await running.sealProbe(await wrongMessage(name, running.session))
  running.deliver(good)
  await running.expectActed(good)
  await running.quiet()
  running.deliver(wrong, { wrong: true })
  remember(this, wrong)
})

When("the peer sends a message of the program's own direction", async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  const fault = { header: ({ type }: { type: number }) => ({ type: type ^ 1 }), keepState: true }
  remember(this, await running.sendProbe(fault))
})

When('the relay sends the program its own newest message', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { relay } = running.stage
  await running.quiet()
  const own = relay.passed.filter(({ kind, isToProgram }) => kind === 'message' && !isToProgram).at(-1)
  if (!own) throw new SuiteError('The program has sent no message yet')
  running.peer.sendPayload(own.bytes.slice(33), { reflected: true })
})

Then('the program does not act on it, and says nothing', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.expectSilence()
  await running.expectIgnored(newest(this))
})

Then('the program says nothing', async function (this: SuiteWorld) {
  await runningOf(this).expectSilence()
})

Then('the next message of the peer is acted on', async function (this: SuiteWorld) {
  await runningOf(this).expectAlive()
})

Then('the next message of the peer is not acted on', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.expectIgnored(await running.sendProbe(), 'a message that comes after too many that are missing')
})

// More than one message.

When('the peer sends a message, and the relay delivers it twice', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const probe = await running.sendProbe()
  running.deliver(probe, { again: true })
  remember(this, probe)
})

When(
  'the peer sends a message, and after {int} others the relay delivers it again',
  async function (this: SuiteWorld, count: number) {
    const running = runningOf(this)
    const probe = await running.sendProbe()
    for (let i = 0; i < count; i++) await running.expectActed(await running.sendProbe())
    running.deliver(probe, { again: true })
    remember(this, probe)
  },
)

Then('the program acts on it once', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.expectActed(newest(this))
  await running.expectAlive()
  await running.stage.settle()
  const count = running.countOf(newest(this))
  if (count !== 1) throw new Failed(`The program acts on one message ${count} times`)
})

When('the peer sends two messages, and the relay delivers the second one first', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  const [first, second] = [await running.sealProbe(), await running.sealProbe()]
  running.deliver(second)
  await running.expectActed(second)
  running.deliver(first, { late: true })
  remember(this, second, first)
})

When('the relay delivers the late one again', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.expectOpened(newest(this))
  running.deliver(newest(this), { again: true })
})

Then('the program has acted on each of them at most once', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.expectAlive()
  await running.stage.settle()
  for (const probe of sentBy(this).all) {
    const count = running.countOf(probe)
    if (count > 1) throw new Failed(`The program acts on one message ${count} times`)
  }
})

Then('both have opened at the program', async function (this: SuiteWorld) {
  for (const probe of sentBy(this).all) await runningOf(this).expectOpened(probe)
})

Then('it has opened at the program', async function (this: SuiteWorld) {
  await runningOf(this).expectOpened(newest(this))
})

Then('it has not opened at the program', async function (this: SuiteWorld) {
  await runningOf(this).expectIgnored(newest(this), 'a message that came too late')
})

When(
  'the relay holds a message of the peer back until the peer has a new ratchet key',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    const probe = await running.sealProbe()
    const before = running.session.state.dhPublic
    await running.call()
    await running.call()
    if (Buffer.compare(before, running.session.state.dhPublic) === 0) {
      throw new SuiteError('The scripted peer has no new ratchet key')
    }
    running.deliver(probe, { late: true })
    remember(this, probe)
  },
)

When(
  'the relay holds a message of the peer back, and delivers it first with its last bit changed',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    const probe = await running.sealProbe()
    await running.expectAlive()
    running.deliver({ ...probe, sealed: flipped(probe.sealed, -1) }, { changed: true })
    await running.stage.settle()
    running.deliver(probe, { late: true })
    remember(this, probe)
  },
)

When('the relay holds a message of the peer back for {int} min', async function (this: SuiteWorld, minutes: number) {
  const running = runningOf(this)
  running.program.require('clock')
  const probe = await running.sealProbe()
  await running.expectAlive()
  await running.program.pass(minutes * MINUTE)
  running.deliver(probe, { late: true })
  remember(this, probe)
})

// Many messages.

async function lose(running: Running, count: number): Promise<void> {
  await running.quiet()
  for (let i = 0; i < count; i++) await running.sealProbe()
}

When('the relay loses {int} messages of the peer', async function (this: SuiteWorld, count: number) {
  await lose(runningOf(this), count)
})

When(
  'the relay holds back {int} messages of the peer, and then {int} more',
  async function (this: SuiteWorld, first: number, second: number) {
    const running = runningOf(this)
    await running.quiet()
    for (const count of [first, second]) {
      for (let i = 0; i < count; i++) remember(this, await running.sealProbe())
      await running.expectAlive()
    }
  },
)

When('the relay delivers what it has held back', async function (this: SuiteWorld) {
  const running = runningOf(this)
  for (const probe of sentBy(this).all) running.deliver(probe, { late: true })
  await running.expectAlive()
})

Then(
  'the newest {int} of them have opened at the program, and no others',
  async function (this: SuiteWorld, count: number) {
    const running = runningOf(this)
    await running.stage.settle()
    const all = sentBy(this).all
    const opened = all.map((probe) => running.fateOf(probe) !== 'nothing')
    const tooOld = opened.slice(0, -count).filter(Boolean).length
    if (tooOld > 0) throw new Failed(`${tooOld} messages have opened whose keys had to be evicted`)
    const missing = opened.slice(-count).filter((each) => !each).length
    if (missing > 0) throw new Failed(`${missing} of the newest ${count} messages have not opened`)
  },
)

When(
  'the relay sends the program {int} messages with random changes',
  async function (this: SuiteWorld, count: number) {
    const running = runningOf(this)
    await running.quiet()
    for (let i = 0; i < count; i++) {
      // Seven in a row that fail to open would be one short of asking for a rekey; those of the header are cheap.
      const { sealed } = await running.sealProbe({ keepState: true })
      const at = i % 8 === 7 ? randomInt(64, sealed.length) : randomInt(2, 64)
      const message = i % 5 === 4 ? randomBytes(randomInt(1, 400)) : flipped(sealed, at)
      running.peer.sendPayload(message, { wrong: true })
      if (i % 16 === 15) {
        await running.expectAlive()
        await running.quiet()
      }
    }
  },
)
