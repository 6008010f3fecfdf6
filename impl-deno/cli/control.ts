// `happy-remote control`

import { type Command, EXIT_FAILED, EXIT_OK, UsageError } from './command.ts'
import { approve } from './control/approve.ts'
import { grant, rename } from './control/change.ts'
import { cat, get, ls, put } from './control/files.ts'
import { checkGit, git } from './control/git.ts'
import { history } from './control/history.ts'
import { pause, resume } from './control/pause.ts'
import { type OnQuestion, prompt } from './control/prompt.ts'
import { queueHere, queuePrompt, sendQueue } from './control/queue.ts'
import { sendTheRest } from './control/queue-sending.ts'
import { devices, info, status, terms } from './control/reads.ts'
import { revoke, revokeLocally } from './control/revoke.ts'
import { type Subject, type SubjectOptions, withAgent } from './control/subject.ts'
import { talk } from './control/talk.ts'
import { term } from './control/term.ts'
import { readOptions, readSeconds, STATE_OPTIONS } from './options.ts'
import { readSettings } from './settings.ts'
import { Lines, readAll } from './stdin.ts'

const USAGE = `happy-remote control: controls a paired computer

Usage: happy-remote control [options]
           talk to the assistant, a line at a time, and answer it
       happy-remote control [options] <sub-command>

  status                 what the assistant does, and what it waits for
  prompt <text…> | -     give the assistant a prompt and follow it to its end:
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
  cancel [--all]         stop the running prompt
  pause                  let the computer refuse whatever has an effect, from
                         every device; the running prompt goes on
  resume                 end the pause; what was refused is not done
  term [-- <command…>]   a shell at the computer, or a command: --cwd <dir>,
                         --attach <id>; Ctrl-] detaches
  terms                  the terminals of the agent
  git status | diff [<path>] | log | commit [<path>…] | push
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
  --keep-sessions      store the session, sealed, so that a restart goes on with
                       it; needs XDG_RUNTIME_DIR
  --config <file>      settings; default ~/.config/happy-remote/config.json
  --log-level <level>  debug, info, warn, error or silent; default warn
  --json               one JSON object a line on standard output
  --help               this text

Only one program at a time uses a pairing: a second one is told so.

Environment: HAPPY_REMOTE_DEVICE, _STATE, _KEEP_SESSIONS (1 or 0), _CONFIG,
_LOG_LEVEL.

Deno needs --allow-net for the relay, --allow-read and --allow-write for the
state, and --allow-env='HAPPY_REMOTE_*,HOME,XDG_*'; for --keep-sessions also
--allow-sys=uid.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 nothing is paired or no such
device, 4 the relay or the computer cannot be reached, 5 refused (no such
right, expired, the pairing was ended), 6 left while the assistant waits for an
answer, 130 given up with Ctrl-C; term gives the exit code of what ran.`

const OPTIONS = {
  ...STATE_OPTIONS,
  device: { type: 'string' },
  timeout: { type: 'string' },
  'keep-sessions': { type: 'boolean' },
  'no-wait': { type: 'boolean' },
  queue: { type: 'boolean' },
  allow: { type: 'boolean' },
  deny: { type: 'boolean' },
  'on-question': { type: 'string' },
  option: { type: 'string' },
  yes: { type: 'boolean' },
  all: { type: 'boolean' },
  cwd: { type: 'string' },
  attach: { type: 'string' },
  local: { type: 'boolean' },
  staged: { type: 'boolean' },
  limit: { type: 'string' },
  after: { type: 'string' },
  message: { type: 'string', short: 'm' },
  remote: { type: 'string' },
  branch: { type: 'string' },
  force: { type: 'boolean' },
} as const

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values']
type Run = (subject: Subject, values: Values, rest: readonly string[]) => Promise<number>

interface SubCommand {
  /** Options beside those of every sub-command. */
  readonly options: readonly (keyof Values)[]
  /** How many positionals it takes. */
  readonly most: number
  readonly run: Run
}

const plain = (run: (subject: Subject) => Promise<number>): SubCommand => ({ options: [], most: 0, run })

