// `happy-remote agent`

import { Agent, type AgentEvents } from '../agent/agent.ts'
import { acpAssistant } from '../agent/assistants/acp.ts'
import type { AssistantKind } from '../agent/assistants/assistant.ts'
import { claudeAssistant } from '../agent/assistants/claude.ts'
import { AuditLog } from '../agent/audit.ts'
import { CommandStore } from '../agent/command-store.ts'
import { Conversations } from '../agent/conversations.ts'
import { openJournal } from '../agent/journal.ts'
import { relayUrlOf } from '../session/relay-url.ts'
import { LineScreen } from './agent/line-screen.ts'
import type { Screen } from './agent/screen.ts'
import { TerminalScreen } from './agent/terminal-screen.ts'
import { type Command, CommandFailure, type CommandIo, EXIT_OK, UsageError } from './command.ts'
import { readOptions, STATE_OPTIONS } from './options.ts'
import { programSocket } from './program-socket.ts'
import { readSettings, type Settings } from './settings.ts'
import { auditPath, openState } from './state.ts'

const USAGE = `happy-remote agent: lets paired devices use the assistant and the shell of this
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
  --ttl <seconds>      life of a pairing code, at most 600; default 120
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

Deno needs --allow-all: terminals and the assistant run as you and are not held
back by less, and where an open file lies is told only to a program with it.

Exit codes: 0 ended by q, SIGINT or SIGTERM; 1 could not run; 2 wrong use.`

const OPTIONS = {
  ...STATE_OPTIONS,
  relay: { type: 'string' },
  workspace: { type: 'string' },
  name: { type: 'string' },
  assistant: { type: 'string' },
  grant: { type: 'string' },
  'keep-sessions': { type: 'boolean' },
  pair: { type: 'boolean' },
  ttl: { type: 'string' },
} as const

const SCRIPTED = new URL('../../conformance/assistants/acp.ts', import.meta.url).pathname
const SCRIPT = new URL('../../conformance/assistants/demo.script.json', import.meta.url).pathname
const RANK = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 }

export const agentCommand: Command = {
  name: 'agent',
  summary: 'let paired devices use the assistant and the shell of this machine',
  usage: USAGE,
  async run(args, io) {
    const end = args.indexOf('--')
    const command = end < 0 ? [] : args.slice(end + 1)
    const { values, positionals } = readOptions(end < 0 ? args : args.slice(0, end), OPTIONS)
    if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is one word too many`)
    const settings = readSettings(values, io)
    const chosen = values.assistant === undefined ? settings.assistant : [values.assistant, ...command]
    if (values.assistant === undefined && command.length > 0) {
      throw new UsageError('A command behind -- belongs to --assistant')
    }
    const ttl = readTtl(values.ttl)
    const workspace = await folderOf(settings.workspace)
    const assistant = assistantOf(chosen, workspace)
    const isTerminal = values.json !== true && Deno.stdin.isTerminal() && Deno.stdout.isTerminal()
    const screen = isTerminal ? new TerminalScreen() : new LineScreen(io, values.json === true)
    return serve({ settings, workspace, assistant, ttl, pair: values.pair === true, screen }, io)
  },
}

interface Serving {
  readonly settings: Settings
  readonly workspace: string
  readonly assistant: AssistantKind | null
  readonly ttl: number
  readonly pair: boolean
  readonly screen: Screen
}

/** Until the person or a signal ends it. */
async function serve({ settings, workspace, assistant, ttl, pair, screen }: Serving, io: CommandIo): Promise<number> {
  const { relay, name, state, grant, logLevel } = settings
  const store = await openState(settings, 'agent')
  const commands = new CommandStore(`${state}/agent/commands.sqlite`)
  const conversations = new Conversations(`${state}/agent/conversations.sqlite`, assistant?.name ?? '', workspace)
  const audit = new AuditLog(auditPath(settings))
  for (const { message } of store.corrupt) io.err(message)
  const journal = openJournal(`${state}/agent/journal.sqlite`, {
    failed: (error) => io.err(`The journal cannot be written: ${(error as Error).message}`),
  })
  const agent = new Agent({
    ...{
      store,
      commands,
      journal,
      conversations,
      audit,
      workspace,
      name,
      assistant,
      relay: relayUrlOf(relay),
      socket: await programSocket(),
      events: screen.events as AgentEvents,
    },
    ...{ environment: Deno.env.toObject(), software: 'happy-remote (Deno) 0.1.0' },
    log: (level, event, details) => {
      if (RANK[level] < RANK[logLevel]) return
      io.err(JSON.stringify({ level, time: Date.now(), name: 'agent', msg: event, ...details }))
    },
  })
  const offer = () => agent.offer(grant, ttl * 1_000)
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
  const { promise: signalled, resolve } = Promise.withResolvers<void>()
  for (const signal of signals) Deno.addSignalListener(signal, resolve)
  try {
    screen.begin({ agent, offer, relay, name, workspace, assistant: assistant?.name ?? null, grant, ttl })
    const isAlone = screen.isTerminal && agent.devices.all.length === 0
    if (pair || isAlone) screen.offered(await offer())
    await Promise.race([signalled, screen.ended])
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, resolve)
    screen.end()
    await agent.stop()
    commands.close()
    journal.close()
    conversations.close()
    audit.close()
    await store.close()
  }
  screen.stopped()
  return EXIT_OK
}

function readTtl(text: string | undefined): number {
  const value = Number(text ?? 120)
  if (Number.isInteger(value) && value >= 1 && value <= 600) return value
  throw new UsageError(`--ttl is "${text}": 1 to 600 seconds are needed`)
}

async function folderOf(path: string): Promise<string> {
  try {
    const real = await Deno.realPath(path)
    if ((await Deno.stat(real)).isDirectory) return real
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error
  }
  // As the other implementation has it: wrong use.
  throw new CommandFailure(`The workspace ${path} is not a folder`, 2, 'usage')
}

/** Throws UsageError. */
export function assistantOf([kind = 'none', ...command]: readonly string[], workspace: string): AssistantKind | null {
  if (kind === 'none') return null
  if (kind === 'scripted') {
    const run = [Deno.execPath(), 'run', '--no-prompt', '--allow-all', SCRIPTED, '--script', SCRIPT]
    return acpAssistant({ name: 'Scripted assistant', scripted: true, command: run, workspace })
  }
  const [file] = command
  if (kind === 'claude') return claudeAssistant({ workspace, ...(file !== undefined && { command }) })
  if (kind !== 'acp') throw new UsageError(`There is no assistant "${kind}"; there are claude, acp, scripted and none`)
  if (file === undefined) {
    throw new UsageError('The assistant "acp" needs its command: --assistant acp -- <command…>')
  }
  return acpAssistant({ name: file.split('/').at(-1) ?? file, command, workspace })
}
