// `happy-remote control`: the controller. Without a sub-command a program for a person, with one for scripts.

import type { ParseArgsOptionsConfig } from 'node:util'
import { type Command, EXIT, UsageError } from './command.ts'
import { settingsOf } from './config.ts'
import { cancel, revoke } from './control/act.ts'
import { answer } from './control/answer.ts'
import { approve } from './control/approve.ts'
import { grant, rename } from './control/change.ts'
import { openConnection, openPaired, untilReady } from './control/connection.ts'
import { conversations, open } from './control/conversations.ts'
import { cat, get, ls, put } from './control/files.ts'
import { git } from './control/git.ts'
import { history } from './control/history.ts'
import { runInteractive } from './control/interactive.ts'
import { pause, resume } from './control/pause.ts'
import { prompt } from './control/prompt.ts'
import { queue } from './control/queue.ts'
import { sendTheRest } from './control/queue-sending.ts'
import { devices, info, status, terms } from './control/show.ts'
import type { Sub } from './control/sub.ts'
import { term } from './control/term.ts'
import { givenUp } from './failure.ts'
import { COMMON_OPTIONS, parseFlags } from './flags.ts'
import { nearest } from './nearest.ts'
import { processOutput, sayTo } from './output.ts'
import { wrap } from './terminal/columns.ts'

const assistant = [status, prompt, queue, approve, answer, cancel, conversations, open, pause, resume]
const work = [term, terms, ls, cat, get, put, git, history]
const pairing = [devices, info, rename, grant, revoke]
export const subs: readonly Sub[] = [...assistant, ...work, ...pairing]

export const OPTIONS = {
  ...COMMON_OPTIONS,
  device: { type: 'string' },
  timeout: { type: 'string' },
  'keep-sessions': { type: 'boolean' },
} as const
const TIMEOUT = 15

const common = `  --device <name>      which computer, by its name or the beginning of its id,
                       where several are paired
  --timeout <seconds>  how long to wait for it; default ${TIMEOUT}
  --state <dir>        where identity and pairings are kept; default
                       ~/.local/state/happy-remote
  --keep-sessions      store the session, sealed, so that a restart goes on
                       with it; needs XDG_RUNTIME_DIR
  --config <file>      settings; default ~/.config/happy-remote/config.json
  --log-level <level>  debug, info, warn, error or silent; default warn
  --json               one JSON object a line on standard output
  --no-color           no colours; so do NO_COLOR and TERM=dumb
  --help               this text, or that of a sub-command: happy-remote
                       control prompt --help`

/** `text` behind `start`, and below it where the line is full. */
const hanging = (start: string, text: string): string =>
  start + wrap(text, 79 - start.length).join(`\n${' '.repeat(start.length)}`)

const help = `happy-remote control: controls a paired computer

Usage: happy-remote control [options]
           talk to the assistant, answer it, open its terminals
       happy-remote control [options] <sub-command>

${subs.map(({ usage, summary }) => hanging(`  ${usage.split(' | ')[0]?.padEnd(22)} `, summary)).join('\n')}

${common}

Only one program at a time uses a pairing: a second one is told so.

Examples:
  happy-remote control prompt "Why does the build fail?" --json
  happy-remote control approve --option allow
  happy-remote control term -- git log --oneline
  happy-remote control term -- sh -c 'git log | head'
  happy-remote control get build/report.pdf

Environment: HAPPY_REMOTE_DEVICE, _STATE, _KEEP_SESSIONS (1 or 0), _CONFIG,
_LOG_LEVEL.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 nothing is paired or no such
device, 4 the relay or the computer cannot be reached, 5 refused (no such
right, expired, the pairing was ended), 6 left while the assistant waits for an
answer, 130 given up with Ctrl-C; term gives the exit code of what ran.
`

