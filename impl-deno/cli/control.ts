// `happy-remote control`

import { type Command, UsageError } from './command.ts'
import { queueHere, queuePrompt, sendQueue } from './control/queue.ts'
import { revokeLocally } from './control/revoke.ts'
import { check, OPTIONS, SUB_COMMANDS } from './control/sub-commands.ts'
import { type SubjectOptions, withAgent } from './control/subject.ts'
import { control } from './control/talk.ts'
import { readOptions, readSeconds } from './options.ts'
import { readSettings } from './settings.ts'
import { Lines, readAll } from './stdin.ts'

const USAGE = `happy-remote control: controls a paired computer

Usage: happy-remote control [options]
           talk to the assistant, a line at a time, and answer it
       happy-remote control [options] <sub-command>

  status                 what the assistant does, and what it waits for
  prompt <text…> | -     give the assistant a prompt and follow it to its end:
                         --attach <file>[,<file>…] sends images and files of
                         text with it;
                         --no-wait ends when it is accepted; --allow, --deny
                         and --on-question wait|deny|leave say what becomes of
                         its questions; --queue keeps it where the computer is
                         away, and ends
  queue                  what waits for the computer, and what became of it:
                         edit <id> <text…>, move <id> <place>, cancel <id>,
                         again <id> change it, send waits for the computer and
                         says how each ended. Every control that reaches the
                         computer sends what waits; after 24 h it expires
  approve [<id>]         answer what it asks, having seen its exact input:
                         --option <id>, --deny, --yes
  answer <name>=<value>… answer what it wants to know, or --decline to: --to <id>.
                         The value alone where it is one thing; an option by
                         its number or name, several with commas between
  cancel [--all]         stop the running prompt
  conversations          the conversations with the assistant, the newest first;
                         * marks the one that is open: --limit <number>,
                         default 20
  open <id> | --new      go on in another conversation, or begin one, for every
                         device; the beginning of an id is enough
  pause                  let the computer refuse whatever has an effect, from
                         every device; the running prompt goes on
  resume                 end the pause; what was refused is not done
  term [-- <command…>]   a shell at the computer, or a command: --cwd <dir>,
                         --attach <id>; Ctrl-] detaches
  terms                  the terminals of the agent
  git status | diff [<path>] | log | show <commit> [<path>] |
    commit [<path>…] | push
                         the repository of the workspace: --staged;
                         --limit <number>, --after <sha>; --message <text>;
                         --remote <name>, --branch <name>. Without paths what
                         is staged is committed
  ls [<folder>]          the files of a folder of the workspace; behind a name
                         / a folder, @ a symbolic link, = something else, ? a
                         name that is not UTF-8 and cannot be reached
  cat <file>             write a file to standard output, byte for byte; on a
                         terminal without what would be obeyed there
  get <file> [<local file>]
                         fetch a file: --force, over one that is there
  put <local file> <file>
                         put a file into the workspace; a path that ends in /
                         is a folder: --force, over one that is there
  history                what happened at the agent, the newest last:
                         --limit <number>, default 20
  devices                the devices that are paired with the agent
  info                   who the agent is, and what this device may do there
  rename [<device>] <name>
                         give this device another name, or with the right
                         \`admin\` another device
  grant <device> <capabilities>
                         with the right \`admin\`: say what a device may do,
                         with commas between: observe,prompt,approve
  revoke [<device>]      end the pairing of this device, or with the right
                         \`admin\` that of another: --yes, --local

  --device <name>      which computer, by its name or the beginning of its id,
                       where several are paired
  --timeout <seconds>  how long to wait for it; default 15
  --state <dir>        where identity and pairings are kept; default
                       ~/.local/state/happy-remote
  --keep-sessions      store the session, sealed, so that a restart goes on
                       with it; needs XDG_RUNTIME_DIR
  --config <file>      settings; default ~/.config/happy-remote/config.json
  --log-level <level>  debug, info, warn, error or silent; default warn
  --json               one JSON object a line on standard output
  --no-color           no colours; so do NO_COLOR and TERM=dumb
  --help               this text

Only one program at a time uses a pairing: a second one is told so.

Environment: HAPPY_REMOTE_DEVICE, _STATE, _KEEP_SESSIONS (1 or 0), _CONFIG,
_LOG_LEVEL.

Deno needs --allow-net for the relay, --allow-read and --allow-write for the
state, and --allow-env='HAPPY_REMOTE_*,HOME,XDG_*,WS_NO_*'; for --keep-sessions
also --allow-sys=uid.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 nothing is paired or no such
device, 4 the relay or the computer cannot be reached, 5 refused (no such
right, expired, the pairing was ended), 6 left while the assistant waits for an
answer, 130 given up with Ctrl-C; term gives the exit code of what ran.`

export const controlCommand: Command = {
  name: 'control',
  summary: 'controls a paired computer',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = readOptions(args, OPTIONS)
    const [name, ...rest] = positionals
    const found = name !== undefined && Object.hasOwn(SUB_COMMANDS, name) ? SUB_COMMANDS[name] : undefined
    if (name !== undefined && !found) {
      throw new UsageError(`There is no sub-command "${name}"; there are ${Object.keys(SUB_COMMANDS).join(', ')}`)
    }
    if (found && name !== undefined) check(name, found, values, rest)
    else check('control', { options: [], most: 0 }, values, rest)
    const settings = readSettings(values, io)
    const json = values.json ?? false
    if (values.local) return revokeLocally(settings, json, values.yes ?? false, io, new Lines())
    const options: SubjectOptions = { settings, json, timeout: readSeconds('timeout', values.timeout, 15) * 1_000 }
    if (name === 'queue') return rest[0] === 'send' ? sendQueue(options, io) : queueHere(settings, json, io, rest)
    if (values.queue) {
      const text = rest.length === 1 && rest[0] === '-' ? await readAll() : rest.join(' ')
      return queuePrompt(options, values.timeout === undefined, io, text)
    }
    if (!found) return control(options, io)
    return withAgent(options, io, (subject) => found.run(subject, values, rest))
  },
}
