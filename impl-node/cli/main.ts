#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// `happy-remote`: finds the sub-command, runs it, and turns whatever goes wrong into one sentence.

import { type Command, EXIT, UsageError } from './command.ts'
import { failureOf } from './failure.ts'
import { nearest } from './nearest.ts'
import { tellFailure } from './output.ts'
import { wrap } from './terminal/columns.ts'
import { VERSION } from './version.ts'

/** Loaded when they are needed: nobody waits for a relay to print a version. */
const commands: Record<string, () => Promise<Command>> = {
  demo: async () => (await import('./demo.ts')).demoCommand,
  relay: async () => (await import('./relay.ts')).relayCommand,
  agent: async () => (await import('./agent.ts')).agentCommand,
  pair: async () => (await import('./pair.ts')).pairCommand,
  control: async () => (await import('./control.ts')).controlCommand,
  devices: async () => (await import('./devices.ts')).devicesCommand,
}

async function help(): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()))
  const list = all
    .map(({ name, summary }) => `  ${name.padEnd(10)}${wrap(summary, 67).join(`\n${' '.repeat(12)}`)}`)
    .join('\n')
  return `happy-remote: control a coding assistant and a shell on your desktop,
through a relay that can read nothing

Usage: happy-remote <command> [options]

${list}

  --help     this text, or that of a command: happy-remote agent --help
  --version  the version

To begin, on one machine:   happy-remote demo
Or in three terminals:      happy-remote relay
                            happy-remote agent
                            happy-remote pair, then happy-remote control

Settings come from options, then the environment (HAPPY_REMOTE_RELAY, _STATE,
_NAME, _WORKSPACE, _ASSISTANT, _GRANT, _DEVICE, _LOG_LEVEL, _CONFIG), then
~/.config/happy-remote/config.json, whose members are called relay, state,
name, workspace, assistant, grant, device and logLevel.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 nothing is paired or no such
device, 4 the relay or the agent cannot be reached, 5 refused (denied, expired,
wrong digits, no such right), 6 left while the assistant waits for an answer,
130 given up with Ctrl-C.
`
}

async function run(args: string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const asked = name === 'help' && rest[0] !== undefined ? commands[rest[0]] : undefined
    process.stdout.write(asked ? (await asked()).help : await help())
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (name === '--version' || name === '-V' || name === 'version') {
    process.stdout.write(`${VERSION}\n`)
    return EXIT.ok
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (load) {
    try {
      return await (await load()).run(rest)
    } catch (error) {
      if (error instanceof UsageError) throw new UsageError(`${error.message} See happy-remote ${name} --help.`)
      throw error
    }
  }
  const meant = nearest(name, Object.keys(commands))
  throw new UsageError(
    `There is no command ${JSON.stringify(name)}.${meant ? ` Did you mean "${meant}"?` : ''} See happy-remote --help.`,
  )
}

/** Whoever reads our output has left, as `head` does: that is no failure, but nothing more is to be done. */
process.stdout.on('error', () => {
  if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(EXIT.ok)
})
// A terminal that was closed; the signal for that follows.
for (const stream of [process.stdin, process.stderr]) stream.on('error', () => {})

const args = process.argv.slice(2)
const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
const isDebug = /--log-level[ =]debug/.test(own.join(' ')) || process.env.HAPPY_REMOTE_LOG_LEVEL === 'debug'

function fail(error: unknown): number {
  const failure = failureOf(error)
  tellFailure(failure, own.includes('--json'))
  if (failure.code === 'internal' && isDebug) console.error(error)
  return failure.exitCode
}

process.on('uncaughtException', (error) => process.exit(fail(error)))
const exitCode = await run(args).catch(fail)
// What a peer or a terminal may still hold open is over with the command.
process.stdout.write('', () => process.exit(exitCode))
