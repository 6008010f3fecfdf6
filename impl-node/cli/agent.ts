// `happy-remote agent`: lets paired devices use the assistant and the shell of this machine.

import { limits } from '@happy-remote/schemas/limits.ts'
import { startAgent } from './agent/host.ts'
import { runPlain } from './agent/plain.ts'
import { StatusScreen } from './agent/status-screen.ts'
import { type Command, EXIT, UsageError } from './command.ts'
import { settingsOf } from './config.ts'
import { COMMON_OPTIONS, noWords, parseFlags } from './flags.ts'
import { openLog } from './logging.ts'
import { untilStopped } from './signals.ts'
import { canDraw } from './terminal/can-draw.ts'

const help = `happy-remote agent: lets paired devices use the assistant and the shell of this
machine

Usage: happy-remote agent [options]
       happy-remote agent [options] --assistant acp -- <command…>

  --relay <url>        relay for new pairings, such as wss://relay.example.com;
                       default ws://127.0.0.1:8080
  --workspace <dir>    folder to work in; default the present one
  --name <name>        what devices call this computer; default its host name
  --assistant <kind>   claude: Claude Code, as it is installed here; another
                       command for it may stand behind --
                       acp: any assistant that speaks the Agent Client
                       Protocol, its command behind --
                       scripted: the one of the demo, which follows a script
                       and runs nothing
                       none: terminals only, the default
  --grant <list>       what new pairings may do, of
                       observe,prompt,approve,terminal,files,git,git.push,
                       admin;
                       default all but git.push and admin. terminal, and prompt
                       with approve, amount to running commands as you
  --pair               show a pairing code at the start, also where devices are
                       paired already
  --ttl <seconds>      life of a pairing code, at most ${limits.qrTtlMax / 1_000}; default ${limits.qrTtl / 1_000}
  --state <dir>        where identity and pairings are kept; default
                       ~/.local/state/happy-remote
  --keep-sessions      store the session, sealed, so that a restart goes on
                       with it; needs XDG_RUNTIME_DIR
  --config <file>      settings; default ~/.config/happy-remote/config.json
  --log-level <level>  debug, info, warn, error or silent, to standard error;
                       default warn
  --json               one JSON object a line on standard output, also at a
                       terminal
  --no-color           no colours; so do NO_COLOR and TERM=dumb
  --help               this text

At a terminal it shows its state: p pairs a device, r revokes one, s pauses and
resumes, q ends it.
Without a terminal, or with --json, it prints what happens, and reads lines
from standard input: the six digits, \`pair\`, \`cancel\`, \`revoke <device>\`,
\`pause\`, \`resume\`.
With --pair the code is printed then: keep that output to yourself for as long
as it lives.

JSON events: started {deviceId, name, workspace, relay, assistant}, relay
{state, reason}, offer {uri, expiresAt}, scanned, digits {triesLeft, until,
history}, wrong-digits {triesLeft}, other-device, paired {deviceId, name,
capabilities}, pairing-failed {reason}, assistant {trouble}, device {deviceId,
name, online, lastHeardAt}, revoked {deviceId}, paused {pauseId, by}, resumed,
stopped. history: the device will see what happened before it was paired.

Examples:
  happy-remote agent --assistant claude
  happy-remote agent --assistant acp -- npx -y my-acp-assistant
  happy-remote agent --relay wss://relay.example.com --name desk
  happy-remote agent --pair --grant observe,prompt

Environment: HAPPY_REMOTE_RELAY, _WORKSPACE, _NAME, _ASSISTANT ("acp
my-assistant --flag"), _GRANT, _STATE,
_KEEP_SESSIONS (1 or 0), _CONFIG, _LOG_LEVEL.

Exit codes: 0 ended by q, SIGINT or SIGTERM; 1 could not run; 2 wrong use.
`

const OPTIONS = {
  ...COMMON_OPTIONS,
  relay: { type: 'string' },
  workspace: { type: 'string' },
  name: { type: 'string' },
  assistant: { type: 'string' },
  grant: { type: 'string' },
  'keep-sessions': { type: 'boolean' },
  pair: { type: 'boolean' },
  ttl: { type: 'string' },
} as const

/** Seconds, as milliseconds. */
function readTtl(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = Number(text)
  if (!/^\d+$/.test(text) || seconds < 1 || seconds * 1_000 > limits.qrTtlMax) {
    throw new UsageError(`--ttl is ${JSON.stringify(text)}: 1 to ${limits.qrTtlMax / 1_000} seconds are needed.`)
  }
  return seconds * 1_000
}

async function run(args: string[]): Promise<number> {
  const { values, words, behind } = parseFlags(args, OPTIONS)
  if (values.help) {
    process.stdout.write(help)
    return EXIT.ok
  }
  noWords(words)
  if (behind && values.assistant === undefined) throw new UsageError('What stands behind -- is for --assistant.')
  const { relay, workspace, name, state } = values
  const settings = settingsOf(
    {
      relay,
      workspace,
      name,
      state,
      assistant: values.assistant === undefined ? undefined : [values.assistant, ...(behind ?? [])],
      grant: values.grant?.split(',').filter((each) => each !== ''),
      keepSessions: values['keep-sessions'],
      logLevel: values['log-level'],
    },
    values.config,
    process.env,
  )
  const ttl = readTtl(values.ttl)
  const json = values.json ?? false
  const { stdin, stdout } = process
  const atTerminal = !json && canDraw()

  let screen: StatusScreen | null = null
  // The log must not be written across the status lines.
  const write = (line: string) => (screen ? screen.print(line.trimEnd()) : process.stderr.write(line))
  const log = openLog('agent', settings.logLevel, atTerminal && process.stderr.isTTY ? write : undefined)
  const host = startAgent(settings, log)
  const { stopped, stop } = untilStopped()
  try {
    if (atTerminal) {
      const pair = (values.pair ?? false) || host.agent.devices.length === 0
      screen = new StatusScreen(host, { input: stdin, output: stdout, pair, ttl })
      await screen.run(stopped, stop)
    } else {
      await runPlain(host, { json, pair: values.pair ?? false, ttl }, stopped)
    }
  } finally {
    screen = null
    await host.close()
  }
  if (json) stdout.write('{"event":"stopped"}\n')
  return EXIT.ok
}

export const agentCommand: Command = {
  name: 'agent',
  summary: 'let paired devices use the assistant and the shell of this machine',
  help,
  run,
}
