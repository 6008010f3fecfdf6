// Steps about the window, about acknowledgements, and about a peer that does not acknowledge.

import { randomUUID } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import type { HeardFrame } from '../peers/heard-frames.ts'
import { atOnce } from '../peers/patience.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import type { SealFault } from '../peers/session.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { giveMessages, giveToSay, streamed } from './bodies.ts'
import { isCall, type Running, runningOf } from './running.ts'
import { type SuiteWorld, words } from './world.ts'

/** Time in which a program says what it may say, and long before it counts its peer as away. */
const SOON = 3_000
const SECOND = 1_000

async function stopAcknowledging(running: Running): Promise<void> {
  await running.quiet()
  running.peer.duties.ack = false
  running.session.ackUpTo = running.session.ack
}

async function acknowledgeAgain(running: Running): Promise<void> {
  running.session.ackUpTo = Number.POSITIVE_INFINITY
  running.peer.duties.ack = true
  await running.peer.sendControl({ type: 'ack' })
}

/** What the program has sent and the peer, which has stopped, did not acknowledge. */
const outstanding = (running: Running) => running.opened().filter(({ seq }) => seq >= running.session.ackUpTo)

/** RPC messages of the program since the session runs. */
const said = (running: Running): number => {
  const messages = running.since().flatMap((heard) => (heard.kind === 'rpc' ? [heard.message] : []))
  const type = running.peer instanceof ScriptedAgent ? 'request' : 'response'
  return new Set(messages.filter((message) => message.type === type).map(({ id }) => id)).size
}

const asked = new WeakMap<SuiteWorld, { messages: number; bytes: number }>()

When(
  'the peer stops acknowledging, and the program has {int} messages to send',
  async function (this: SuiteWorld, count: number) {
    const running = runningOf(this)
    await stopAcknowledging(running)
    asked.set(this, { messages: said(running) + count, bytes: 0 })
    await giveMessages(running, count)
    await running.program.until(async () => outstanding(running).length >= limits.window, SOON)
    await running.stage.settle()
  },
)

When(
  'the peer stops acknowledging, and sends {int} messages that are answered with the control message "error"',
  async function (this: SuiteWorld, count: number) {
    const running = runningOf(this)
    await stopAcknowledging(running)
    for (let i = 0; i < count; i++) {
      await running.peer.sendContent('rpc', Buffer.from('{'), { wrong: 'no JSON' }, { isWrong: true })
    }
    const whole = limits.window + limits.windowControl
    await running.program.until(async () => outstanding(running).length >= whole, SOON)
    await running.stage.settle()
  },
)

When(
  'the peer stops acknowledging, and the program has {int} bodies of {int} bytes to send',
  async function (this: SuiteWorld, count: number, size: number) {
    const running = runningOf(this)
    await stopAcknowledging(running)
    asked.set(this, { messages: 0, bytes: count * size })
    await giveToSay(running, Array<number>(count).fill(size))
    const almost = 0.9 * limits.windowBytes
    await running.program.until(async () => bytesOf(running) >= almost, atOnce())
    await running.stage.settle()
  },
)

const bytesOf = (running: Running) => outstanding(running).reduce((sum, { size }) => sum + size, 0)

Then('no more than {int} messages of the program are outstanding', function (this: SuiteWorld, most: number) {
  // Beyond the window of messages there is room for control alone.
  const isCounted = ({ contentType }: { contentType: number }) => contentType !== 0 || most > limits.window
  const last = outstanding(runningOf(this)).findLastIndex(isCounted)
  if (last >= most) throw new Failed(`${last + 1} messages of the program are outstanding`)
})

Then('no more than {int} bytes of the program are outstanding', function (this: SuiteWorld, most: number) {
  let sum = 0
  for (const { size, contentType } of outstanding(runningOf(this))) {
    sum += size
    if (contentType !== 0 && sum > most) throw new Failed(`${sum} bytes of the program are outstanding`)
  }
})

Then('when the peer acknowledges again, the program sends the rest', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await acknowledgeAgain(running)
  const { messages = 0 } = asked.get(this) ?? {}
  if (await running.program.until(async () => said(running) >= messages, 2 * atOnce())) return
  throw new Failed(`The program has sent ${said(running)} of ${messages} messages`)
})

Then('when the peer acknowledges again, a call is made and answered', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await acknowledgeAgain(running)
  await running.stage.settle()
  await running.call()
})

Then('when the peer acknowledges again, the program sends the rest of the bodies', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await acknowledgeAgain(running)
  const { bytes = 0 } = asked.get(this) ?? {}
  const arrived = () => {
    const ids = new Set(running.since().flatMap((heard) => (heard.kind === 'chunk' ? [heard.chunk.streamId] : [])))
    return [...ids].reduce((sum, id) => sum + streamed(running, id), 0)
  }
  if (await running.program.until(async () => arrived() >= bytes, 4 * atOnce())) return
  throw new Failed(`${arrived()} of ${bytes} bytes have arrived`)
})

// Acknowledgements of the program.

/** Opened and counted by whoever knows it not. */
const NOTHING = { type: 'unstable-nothing' }

const ackOf = (running: Running): number => running.opened().at(-1)?.ack ?? 0

When('the peer sends a message that asks for nothing', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  await running.peer.sendControl(NOTHING, { isWrong: true })
})

Then('the program acknowledges it when 200 ms have passed', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { nextSeq } = running.session
  await running.stage.settle()
  await running.program.pass(limits.ackDelay, limits.ackDelay)
  if (await running.program.until(async () => ackOf(running) >= nextSeq, SECOND)) return
  throw new Failed('The program does not acknowledge a frame in time')
})

