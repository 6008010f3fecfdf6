// What can be typed beside prompts and answers.

import { wrap } from '../terminal/columns.ts'
import { answer } from './answer.ts'
import { conversations, open } from './conversations.ts'
import { cat, get, ls, put } from './files.ts'
import { git } from './git.ts'
import { history } from './history.ts'
import type { Interactive } from './interactive.ts'
import { resumeNow } from './pause.ts'
import { changeQueue, queueLines } from './queue.ts'
import { runTerminal } from './run-terminal.ts'
import { devices, info, status, terms } from './show.ts'
import { typedSub } from './typed-sub.ts'
import { wordsOf } from './words.ts'

export interface InteractiveCommand {
  /** With its slash. */
  readonly name: string
  /** For the list; '' where another line tells of it. */
  readonly usage: string
  readonly summary: string
  /** `rest` is what stands behind the name. */
  run(program: Interactive, rest: string): Promise<void> | void
}

async function terminal(
  program: Interactive,
  open: { attach: string } | { command: string[] } | Record<string, never>,
): Promise<void> {
  const { controller } = program.connection
  const { input, output, signal } = program
  const end = await program.away(() => {
    output.write('— Ctrl-] comes back here; what runs keeps running —\r\n')
    return runTerminal({ controller, input, output, open, signal, lost: program.connection.lost })
  })
  if (end.how === 'detached') program.print(`Left running; back with /attach ${end.terminalId.slice(0, 8)}`)
  else if (end.how === 'unopened') program.print('Left before the terminal had opened.')
  else if (end.how === 'orphaned') program.print('The terminal is gone: the agent was restarted.')
}

async function attach(program: Interactive, beginning: string): Promise<void> {
  const { terminals } = await program.connection.controller.call('terminal.list', {})
  const found = terminals.filter(({ terminalId }) => terminalId.startsWith(beginning))
  const running = beginning === '' ? found.filter((each) => each.running) : found
  if (running.length === 1) await terminal(program, { attach: running[0]?.terminalId ?? '' })
  else program.print(running.length === 0 ? 'There is no such terminal.' : 'Which one? /terms lists them.')
}

/** Keys, for the list. */
const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['y, n, a number', 'answers what the assistant asks, once'],
  ['Up, Down', 'what was typed before; Ctrl-A, -E, -K, -U, -W edit'],
  ['Ctrl-C', 'clears the line, gives up what runs here, twice leaves'],
]

const USAGE_WIDTH = 24

/** In lines of at most `columns`. */
function helpLines(commands: readonly InteractiveCommand[], columns: number): string[] {
  const entries = [...KEYS, ...commands.map(({ usage, summary }) => [usage, summary] as const)]
  const room = columns - USAGE_WIDTH - 3
  return [
    ...wrap('A line is a prompt for the assistant. What is pasted stays one prompt.', columns),
    ...entries
      .filter(([usage]) => usage !== '')
      .flatMap(([usage, summary]) => {
        if (room < 20)
          return [...wrap(`  ${usage}`, columns), ...wrap(summary, columns - 6).map((line) => `      ${line}`)]
        const lines = wrap(summary, room)
        return lines.map((line, i) => `  ${(i === 0 ? usage : '').padEnd(USAGE_WIDTH)} ${line}`)
      }),
  ]
}

export const interactiveCommands: readonly InteractiveCommand[] = [
  {
    name: '/prompt',
    usage: '/prompt <text>',
    summary: 'a prompt that looks like an answer or a command',
    run: async (program, text) => {
      if (text !== '') await program.send(text)
      else program.print('The prompt is missing.')
    },
  },
  {
    name: '/term',
    usage: '/term [command…]',
    summary: 'a shell at the computer, or a command; Ctrl-] detaches',
    run: (program, rest) => terminal(program, rest === '' ? {} : { command: wordsOf(rest) }),
  },
  { name: '/attach', usage: '/attach [id]', summary: 'back to a terminal that runs; /terms lists them', run: attach },
  typedSub(terms, ''),
  typedSub(answer, '/answer name=value…', 'what the assistant wants to know; --decline refuses'),
  {
    name: '/cancel',
    usage: '/cancel [all]',
    summary: 'stop the running prompt, or all that wait as well',
    run: async (program, what) => {
      const scope = what === 'all' ? 'turn-and-queue' : 'turn'
      const { success } = await program.connection.controller.call('claude.cancel', { scope })
      if (!success) program.print('There is nothing to stop.')
    },
  },
  {
    name: '/queue',
    usage: '/queue [cancel <id>…]',
    summary: 'what waits; edit <id> <text>, move <id> <place>, again <id>',
    run: (program, rest) => {
      if (rest === '') return program.print(queueLines(program.connection).join('\n'))
      program.print(changeQueue(program.connection, rest.split(/\s+/)).sentence)
      program.connection.controller.sendQueue()
    },
  },
  typedSub(conversations, '/conversations, /open id', 'where it goes on; /open --new begins another one'),
  typedSub(open, ''),
  typedSub(history, ''),
  typedSub(git, '/git status|diff|log|…', 'the repository; commit -m "text" [path…], push'),
  typedSub(ls, '/ls [folder], /cat file', 'the files of the workspace'),
  typedSub(cat, ''),
  typedSub(get, '/get file [local file]', 'fetch a file; --force over one that is there'),
  typedSub(put, '/put local-file file', 'put a file into the workspace'),
  {
    name: '/pause',
    usage: '/pause, /resume',
    summary: 'let the computer refuse whatever has an effect',
    run: async (program) => void (await program.connection.controller.call('session.pause', {})),
  },
  {
    name: '/resume',
    usage: '',
    summary: 'end the pause',
    run: async (program) => void (await resumeNow(program.connection.controller)),
  },
  typedSub(status, '/status, /history, …', 'what there is, what happened; /info, /devices'),
  typedSub(info, ''),
  typedSub(devices, ''),
  {
    name: '/help',
    usage: '/help, ?',
    summary: 'this list; /git --help tells more of git, and so on',
    run: (program) => program.print(helpLines(program.commands, program.columns).join('\n')),
  },
  { name: '/quit', usage: '/quit, Ctrl-D', summary: 'leave; the assistant goes on', run: (program) => program.quit() },
]