const SUB_COMMANDS: Readonly<Record<string, SubCommand>> = {
  status: plain(status),
  prompt: {
    options: ['no-wait', 'queue', 'allow', 'deny', 'on-question'],
    most: Number.POSITIVE_INFINITY,
    async run(subject, values, rest) {
      // What was given before goes before.
      await sendTheRest(subject)
      const isInput = rest.length === 1 && rest[0] === '-'
      const text = isInput ? await readAll() : rest.join(' ')
      const lines = isInput ? undefined : new Lines()
      return prompt(subject, { text, noWait: values['no-wait'] ?? false, onQuestion: onQuestion(values), lines })
    },
  },
  approve: {
    options: ['option', 'deny', 'yes'],
    most: 1,
    run: (subject, { option, deny, yes }, [request]) => approve(subject, { request, option, deny, yes }, new Lines()),
  },
  cancel: {
    options: ['all'],
    most: 0,
    async run({ controller, say }, { all }) {
      const { success } = await controller.call('claude.cancel', { scope: all ? 'turn-and-queue' : 'turn' })
      say('cancelled', { success }, success ? 'Stopped' : 'There was nothing to stop')
      return success ? EXIT_OK : EXIT_FAILED
    },
  },
  pause: plain(pause),
  resume: plain(resume),
  term: {
    options: ['cwd', 'attach'],
    most: Number.POSITIVE_INFINITY,
    run: (subject, { cwd, attach }, command) => term(subject, { command, cwd, attach }),
  },
  terms: plain(terms),
  git: {
    options: ['staged', 'limit', 'after', 'message', 'remote', 'branch'],
    most: Number.POSITIVE_INFINITY,
    run: (subject, values, words) => git(subject, values, words),
  },
  ls: { options: [], most: 1, run: (subject, _, [folder]) => ls(subject, folder) },
  cat: { options: [], most: 1, run: (subject, _, [path]) => cat(subject, path) },
  get: {
    options: ['force'],
    most: 2,
    run: (subject, { force = false }, [path, file]) => get(subject, path, file, force),
  },
  put: {
    options: ['force'],
    most: 2,
    run: (subject, { force = false }, [file, path]) => put(subject, file, path, force),
  },
  history: { options: ['limit'], most: 0, run: (subject, { limit }) => history(subject, limit) },
  devices: plain(devices),
  info: plain(info),
  rename: { options: [], most: 2, run: (subject, _, words) => rename(subject, words) },
  grant: { options: [], most: 2, run: (subject, _, words) => grant(subject, words) },
  revoke: {
    options: ['yes', 'local'],
    most: 1,
    run: (subject, { yes = false }, [wanted]) => revoke(subject, wanted, yes, new Lines()),
  },
}

const COMMON = [...Object.keys(STATE_OPTIONS), 'device', 'timeout', 'keep-sessions']

/** Throws UsageError. */
function onQuestion({ allow, deny, 'on-question': what }: Values): OnQuestion {
  const given = [allow && 'allow', deny && 'deny', what].filter((one) => one !== undefined && one !== false)
  if (given.length > 1) throw new UsageError('Give one of --allow, --deny and --on-question')
  if (what !== undefined && what !== 'wait' && what !== 'deny' && what !== 'leave') {
    throw new UsageError('--on-question is one of wait, deny, leave')
  }
  return (given[0] as OnQuestion | undefined) ?? 'ask'
}

/** Throws UsageError. */
function check(name: string, { options, most }: SubCommand, values: Values, rest: readonly string[]): void {
  const known = [...COMMON, ...options]
  const foreign = Object.keys(values).find((option) => !known.includes(option))
  if (foreign !== undefined) throw new UsageError(`${name} has no option --${foreign}`)
  if (rest.length > most) throw new UsageError(`${name} does not take "${rest.slice(most).join(' ')}"`)
  if (name === 'git') checkGit(rest, values)
  if (name === 'prompt') {
    if (onQuestion(values) !== 'ask' && values.queue) {
      throw new UsageError('With --queue nobody is here when the assistant asks')
    }
    if (rest.join(' ').trim() === '') throw new UsageError('The prompt is missing; give it, or - for standard input')
  }
}

export const controlCommand: Command = {
  name: 'control',
  summary: 'controls a paired computer',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = readOptions(args, OPTIONS)
    const [name, ...rest] = positionals
    const found = name !== undefined && Object.hasOwn(SUB_COMMANDS, name) ? SUB_COMMANDS[name] : undefined
    const isQueue = name === 'queue'
    if (name !== undefined && !found && !isQueue) {
      throw new UsageError(
        `There is no sub-command "${name}"; there are ${Object.keys(SUB_COMMANDS).join(', ')}, queue`,
      )
    }
    const most = isQueue ? Number.POSITIVE_INFINITY : 0
    check(name ?? 'control', found ?? { options: [], most, run: talkTo }, values, rest)
    const settings = readSettings(values, io)
    const json = values.json ?? false
    if (values.local) return revokeLocally(settings, json, values.yes ?? false, io, new Lines())
    const options: SubjectOptions = { settings, json, timeout: readSeconds('timeout', values.timeout, 15) * 1_000 }
    if (isQueue) return rest[0] === 'send' ? sendQueue(options, io) : queueHere(settings, json, io, rest)
    if (values.queue) {
      const text = rest.length === 1 && rest[0] === '-' ? await readAll() : rest.join(' ')
      return queuePrompt(options, values.timeout === undefined, io, text)
    }
    return withAgent(options, io, (subject) => (found?.run ?? talkTo)(subject, values, rest))
  },
}

const talkTo: Run = (subject) => talk(subject, new Lines())
