// Steps about terminals: opened, ended, resized, typed into, and what they show.

import { randomUUID } from 'node:crypto'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type DataTable, Given, Then, When } from '@cucumber/cucumber'
import type { Request } from '@happy-remote/schemas/rpc/envelope.ts'
import { deviceIdText } from '../peers/device.ts'
import { speaker } from '../peers/output.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { AGENT_SECRET } from './program.ts'
import { type OpenTerminal, opened, outputOf, terminalOf } from './rpc-output.ts'
import { type Caller, paramsOf, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

const SIZE = { cols: 80, rows: 24 }

/** "`cat`" and "`printf` with `%s` and `x`", as steps write them. */
const words = (text: string): string[] => [...text.matchAll(/"([^"]*)"/g)].map(([, word = '']) => word)

async function open(caller: Caller, command?: readonly string[], more: object = {}): Promise<void> {
  await caller.ask('terminal.open', { ...SIZE, ...(command && { command }), ...more })
}

/** Opens a terminal, and waits until it is open. */
async function openNow(world: SuiteWorld, caller: Caller, command?: readonly string[], more: object = {}) {
  await open(caller, command, more)
  return opened(world, caller)
}

Given(
  /^the (.*controller) has opened a terminal that runs (".*")$/,
  async function (this: SuiteWorld, name: string, command: string) {
    await openNow(this, sceneOf(this).caller(name), words(command))
  },
)

When(
  /^the (.*controller) opens a terminal that runs ((?:"[^"]*"(?: with | and )?)+)$/,
  async function (this: SuiteWorld, name: string, command: string) {
    await openNow(this, sceneOf(this).caller(name), words(command))
  },
)

When(
  /^the (.*controller) opens a terminal that runs ("[^"]*") in the folder "([^"]*)"$/,
  async function (this: SuiteWorld, name: string, command: string, cwd: string) {
    await openNow(this, sceneOf(this).caller(name), words(command), { cwd })
  },
)

Given('{caller} has opened a terminal without a command', async function (this: SuiteWorld, caller: Caller) {
  await openNow(this, caller)
})

const workspace = async (world: SuiteWorld): Promise<string> =>
  (await sceneOf(world).caller('controller').rpc.call('agent.info')).workspace

Given('there is a folder {string} in the workspace', async function (this: SuiteWorld, name: string) {
  mkdirSync(join(await workspace(this), name))
})

Given(
  'a symbolic link {string} in the workspace that leads to {string}',
  async function (this: SuiteWorld, name: string, target: string) {
    symlinkSync(target, join(await workspace(this), name))
  },
)

Then(
  'each of these folders is answered with the error {string}',
  async function (this: SuiteWorld, code: string, table: DataTable) {
    const caller = sceneOf(this).caller('controller')
    for (const [cwd = ''] of table.raw()) {
      await open(caller, ['cat'], { cwd })
      await caller.refusal(code)
    }
  },
)

const ids = async (world: SuiteWorld): Promise<string[]> => {
  const { terminals } = await sceneOf(world).caller('controller').rpc.call('terminal.list')
  return terminals.map(({ terminalId }) => terminalId)
}

Then(/^the agent has opened (no|\d+) terminals?$/, async function (this: SuiteWorld, count: string) {
  const found = (await ids(this)).length
  if (found !== Number(count === 'no' ? 0 : count)) throw new Failed(`The agent has opened ${found} terminals`)
})

When(
  '{caller} opens {int} terminals and closes each',
  async function (this: SuiteWorld, caller: Caller, count: number) {
    const all: string[] = []
    for (let i = 0; i < count; i++) {
      const { terminalId } = await openNow(this, caller, ['cat'])
      all.push(terminalId)
      await caller.rpc.call('terminal.close', { terminalId })
    }
    this.found = all
  },
)

Then('no two of them have the same "terminalId"', function (this: SuiteWorld) {
  const all = this.found as string[]
  if (new Set(all).size !== all.length) throw new Failed('Two terminals have the same "terminalId"')
})

// Events.

Then(
  '{caller} is told {string} of the terminal, by {caller}',
  async function (this: SuiteWorld, caller: Caller, name: string, by: Caller) {
    const { terminalId } = terminalOf(this)
    const event = await caller.rpc.event(name, (params) => params.terminalId === terminalId)
    const expected = deviceIdText(await by.controller.device.deviceId())
    if (paramsOf(event).by !== expected) throw new Failed(`"${name}" is said to be by another device`)
  },
)

Then('{caller} is told nothing of terminals', async function (this: SuiteWorld, caller: Caller) {
  await this.stage.settle()
  const told = caller.rpc.events().filter(({ message }) => message.method.startsWith('terminal.'))
  if (told.length > 0) throw new Failed(`The ${caller.name} is told "${told[0]?.message.method}"`)
})

const exited = (caller: Caller, { terminalId }: OpenTerminal) =>
  caller.rpc.event('terminal.exited', (params) => params.terminalId === terminalId)

Then(
  '{caller} is told "terminal.exited" with the exit code {int} and the end {int}',
  async function (this: SuiteWorld, caller: Caller, exitCode: number, end: number) {
    const params = paramsOf(await exited(caller, terminalOf(this)))
    if (params.exitCode !== exitCode) throw new Failed(`The exit code is ${params.exitCode}, expected ${exitCode}`)
    if (params.end !== end) throw new Failed(`The end is ${params.end}, expected ${end}`)
  },
)

Then(
  '{caller} is told "terminal.exited" with the reason {string}',
  async function (this: SuiteWorld, caller: Caller, reason: string) {
    const params = paramsOf(await exited(caller, terminalOf(this)))
    if (params.reason !== reason) throw new Failed(`The reason is ${params.reason}, expected "${reason}"`)
  },
)

When(
  '{caller} opens a terminal that says {int} bytes and ends with the exit code {int}',
  async function (this: SuiteWorld, caller: Caller, bytes: number, exitCode: number) {
    await openNow(this, caller, speaker(bytes, exitCode))
  },
)

Given('{caller} has opened a terminal that has ended', async function (this: SuiteWorld, caller: Caller) {
  const terminal = await openNow(this, caller, speaker(10))
  await exited(caller, terminal)
})

Then(
  'a "terminal.write" to it and a "terminal.resize" of it are answered with the error {string}',
  async function (this: SuiteWorld, code: string) {
    const { terminalId, caller } = terminalOf(this)
    await caller.ask('terminal.write', { terminalId, offset: 0, data: 'eA' })
    await caller.refusal(code)
    await caller.ask('terminal.resize', { terminalId, cols: 100, rows: 30 })
    await caller.refusal(code)
  },
)

// Processes: those of the agent run on the machine of the suite.

const BACKGROUND = 'sleep 1000 & echo "$$ $!"; exec cat'
const IGNORING = 'trap "" HUP; sleep 1000 & echo "$$ $!"; while :; do sleep 1; done'

async function withProcesses(world: SuiteWorld, caller: Caller, script: string): Promise<void> {
  await openNow(world, caller, ['sh', '-c', script])
  const text = await shows(caller, (shown) => /^\d+ \d+\s/.test(shown), 'two process ids')
  world.found = text.trim().split(/\s+/).map(Number)
}

Given(
  '{caller} has opened a terminal with a program in the background',
  async function (this: SuiteWorld, caller: Caller) {
    await withProcesses(this, caller, BACKGROUND)
  },
)

Given('{caller} has opened a terminal whose programs ignore SIGHUP', async function (this: SuiteWorld, caller: Caller) {
  await withProcesses(this, caller, IGNORING)
})

const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

Then('neither the program nor what it started is left', async function (this: SuiteWorld) {
  const pids = this.found as number[]
  for (const deadline = performance.now() + 10_000; pids.some(lives); ) {
    if (performance.now() > deadline)
      throw new Failed(`${pids.filter(lives).length} of ${pids.length} processes are left`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
})

When('the agent is stopped', async function (this: SuiteWorld) {
  await this.stage.program.stop()
})

When('{caller} closes the terminal', async function (this: SuiteWorld, caller: Caller) {
  await caller.ask('terminal.close', { terminalId: terminalOf(this).terminalId })
  await caller.result()
})

When(
  '{caller} calls {string} for a terminal that there is not',
  async function (this: SuiteWorld, caller: Caller, method: string) {
    await caller.ask(method, { terminalId: randomUUID() })
  },
)

// What it shows.

/** What the first viewer has seen, once it is as `holds` says. */
async function shows(caller: Caller, holds: (shown: string) => boolean, what: string): Promise<string> {
  const output = outputOf(caller)
  return caller.rpc.until(what, () => {
    output.take(caller.rpc, false)
    const text = Buffer.from(caller.rpc.bytesFrom(output.sessionNumber, output.streamId, output.from)).toString()
    return holds(text) ? text : undefined
  })
}

Then('the terminal shows {string}', async function (this: SuiteWorld, text: string) {
  await shows(terminalOf(this).caller, (shown) => shown.includes(text), `"${text}" in a terminal`)
})

Then('{caller} sees {string} in the terminal', async function (this: SuiteWorld, caller: Caller, text: string) {
  await shows(caller, (shown) => shown.includes(text), `"${text}" in a terminal`)
})

Then('{caller} sees nothing of {string}', async function (this: SuiteWorld, caller: Caller, text: string) {
  await this.stage.settle()
  const shown = await shows(caller, () => true, 'output')
  if (shown.includes(text)) throw new Failed(`The ${caller.name} sees "${text}"`)
})

Then('the terminal shows {string} and no more', async function (this: SuiteWorld, text: string) {
  const { caller } = terminalOf(this)
  await shows(caller, (shown) => shown.includes(text), `"${text}" in a terminal`)
  await this.stage.settle()
  const shown = await shows(caller, () => true, 'output')
  if (shown !== text) throw new Failed(`The terminal shows ${JSON.stringify(shown)}`)
})

Then('the terminal shows the path of {string} in the workspace', async function (this: SuiteWorld, name: string) {
  const path = join(await workspace(this), name)
  await shows(terminalOf(this).caller, (shown) => shown.includes(path), 'that path in a terminal')
})

Then('the terminal ends, and has not shown the secret of the agent', async function (this: SuiteWorld) {
  const terminal = terminalOf(this)
  const end = paramsOf(await exited(terminal.caller, terminal)).end as number
  const shown = await shows(terminal.caller, (text) => Buffer.byteLength(text) >= end, 'all of the output')
  if (!shown.includes('PATH=')) throw new SuiteError('The terminal shows no environment')
  if (shown.includes(AGENT_SECRET.value))
    throw new Failed(`The environment of a terminal has ${AGENT_SECRET.name} of the agent`)
})

// Size.

const ASKED_SIZE = ['sh', '-c', 'while read line; do stty size; done']

Given(
  '{caller} has opened a terminal that tells its size when asked',
  async function (this: SuiteWorld, caller: Caller) {
    await openNow(this, caller, ASKED_SIZE)
  },
)

When(
  '{caller} resizes the terminal to {int} columns and {int} rows',
  async function (this: SuiteWorld, caller: Caller, cols: number, rows: number) {
    await caller.ask('terminal.resize', { terminalId: terminalOf(this).terminalId, cols, rows })
    await caller.result()
  },
)

When('the program is asked for its size', async function (this: SuiteWorld) {
  await type(this, terminalOf(this).caller, '\n')
})

Then(
  'both controllers are told "terminal.resized" with {int} columns and {int} rows',
  async function (this: SuiteWorld, cols: number, rows: number) {
    const { terminalId } = terminalOf(this)
    for (const { rpc } of sceneOf(this).callers) {
      await rpc.event(
        'terminal.resized',
        (params) => params.terminalId === terminalId && params.cols === cols && params.rows === rows,
      )
    }
  },
)

// Typing.

const writing = (terminalId: string, offset: number, text: string) => ({
  terminalId,
  offset,
  data: Buffer.from(text).toString('base64url'),
})

/** Types at the next offset, and waits until it is accepted. */
export async function type(world: SuiteWorld, caller: Caller, text: string): Promise<void> {
  const { terminalId, written } = terminalOf(world)
  const { offset } = await caller.rpc.call('terminal.write', writing(terminalId, written.get(caller) ?? 0, text))
  written.set(caller, offset)
}

/** Requests whose acceptance a later step looks at. */
const typed = new WeakMap<SuiteWorld, Request[]>()
const remember = (world: SuiteWorld, request: Request): Request => {
  const requests = typed.get(world) ?? []
  typed.set(world, [...requests, request])
  return request
}

When(
  '{caller} types {string} at {int}',
  async function (this: SuiteWorld, caller: Caller, text: string, offset: number) {
    remember(this, await caller.ask('terminal.write', writing(terminalOf(this).terminalId, offset, text)))
    await caller.answer()
  },
)

Given(
  '{caller} has typed {string} at {int}',
  async function (this: SuiteWorld, caller: Caller, text: string, offset: number) {
    await caller.ask('terminal.write', writing(terminalOf(this).terminalId, offset, text))
    await caller.result()
  },
)

When('{caller} types {string} and Enter', async function (this: SuiteWorld, caller: Caller, text: string) {
  await type(this, caller, `${text}\n`)
})

When(
  '{caller} types {string}, {string} and {string} in one batch',
  async function (this: SuiteWorld, caller: Caller, first: string, second: string, third: string) {
    const { terminalId } = terminalOf(this)
    let offset = 0
    const requests = [first, second, third].map((text) => {
      const request = caller.rpc.request('terminal.write', writing(terminalId, offset, text))
      offset += text.length
      return remember(this, request)
    })
    await caller.controller.sendBatch(requests)
  },
)

const LETTERS = Array.from({ length: 40 }, (_, i) => String.fromCharCode(0x41 + (i % 26))).join('')

When(
  '{caller} types 40 letters, each in a request of its own, without waiting',
  async function (this: SuiteWorld, caller: Caller) {
    for (const [offset, letter] of [...LETTERS].entries()) {
      remember(this, await caller.rpc.ask('terminal.write', writing(terminalOf(this).terminalId, offset, letter)))
    }
  },
)

Then('the terminal shows the 40 letters in their order', async function (this: SuiteWorld) {
  await shows(terminalOf(this).caller, (shown) => shown.includes(LETTERS), 'the 40 letters')
})

Then('each "terminal.write" is accepted', async function (this: SuiteWorld) {
  const requests = typed.get(this) ?? []
  for (const request of requests) {
    const caller = sceneOf(this).callers.find(({ rpc }) => rpc.requests.has(request.id))
    const { message } = await (caller as Caller).rpc.answer(request)
    if ('error' in message) throw new Failed(`A "terminal.write" is answered with "${message.error.code}"`)
  }
})

Then(
  '{caller} is answered with the error "conflict" and the expected offset {int}',
  async function (this: SuiteWorld, caller: Caller, expected: number) {
    const { data } = await caller.refusal('conflict')
    const offset = (data as { offset?: unknown } | undefined)?.offset
    if (offset !== expected) throw new Failed(`The error tells the offset ${offset}, expected ${expected}`)
  },
)

Then(
  '{caller} is answered with {int} bytes written',
  async function (this: SuiteWorld, caller: Caller, expected: number) {
    const { written } = await caller.result<{ written: number }>()
    if (written !== expected) throw new Failed(`written is ${written}, expected ${expected}`)
  },
)
