// Steps about terminals with a controller under test: a scripted agent answers, and sends output.

import { randomUUID } from 'node:crypto'
import { Given, Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import { byteAt } from '../peers/output.ts'
import { Failed } from '../shim/trouble.ts'
import { servedOf } from './controller-rpc.ts'
import type { SuiteWorld } from './world.ts'

interface Terminal {
  readonly terminalId: string
  stream: number
  sent: number
  credit: number
}
const terminals = new WeakMap<SuiteWorld, Terminal>()
const CHUNK = 32_768

const terminalOf = (world: SuiteWorld): Terminal => terminals.get(world) as Terminal

async function answerAttachment(world: SuiteWorld, terminalId: string): Promise<void> {
  const served = servedOf(world)
  const session = served.agent.current
  const stream = session ? ++session.streams + 6 : 7
  terminals.set(world, { terminalId, stream, sent: 0, credit: limits.terminalWindow })
  const attach = served.last.message.method === 'terminal.attach' ? { cols: 80, rows: 24, running: true } : {}
  await served.respond({ result: { terminalId, stream, offset: 0, written: 0, ...attach } })
}

Given('the person has opened a terminal', async function (this: SuiteWorld) {
  const served = servedOf(this)
  served.call('terminal.open')
  await served.take()
  await answerAttachment(this, randomUUID())
  await served.ended()
})

When('the agent answers it with the terminal', async function (this: SuiteWorld) {
  await answerAttachment(this, randomUUID())
})

async function sendOutput(world: SuiteWorld, end: number): Promise<void> {
  const terminal = terminalOf(world)
  const { agent } = servedOf(world)
  while (terminal.sent < end) {
    const size = Math.min(CHUNK, end - terminal.sent)
    const bytes = Uint8Array.from({ length: size }, (_, i) => byteAt(terminal.sent + i))
    await agent.sendChunk(terminal.stream, terminal.sent, bytes)
    terminal.sent += size
  }
}

When('the agent sends {bytes} bytes of output before any grant', async function (this: SuiteWorld, size: number) {
  await sendOutput(this, size)
})

When('the agent sends output up to {bytes}, as far as it has credit', async function (this: SuiteWorld, end: number) {
  const served = servedOf(this)
  const terminal = terminalOf(this)
  while (terminal.sent < end) {
    if (terminal.sent >= terminal.credit) {
      const { message } = await served.request('stream.credit')
      await served.respond({ result: {} })
      const { streamId, upTo } = message.params as { streamId: number; upTo: number }
      if (streamId !== terminal.stream) throw new Failed(`The grant is for the stream ${streamId}`)
      terminal.credit = Math.max(terminal.credit, upTo)
    }
    await sendOutput(this, Math.min(end, terminal.credit))
  }
})

When(
  'the agent answers it with another stream, and sends {bytes} bytes on that',
  async function (this: SuiteWorld, size: number) {
    await answerAttachment(this, terminalOf(this).terminalId)
    await sendOutput(this, size)
  },
)

Then('the controller calls "terminal.attach" by itself', async function (this: SuiteWorld) {
  const { message } = await servedOf(this).request('terminal.attach')
  const { terminalId } = message.params as { terminalId?: unknown }
  if (terminalId !== terminalOf(this).terminalId) throw new Failed('"terminal.attach" is about another terminal')
})

/** What was shown so far, by world. */
const shown = new WeakMap<SuiteWorld, number>()

/** `before`: what the agent does each time before it is looked at what is shown. */
async function assertShown(world: SuiteWorld, end: number, before = async () => {}): Promise<void> {
  const { program } = world.stage
  let next = shown.get(world) ?? 0
  await program.until(async () => {
    await before()
    for (const { offset, bytes } of program.takeEvents('output') as unknown as { offset: number; bytes: string }[]) {
      if (offset !== next) throw new Failed(`Output is shown from ${offset} on, expected ${next}`)
      const raw = Buffer.from(bytes, 'hex')
      const wrong = raw.findIndex((byte, i) => byte !== byteAt(offset + i))
      if (wrong >= 0) throw new Failed(`The byte at ${offset + wrong} of the output is another one`)
      next += raw.length
    }
    return next >= end
  }, 20_000)
  shown.set(world, next)
  if (next !== end) throw new Failed(`The person is shown the bytes up to ${next}, expected ${end}`)
}

Then('the person is shown the bytes up to {bytes}', async function (this: SuiteWorld, end: number) {
  await assertShown(this, end)
})

When('the person attaches to a terminal', function (this: SuiteWorld) {
  servedOf(this).call('terminal.attach', { terminalId: randomUUID(), afterOffset: 0 })
})

When('the agent answers both, each with another stream', async function (this: SuiteWorld) {
  const { terminalId } = servedOf(this).last.message.params as { terminalId: string }
  for (let i = 0; i < 2; i++) await answerAttachment(this, terminalId)
})

Then(
  'the person is shown {bytes} bytes that come on the stream of the newest answer',
  async function (this: SuiteWorld, size: number) {
    const served = servedOf(this)
    const { terminalId } = terminalOf(this)
    await sendOutput(this, size)
    await assertShown(this, size, async () => {
      if (!served.requested('terminal.attach')) return
      await answerAttachment(this, terminalId)
      await sendOutput(this, size)
    })
  },
)
