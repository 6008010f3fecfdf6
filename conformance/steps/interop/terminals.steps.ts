// Terminals, and what happens to them when something between the programs breaks.

import { Given, Then, When } from '@cucumber/cucumber'
import { Failed } from '../../shim/trouble.ts'
import { eventually, PATIENCE } from './cell.ts'
import type { InteropWorld } from './world.ts'

const CONTROLLER = 'the controller'
/** Reads lines until one says how far to count. */
const READER = 'while read -r what rest; do case $what in count) seq 1 $rest;; *) echo "heard $what $rest";; esac; done'
const base64url = (text: string) => Buffer.from(text).toString('base64url')
const number = (text: string) => Number(text.replaceAll(',', ''))

async function openTerminal(world: InteropWorld, script: string): Promise<void> {
  const { program } = world.cell.controller(CONTROLLER)
  // Without echo and without translation, what a program writes is what arrives.
  const command = ['sh', '-c', `stty raw -echo; ${script}`]
  const { result } = await program.ask(
    'call',
    { method: 'terminal.open', params: { cols: 80, rows: 24, command } },
    PATIENCE,
  )
  const { terminalId, written } = result as { terminalId: string; written: number }
  world.cell.terminal = { id: terminalId, written }
  world.cell.output = { text: '', end: 0 }
}

async function type(world: InteropWorld, line: string): Promise<void> {
  const { terminal } = world.cell
  if (!terminal) throw new Failed('There is no terminal')
  const { program } = world.cell.controller(CONTROLLER)
  const params = { terminalId: terminal.id, offset: terminal.written, data: base64url(`${line}\n`) }
  const { result } = await program.ask('call', { method: 'terminal.write', params }, PATIENCE)
  terminal.written = (result as { offset: number }).offset
}

/** Takes the output that was told until now. Throws Failed where a byte is missing or came twice. */
function takeOutput(world: InteropWorld): string {
  const { program } = world.cell.controller(CONTROLLER)
  const { output } = world.cell
  for (const told of program.takeEvents('gap')) throw new Failed(`Output is missing: ${JSON.stringify(told)}`)
  for (const { offset, bytes } of program.takeEvents('output') as { offset: number; bytes: string }[]) {
    if (offset !== output.end) throw new Failed(`Output of offset ${offset} follows that up to ${output.end}`)
    output.text += Buffer.from(bytes, 'hex').toString('latin1')
    output.end += bytes.length / 2
  }
  return output.text
}

const shows = (world: InteropWorld, what: string, matches: (text: string) => boolean, time = PATIENCE) =>
  eventually(`The terminal does not show ${what}`, async () => matches(takeOutput(world)), time)

/** All numbers up to `last`, each on its line. */
function countTo(last: number): string {
  let text = ''
  for (let i = 1; i <= last; i++) text += `${i}\n`
  return text
}

async function counted(world: InteropWorld, last: number): Promise<void> {
  await shows(world, `the number ${last}`, (text) => text.endsWith(`\n${last}\n`))
  const { text } = world.cell.output
  const numbers = text.slice(text.search(/(^|\n)1\n2\n/)).trimStart()
  if (numbers !== countTo(last)) throw new Failed('The numbers are not whole and in order')
}

When(
  /^the controller opens a terminal in which ([\d,]+) lines wait to be asked for$/,
  async function (this: InteropWorld, lines: string) {
    this.cell.found = number(lines)
    await openTerminal(this, `echo ready; ${READER}`)
    await shows(this, 'that it is ready', (text) => text.includes('ready\n'))
  },
)

When('the controller types {int} lines, one after the other', async function (this: InteropWorld, count: number) {
  for (let i = 1; i <= count; i++) {
    await type(this, `line ${i}`)
    await shows(this, `line ${i}`, (text) => text.endsWith(`heard line ${i}\n`))
  }
  this.cell.typed = count
})

Then('each line comes back', function (this: InteropWorld) {
  const heard = this.cell.output.text.match(/heard line \d+/g) ?? []
  if (heard.length !== this.cell.typed) throw new Failed(`${heard.length} lines came back`)
})

When(/^the controller asks for the [\d,]+ lines$/, async function (this: InteropWorld) {
  await type(this, `count ${this.cell.found}`)
})

Then('they arrive whole and in order', async function (this: InteropWorld) {
  await counted(this, this.cell.found as number)
})

/** Slowly, so that what breaks meanwhile breaks in the middle. */
Given(/^a terminal counts to ([\d,]+)$/, async function (this: InteropWorld, last: string) {
  this.cell.found = number(last)
  const each = number(last) / 20
  await openTerminal(
    this,
    `i=0; while [ $i -lt 20 ]; do seq $((i * ${each} + 1)) $(((i + 1) * ${each})); i=$((i + 1)); sleep 0.1; done; sleep 600`,
  )
  await shows(this, 'the first numbers', (text) => text.includes('\n2\n'))
})

Then('the numbers arrive whole and in order', async function (this: InteropWorld) {
  await counted(this, this.cell.found as number)
})

When('the socket of the controller is cut, and then the socket of the agent', async function (this: InteropWorld) {
  const { program } = this.cell.controller(CONTROLLER)
  await program.ask('drop', {})
  const before = takeOutput(this).length
  await shows(this, 'any more output', (text) => text.length > before)
  await this.cell.agent.ask('drop', {})
})

When('the relay is killed and starts again', async function (this: InteropWorld) {
  await this.cell.relay.kill()
  await this.cell.relay.start()
})

When('the agent is killed and starts again', async function (this: InteropWorld) {
  await this.cell.agent.kill()
  await this.cell.agent.startAgain()
})

When('the controller is killed and starts again', async function (this: InteropWorld) {
  const { program } = this.cell.controller(CONTROLLER)
  await program.kill()
  await program.startAgain()
})

When('{int} days pass at both ends', async function (this: InteropWorld, days: number) {
  const { program } = this.cell.controller(CONTROLLER)
  const time = days * 24 * 60 * 60 * 1_000
  for (const each of [program, this.cell.agent]) each.require('clock')
  await Promise.all([program, this.cell.agent].map((each) => each.jump(time)))
})
