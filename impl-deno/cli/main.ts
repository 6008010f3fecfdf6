// `happy-remote`: one sub-command, loaded by itself.

import { type Command, EXIT_OK, EXIT_USAGE, runCommand, terminal } from './command.ts'
import { nearest } from './nearest.ts'

const VERSION = '0.1.0'

const COMMANDS: Readonly<Record<string, readonly [summary: string, load: () => Promise<Command>]>> = {
  demo: ['everything in one process, to see it work', async () => (await import('./demo.ts')).demoCommand],
  relay: [
    'run a relay, which joins agents and controllers and can read\nnothing',
    async () => (await import('./relay.ts')).relayCommand,
  ],
  agent: [
    'let paired devices use the assistant and the shell of this machine',
    async () => (await import('./agent.ts')).agentCommand,
  ],
  pair: [
    'pair this device with the computer whose agent shows a code',
    async () => (await import('./pair.ts')).pairCommand,
  ],
  control: [
    'control a paired computer: talk to its assistant, answer it, open\nits terminals',
    async () => (await import('./control.ts')).controlCommand,
  ],
  devices: [
    'list, rename or revoke the devices that are paired with the agent\nof this computer, or show what they did',
    async () => (await import('./devices.ts')).devicesCommand,
  ],
}

const usage = () => `happy-remote: control a coding assistant and a shell on your desktop,
through a relay that can read nothing

Usage: happy-remote <command> [options]

${Object.entries(COMMANDS)
  .map(([name, [summary]]) => `  ${name.padEnd(10)}${summary.replaceAll('\n', `\n${' '.repeat(12)}`)}`)
  .join('\n')}

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
130 given up with Ctrl-C.`

export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === '--version' || name === '-V' || name === 'version') {
    terminal.out(VERSION)
    return EXIT_OK
  }
  const isHelp = name === '--help' || name === '-h' || name === 'help'
  const [asked] = rest
  if (name === 'help' && asked !== undefined && Object.hasOwn(COMMANDS, asked)) return main([asked, '--help'])
  if (name === undefined || isHelp) {
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
