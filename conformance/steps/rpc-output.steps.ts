// Steps about the output of terminals: offsets, rings, credit, and viewers of different speeds.

import { defineParameterType, Given, Then, When } from '@cucumber/cucumber'
import { type Output, sayMore, talker } from '../peers/output.ts'
import { base64url } from '../peers/route.ts'
import { Failed } from '../shim/trouble.ts'
import { type Attachment, attached, opened, outputOf, outputsOf, terminalOf } from './rpc-output.ts'
import { type Caller, sceneOf } from './rpc-scene.ts'
import { type } from './rpc-terminals.steps.ts'
import type { SuiteWorld } from './world.ts'

const SIZE = { cols: 80, rows: 24 }
/** Long enough for some millions of bytes on a busy machine. */
const LONG = 60_000
const RING = 1_048_576

defineParameterType({
  name: 'bytes',
  regexp: /\d[\d,]*/,
  transformer: (text: string) => Number(text.replaceAll(',', '')),
})

async function open(world: SuiteWorld, caller: Caller, bytes: number, grants = true): Promise<Output> {
  await caller.ask('terminal.open', { ...SIZE, command: talker(bytes) })
  await opened(world, caller, { grants })
  return outputOf(caller)
}

/** Takes in output, granting credit on the way, until `holds`. */
async function takeIn(
  caller: Caller,
  output: Output,
  what: string,
  holds: () => boolean,
  deadline = performance.now() + LONG,
): Promise<void> {
  for (;;) {
    output.take(caller.rpc)
    const { due } = output
    if (due !== undefined) {
      output.credit = due
      await caller.rpc.ask('stream.credit', { streamId: output.streamId, upTo: due })
    }
    if (holds()) return
    caller.controller.assertWell()
    if (performance.now() > deadline) {
      throw new Failed(`The ${caller.name} does not get ${what}: its output has come to ${output.next}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const takeUpTo = (caller: Caller, output: Output, end: number) =>
  takeIn(caller, output, `the bytes up to ${end}`, () => output.next >= end)

/** When the program was let say more. */
const askedAt = new WeakMap<SuiteWorld, number>()

/** What `terminal.list` says of the terminal. */
async function listed(world: SuiteWorld, asking: Caller): Promise<{ end: number; oldest: number }> {
  const { terminalId } = terminalOf(world)
  const { terminals } = await asking.rpc.call('terminal.list')
  const found = terminals.find((each) => each.terminalId === terminalId)
  if (!found) throw new Failed('"terminal.list" does not list the terminal')
  return found
}

async function untilEnd(world: SuiteWorld, asking: Caller, end: number, deadline = performance.now() + LONG) {
  for (;;) {
    const found = (await listed(world, asking)).end
    if (found === end) return
    if (performance.now() > deadline) throw new Failed(`The output has come to ${found}, expected ${end}`)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}

Given(
  '{caller} has opened a terminal that has said {bytes} bytes',
  async function (this: SuiteWorld, caller: Caller, bytes: number) {
    await takeUpTo(caller, await open(this, caller, bytes), bytes)
  },
)

When(
  '{caller} opens a terminal that says {bytes} bytes',
  async function (this: SuiteWorld, caller: Caller, bytes: number) {
    await open(this, caller, bytes)
  },
)

When(
  /^the (.*controller) (?:opens|has opened) a terminal that says ([\d,]+) bytes, and grants nothing$/,
  async function (this: SuiteWorld, name: string, bytes: string) {
    await open(this, sceneOf(this).caller(name), Number(bytes.replaceAll(',', '')), false)
  },
)

When('{caller} attaches to the terminal', async function (this: SuiteWorld, caller: Caller) {
  await caller.ask('terminal.attach', { terminalId: terminalOf(this).terminalId })
  await attached(caller)
})

const attachFrom = (world: SuiteWorld, caller: Caller, afterOffset: number) =>
  caller.ask('terminal.attach', { terminalId: terminalOf(world).terminalId, afterOffset })

When('{caller} attaches to the terminal from {bytes}', async function (this: SuiteWorld, caller: Caller, from: number) {
  await attachFrom(this, caller, from)
  await attached(caller)
})

When(
  '{caller} attaches to the terminal from {bytes}, and grants nothing',
  async function (this: SuiteWorld, caller: Caller, from: number) {
    await attachFrom(this, caller, from)
    await attached(caller, { grants: false })
  },
)

When('{caller} asks for the output from {bytes}', async function (this: SuiteWorld, caller: Caller, from: number) {
  await attachFrom(this, caller, from)
})

When(
  '{caller} lets the program say {bytes} bytes more',
  async function (this: SuiteWorld, caller: Caller, bytes: number) {
    askedAt.set(this, performance.now())
    await type(this, caller, sayMore(bytes))
  },
)

When(
  '{caller} lets it say {bytes} bytes more, and takes them in before {int} s have passed',
  async function (this: SuiteWorld, caller: Caller, bytes: number, seconds: number) {
    const output = outputOf(caller)
    const end = output.next + bytes
    const deadline = performance.now() + seconds * 1_000
    await type(this, caller, sayMore(bytes))
    await takeIn(caller, output, `the bytes up to ${end}`, () => output.next >= end, deadline)
  },
)

When('{caller} grants up to {bytes}', async function (this: SuiteWorld, caller: Caller, upTo: number) {
  const output = outputOf(caller)
  await caller.rpc.call('stream.credit', { streamId: output.streamId, upTo })
  output.credit = Math.max(output.credit, upTo)
})

When('{caller} grants credit to a stream that there is not', async function (this: SuiteWorld, caller: Caller) {
  await caller.ask('stream.credit', { streamId: 4_000_000_000, upTo: 1 })
})

When(
  '{caller} grants credit to the stream of {caller}',
  async function (this: SuiteWorld, caller: Caller, other: Caller) {
    await caller.ask('stream.credit', { streamId: outputOf(other).streamId, upTo: 1_000_000 })
  },
)

// Looking.

Then(
  '{caller} receives the bytes from {bytes} to {bytes}, each at its offset',
  async function (this: SuiteWorld, caller: Caller, from: number, to: number) {
    const output = outputOf(caller)
    // The stream need not begin at `from`: what came before was looked at before.
    if (output.from > from) throw new Failed(`The stream begins at ${output.from}, expected ${from}`)
    await takeUpTo(caller, output, to)
  },
)

Then('{caller} receives no byte beyond {bytes}', async function (this: SuiteWorld, caller: Caller, end: number) {
  await this.stage.settle()
  const output = outputOf(caller)
  output.take(caller.rpc)
  if (output.next !== end) throw new Failed(`The output has come to ${output.next}, expected ${end}`)
})

const attachment = (caller: Caller): Promise<Attachment> => caller.result<Attachment>()

Then(
  '{caller} is answered with the offset {bytes} and without a gap',
  async function (this: SuiteWorld, caller: Caller, expected: number) {
    const { offset, gap } = await attachment(caller)
    if (offset !== expected) throw new Failed(`The offset is ${offset}, expected ${expected}`)
    if (gap !== undefined) throw new Failed('The answer names a gap where nothing is missing')
  },
)

Then(
  '{caller} is answered with a gap from {bytes} to the oldest byte kept',
  async function (this: SuiteWorld, caller: Caller, from: number) {
    const { offset, gap } = await attachment(caller)
    const { oldest } = await listed(this, caller)
    if (gap?.from !== from || gap.to !== offset || offset !== oldest) {
      throw new Failed(`The gap is ${JSON.stringify(gap)}, the offset ${offset}, the oldest byte kept ${oldest}`)
    }
  },
)

Then(
  '{caller} is answered with the error "conflict" and the end {bytes}',
  async function (this: SuiteWorld, caller: Caller, expected: number) {
    const { data } = await caller.refusal('conflict')
    const end = (data as { end?: unknown } | undefined)?.end
    if (end !== expected) throw new Failed(`The error tells the end ${end}, expected ${expected}`)
  },
)

Then('the agent keeps at least the newest 1,048,576 bytes', async function (this: SuiteWorld) {
  const caller = sceneOf(this).caller('controller')
  const { oldest, end } = await listed(this, caller)
  this.note(`${end - oldest} bytes are kept`)
  if (end - oldest < RING) throw new Failed(`Of ${end} bytes the newest ${end - oldest} are kept`)
})

Then('{caller} receives what is kept, each byte at its offset', async function (this: SuiteWorld, caller: Caller) {
  const output = outputOf(caller)
  const { end } = await listed(this, caller)
  await takeUpTo(caller, output, end)
})

Then('nothing more comes on the older stream of {caller}', async function (this: SuiteWorld, caller: Caller) {
  await this.stage.settle()
  const [older] = outputsOf(caller)
  const before = older?.arrived
  older?.take(caller.rpc)
  if (older?.arrived !== before) throw new Failed(`On the older stream the output goes on to ${older?.arrived}`)
})

Then('the output stops well before {bytes}', async function (this: SuiteWorld, end: number) {
  const caller = sceneOf(this).caller('controller')
  // It has stopped when it stays where it is between two looks.
  let last = -1
  for (let now = (await listed(this, caller)).end; now !== last; now = (await listed(this, caller)).end) {
    last = now
    await this.stage.settle()
  }
  this.note(`the output has stopped at ${last}`)
  if (last >= end) throw new Failed(`The output has come to its end of ${last}, though nobody takes it in`)
})

Then('the output reaches its end of {bytes}', async function (this: SuiteWorld, end: number) {
  await untilEnd(this, sceneOf(this).callers.at(-1) as Caller, end)
})

/** rpc.credit.stall: who does not read although it has to would read again after this time. */
Then(
  'the output reaches its end of {bytes} before {int} s have passed',
  async function (this: SuiteWorld, end: number, seconds: number) {
    const deadline = (askedAt.get(this) ?? performance.now()) + seconds * 1_000
    await untilEnd(this, sceneOf(this).callers.at(-1) as Caller, end, deadline)
  },
)

// Holes, and viewers who fall silent.

When('the second controller, which stood still, grants up to {bytes}', async function (this: SuiteWorld, upTo: number) {
  const caller = sceneOf(this).caller('second controller')
  const output = outputOf(caller)
  output.mayJump = true
  await caller.rpc.call('stream.credit', { streamId: output.streamId, upTo })
  output.credit = Math.max(output.credit, upTo)
})

Then(
  'the second controller receives a chunk from the oldest byte kept on, and its credit has grown by the hole',
  async function (this: SuiteWorld) {
    const caller = sceneOf(this).caller('second controller')
    const output = outputOf(caller)
    const before = output.next
    const { oldest } = await listed(this, caller)
    const jumped = await caller.rpc.until('chunk beyond the hole', () => {
      output.take(caller.rpc)
      return output.arrived > oldest ? output.arrived : undefined
    })
    await this.stage.settle()
    output.take(caller.rpc)
    // As many bytes as were granted before the hole have come behind it.
    const granted = output.credit - (oldest - before)
    this.note(`the stream went on at ${oldest}, and came to ${jumped}`)
    if (output.arrived !== output.credit)
      throw new Failed(
        `The stream has come to ${output.arrived}, its credit is ${output.credit} (${granted} without the hole)`,
      )
  },
)

When(
  '{caller} says nothing for {int} s, and the second controller does',
  async function (this: SuiteWorld, silent: Caller, seconds: number) {
    const { program, relay } = this.stage
    const route = silent.controller.client.route.name
    // It hears, and nothing that it says arrives.
    relay.plan('dropped', (frame) => frame.isToProgram && base64url(frame.bytes.slice(1, 17)) === route, 10_000)
    for (let passed = 0; passed < seconds; passed += 10) {
      await program.pass(Math.min(10, seconds - passed) * 1_000)
      await sceneOf(this).caller('second controller').rpc.call('device.list')
    }
  },
)

When(
  '{caller} sends nothing but acknowledgements for {int} s',
  async function (this: SuiteWorld, caller: Caller, seconds: number) {
    for (let passed = 0; passed < seconds; passed += 10) {
      await this.stage.program.pass(10_000)
      await caller.controller.sendControl({ type: 'ack' })
      await this.stage.settle()
    }
  },
)

Then('{caller} has no stream any more', async function (this: SuiteWorld, caller: Caller) {
  this.stage.relay.clearPlan()
  await caller.ask('stream.credit', { streamId: outputOf(caller).streamId, upTo: 1_000_000 })
  await caller.refusal('not-found')
})

When('{caller} acknowledges nothing', function (this: SuiteWorld, { controller }: Caller) {
  controller.duties.ack = false
})

Then(
  '{caller} is answered with the offset {bytes}',
  async function (this: SuiteWorld, caller: Caller, expected: number) {
    const { offset } = await caller.result<{ offset: number }>()
    if (offset !== expected) throw new Failed(`The offset is ${offset}, expected ${expected}`)
  },
)