/** The same without "hello", which comes by itself now and then. */
const duteousAckOf = (running: Running): number => {
  const isHello = (heard: HeardFrame) => heard.kind === 'control' && heard.type === 'hello'
  return running.opened().findLast((heard) => !isHello(heard))?.ack ?? 0
}

const fastest = new WeakMap<SuiteWorld, number>()

When(
  'the peer sends {int} messages that ask for nothing at once, up to {int} times',
  async function (this: SuiteWorld, count: number, times: number) {
    const running = runningOf(this)
    await running.quiet()
    let least = Number.POSITIVE_INFINITY
    // Once is enough: a busy machine makes one late, and nothing makes one early.
    for (let i = 0; i < times && least >= limits.ackDelay; i++) {
      const seals = Array.from({ length: count }, () => running.sealNothing())
      const sealed = await Promise.all(seals)
      const before = performance.now()
      for (const message of sealed) running.peer.sendPayload(message, NOTHING)
      const { nextSeq } = running.session
      while (duteousAckOf(running) < nextSeq && performance.now() - before < SOON) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      least = Math.min(least, performance.now() - before)
      await running.quiet()
    }
    fastest.set(this, least)
  },
)

Then('the program acknowledges them before 200 ms have passed', function (this: SuiteWorld) {
  const least = fastest.get(this) ?? Number.POSITIVE_INFINITY
  if (least >= limits.ackDelay) throw new Failed(`The fastest acknowledgement took ${Math.round(least)} ms`)
})

When('the peer sends {int} frames with nothing but "ack"', async function (this: SuiteWorld, count: number) {
  const running = runningOf(this)
  await running.quiet()
  for (let i = 0; i < count; i++) await running.peer.sendControl({ type: 'ack' })
})

const wrongAcks: Readonly<Record<string, (running: Running) => number>> = {
  'lower than the one before': ({ session }) => Math.max(0, session.ackUpTo - 1),
  'beyond all that was sent': (running) => (running.opened().at(-1)?.seq ?? 0) + 1_000,
  'of the highest number there is': () => 0xffff_ffff,
}
words('wrongAck', wrongAcks)

When('the peer sends an acknowledgement {wrongAck}', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  const ack = wrongAcks[name]?.(running) ?? 0
  const fault: SealFault = { plain: () => ({ ack }) }
  await running.peer.sendControl({ type: 'ack' }, { fault })
  await running.stage.settle()
})

// A peer that is away.

/** A program that ends when the file is there, which it takes away. */
const untilThere = (file: string) => ['sh', '-c', 'until [ -e "$0" ]; do sleep 0.1; done; rm "$0"', file]
/** ms of real time in which an agent has noticed that a program of its terminal has ended. */
const NOTICED = 500
const later = new WeakMap<SuiteWorld, () => Promise<void>>()

/** Prepares something that the program will say by itself: a call of a controller, the end of a terminal. */
export async function prepare(world: SuiteWorld): Promise<void> {
  const running = runningOf(world)
  const { peer, program } = running
  if (peer instanceof ScriptedAgent) {
    later.set(world, async () => {
      program.ask('call', { method: 'agent.info', params: {} }, 60_000).catch(() => {})
    })
    return
  }
  const file = join(tmpdir(), `happy-remote-end-${randomUUID()}`)
  const params = { cols: 80, rows: 24, command: untilThere(file) }
  const id = randomUUID()
  await peer.sendMessage({ id, type: 'request', method: 'terminal.open', params })
  await peer.expectMessage('answer to terminal.open', (message) => message.id === id)
  later.set(world, async () => {
    writeFileSync(file, '')
    if (!(await program.until(async () => !existsSync(file)))) throw new SuiteError('The program in the terminal stays')
    await delay(NOTICED)
  })
}

async function silence(running: Running): Promise<void> {
  await running.program.pass(12 * SECOND, 2 * SECOND)
  running.peer.inbox.takeAll()
}

When('the peer stops acknowledging, is sent a message, and is silent for 12 s', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await stopAcknowledging(running)
  await prepare(this)
  await giveMessages(running, 1)
  await silence(running)
})

When(
  'the peer stops acknowledging, is sent a message, and sends one itself every second for 12 s',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    await stopAcknowledging(running)
    await prepare(this)
    await giveMessages(running, 1)
    for (let i = 0; i < 12; i++) {
      await running.program.pass(SECOND, SECOND)
      await running.peer.sendControl(NOTHING, { isWrong: true })
      await running.peer.settle()
    }
    running.peer.inbox.takeAll()
  },
)

When('the peer sends a message that asks for nothing, and is silent for 12 s', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await prepare(this)
  await running.quiet()
  running.peer.duties.ack = false
  await running.peer.sendControl(NOTHING, { isWrong: true })
  await running.stage.settle()
  await silence(running)
})

When('the program has something more to say', async function (this: SuiteWorld) {
  await later.get(this)?.()
  await runningOf(this).stage.settle()
})

const isSaid = (message: Message) => isCall(message) || message.type === 'event'

Then('the program does not say it', async function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  const heard = peer.inbox.waiting.find((each) => each.kind === 'rpc' && isSaid(each.message))
  if (heard) throw new Failed('The program sends a message to a peer that is away')
})

Then('as soon as the peer is heard again, the program says it', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await acknowledgeAgain(running)
  await running.peer.expectMessage('message that had to wait', isSaid)
})

Then('the program says it', async function (this: SuiteWorld) {
  await runningOf(this).peer.expectMessage('message to a peer that is not away', isSaid)
})
