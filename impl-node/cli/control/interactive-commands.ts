// What can be typed beside prompts and answers.

import type { Interactive } from './interactive.ts'
import { resumeNow } from './pause.ts'
import { changeQueue, queueLines } from './queue.ts'
import { runTerminal } from './run-terminal.ts'
import { deviceLines, infoLines, statusLines, terminalLines } from './show.ts'

export interface InteractiveCommand {
  /** With its slash. */
  readonly name: string
  readonly usage: string
  readonly summary: string
  run(program: Interactive, words: readonly string[]): Promise<void> | void
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

async function attach(program: Interactive, [beginning = '']: readonly string[]): Promise<void> {
  const { terminals } = await program.connection.controller.call('terminal.list', {})
  const found = terminals.filter(({ terminalId }) => terminalId.startsWith(beginning))
  const running = beginning === '' ? found.filter((each) => each.running) : found
  if (running.length === 1) await terminal(program, { attach: running[0]?.terminalId ?? '' })
  else program.print(running.length === 0 ? 'There is no such terminal.' : 'Which one? /terms lists them.')
}

export const interactiveCommands: readonly InteractiveCommand[] = [
  {
    name: '/prompt',
    usage: '/prompt <text>',
    summary: 'a prompt that looks like an answer or a command',
    run: async (program, words) => {
      if (words.length > 0) await program.send(words.join(' '))
      else program.print('The prompt is missing.')
    },
  },
  {
    name: '/term',
    usage: '/term [command…]',
    summary: 'a shell at the computer, or a command',
    run: (program, words) => terminal(program, words.length > 0 ? { command: [...words] } : {}),
  },
  { name: '/attach', usage: '/attach [id]', summary: 'go on in a terminal that runs already', run: attach },
  {
    name: '/terms',
    usage: '/terms',
    summary: 'list the terminals',
    run: async (program) => program.print((await terminalLines(program.connection)).join('\n')),
  },
  {
    name: '/cancel',
    usage: '/cancel [all]',
    summary: 'stop the running prompt, or all that wait as well',
    run: async (program, [what]) => {
      const scope = what === 'all' ? 'turn-and-queue' : 'turn'
      const { success } = await program.connection.controller.call('claude.cancel', { scope })
      if (!success) program.print('There is nothing to stop.')
    },
  },
  {
    name: '/pause',
    usage: '/pause',
    summary: 'let the computer refuse whatever has an effect',
    run: async (program) => void (await program.connection.controller.call('session.pause', {})),
  },
  {
    name: '/resume',
    usage: '/resume',
    summary: 'end the pause',
    run: async (program) => void (await resumeNow(program.connection.controller)),
  },
  {
    name: '/queue',
    usage: '/queue [cancel <id>…]',
    summary: 'what waits; also edit <id> <text>, move <id> <place>, again <id>',
    run: (program, words) => {
      if (words.length === 0) return program.print(queueLines(program.connection).join('\n'))
      program.print(changeQueue(program.connection, words).sentence)
      program.connection.controller.sendQueue()
    },
  },
  {
    name: '/status',
    usage: '/status',
    summary: 'what the assistant does',
    run: async (program) => program.print((await statusLines(program.connection)).join('\n')),
  },
  {
    name: '/devices',
    usage: '/devices',
    summary: 'list the devices that are paired',
    run: async (program) => program.print((await deviceLines(program.connection)).join('\n')),
  },
  {
    name: '/info',
    usage: '/info',
    summary: 'who the agent is, and what you may do',
    run: async (program) => program.print((await infoLines(program.connection)).join('\n')),
  },
  {
    name: '/help',
    usage: '/help, ?',
    summary: 'this list',
    run: (program) =>
      program.print(
        [
          'A line is a prompt for the assistant; when it asks, y, n or a number answers.',
          ...program.commands.map(({ usage, summary }) => `  ${usage.padEnd(20)} ${summary}`),
        ].join('\n'),
      ),
  },
  { name: '/quit', usage: '/quit, Ctrl-D', summary: 'leave; the assistant goes on', run: (program) => program.quit() },
]
