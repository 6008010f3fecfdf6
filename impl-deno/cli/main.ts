// `happy-remote`: one sub-command, loaded by itself.

import { type Command, EXIT_OK, EXIT_USAGE, runCommand, terminal } from './command.ts'
import { nearest } from './nearest.ts'

const VERSION = '0.1.0'

const COMMANDS: Readonly<Record<string, readonly [summary: string, load: () => Promise<Command>]>> = {
  demo: ['everything in one process, to see it work', async () => (await import('./demo.ts')).demoCommand],
  relay: ['runs a relay, which joins agents and controllers', async () => (await import('./relay.ts')).relayCommand],
  agent: [
    'lets paired devices use the assistant and the shell of this machine',
    async () => (await import('./agent.ts')).agentCommand,
  ],
  pair: [
    'pairs this device with the computer whose agent shows a code',
    async () => (await import('./pair.ts')).pairCommand,
  ],
  control: ['controls a paired computer', async () => (await import('./control.ts')).controlCommand],
  devices: [
    'lists, renames or revokes the devices of the agent of this computer',
    async () => (await import('./devices.ts')).devicesCommand,
  ],
}

const usage = () => `happy-remote: control a coding assistant and a shell on your desktop,
through a relay that can read nothing

Usage: happy-remote <command> [options]

${Object.entries(COMMANDS)
  .map(([name, [summary]]) => `  ${name.padEnd(9)} ${summary}`)
  .join('\n')}

  --help     this text, or that of a command: happy-remote pair --help
  --version  the version

Settings come from options, then the environment (HAPPY_REMOTE_RELAY, _STATE,
_NAME, _WORKSPACE, _ASSISTANT, _GRANT, _DEVICE, _LOG_LEVEL, _CONFIG), then
~/.config/happy-remote/config.json, whose members are called relay, state,
name, workspace, assistant, grant, device and logLevel.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 nothing is paired or no such
device, 4 the relay or the agent cannot be reached, 5 refused (denied, expired,
wrong digits, no such right), 6 left while the assistant waits for an answer,
130 given up with Ctrl-C.`

export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === '--version') {
    terminal.out(VERSION)
    return EXIT_OK
  }
  if (name === undefined || name === '--help') {
    ;(name ? terminal.out : terminal.err)(usage())
    return name ? EXIT_OK : EXIT_USAGE
  }
  const found = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (found) return runCommand(await found[1](), rest)
  const meant = nearest(name, Object.keys(COMMANDS))
  terminal.err(`There is no command "${name}".${meant ? ` Did you mean "${meant}"?` : ''} See happy-remote --help.`)
  return EXIT_USAGE
}

if (import.meta.main) Deno.exit(await main(Deno.args))