const subHelp = ({ name, usage, summary, details, options }: Sub): string =>
  `${wrap(`happy-remote control ${name}: ${summary}`, 79).join('\n')}

Usage: ${usage
    .split(' | ')
    .map((each) => `happy-remote control ${each}${Object.keys(options).length > 0 ? ' [options]' : ''}`)
    .join('\n       ')}

${details === '' ? '' : `${details}\n`}Options of every sub-command:

${common}
`

function subNamed(word: string | undefined): Sub | undefined {
  if (word === undefined) return undefined
  const sub = subs.find(({ name }) => name === word)
  if (sub) return sub
  const names = subs.map(({ name }) => name)
  const meant = nearest(word, names)
  throw new UsageError(
    `There is no sub-command ${JSON.stringify(word)}; ${meant ? `did you mean "${meant}"?` : `there are ${names.join(', ')}.`}`,
  )
}

/** An option of another sub-command is as wrong as one of none. */
function checkOptions(given: object, sub: Sub | undefined): void {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(OPTIONS, name) || (sub && Object.hasOwn(sub.options, name))) continue
    const where = sub ? `"control ${sub.name}"` : '"control" without a sub-command'
    throw new UsageError(`There is no option --${name} for ${where}.`)
  }
}

function readTimeout(text: string | undefined): number {
  const seconds = Number(text ?? TIMEOUT)
  if (seconds > 0 && seconds <= 86_400) return seconds * 1_000
  throw new UsageError(`--timeout is ${JSON.stringify(text)}: a number of seconds is needed.`)
}

async function run(args: string[]): Promise<number> {
  const all: ParseArgsOptionsConfig = Object.assign({}, ...subs.map(({ options }) => options), OPTIONS)
  const { values, words, behind } = parseFlags(args, all)
  const flags = values as Readonly<Record<string, string | boolean | undefined>>
  const text = (name: string) => flags[name] as string | undefined
  const sub = subNamed(words[0])
  if (flags.help) {
    process.stdout.write(sub ? subHelp(sub) : help)
    return EXIT.ok
  }
  checkOptions(values, sub)
  const json = flags.json === true
  if (!sub && json) throw new UsageError('With --json "control" needs a sub-command.')
  const settings = settingsOf(
    {
      device: text('device'),
      state: text('state'),
      keepSessions: flags['keep-sessions'] as boolean | undefined,
      logLevel: text('log-level'),
    },
    text('config'),
    process.env,
  )
  const timeout = readTimeout(text('timeout'))
  const giveUp = new AbortController()
  const given = { flags, timeout, words: words.slice(1), behind, signal: giveUp.signal }
  const asked = { say: sayTo(json), output: processOutput, json, ...given }
  if (sub?.offline) {
    const paired = openPaired(settings)
    try {
      const done = await sub.offline({ ...paired, ...asked })
      if (done !== null) return done
    } finally {
      paired.store.close()
    }
  }
  const connection = openConnection(settings)
  const { promise: interrupted, reject } = Promise.withResolvers<never>()
  const onSignal = () => {
    giveUp.abort()
    reject(givenUp())
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, onSignal)
  try {
    if (!sub) {
      // A script has nobody who would wait for the computer.
      const begin = process.stdin.isTTY ? Promise.resolve() : untilReady(connection, timeout)
      const work = begin.then(() => runInteractive({ ...connection, signal: giveUp.signal }))
      return await Promise.race([work, interrupted])
    }
    const context = { ...connection, ...asked }
    const { connects } = sub
    if (typeof connects === 'function' ? connects(flags) : connects) {
      return await Promise.race([sub.run(context), interrupted])
    }
    const work = async () => {
      await untilReady(connection, timeout)
      const exitCode = await sub.run(context)
      await sendTheRest(connection, timeout)
      return exitCode
    }
    return await Promise.race([work(), connection.lost, interrupted])
  } finally {
    connection.close()
  }
}

export const controlCommand: Command = {
  name: 'control',
  summary: 'control a paired computer: talk to its assistant, answer it, open its terminals',
  help,
  run,
}
