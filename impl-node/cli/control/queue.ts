// `control queue`: what waits for a computer that is away, and what has become of it.

import { text as textOf } from 'node:stream/consumers'
import { isLive, type QueuedCommand } from '../../controller/queued-command.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure } from '../failure.ts'
import { safeLine } from '../safe-text.ts'
import { ago, shortId } from '../state.ts'
import { type Paired, untilReady } from './connection.ts'
import { endOf, untilSent } from './queue-sending.ts'
import type { PairedContext, Sub, SubContext } from './sub.ts'

/** What the person gave: the prompt, or whatever else the command says. */
export const textOfCommand = ({ method, params }: QueuedCommand): string => {
  const { prompt } = params as { prompt?: unknown }
  return method === 'claude.sendMessage' && typeof prompt === 'string' ? prompt : `${method} ${JSON.stringify(params)}`
}

export function queueLines({ queue, name }: Pick<Paired, 'queue' | 'name'>): string[] {
  const lines = queue.commands.map((command) => {
    const place = isLive(command) ? String(queue.position(command.id)).padStart(3) : '  ·'
    const when = ago(command.endedAt ?? command.givenAt)
    return `${place}  ${shortId(command.id)}  ${endOf(command).padEnd(10)}  ${when.padEnd(10)}  ${safeLine(textOfCommand(command), 60)}`
  })
  return lines.length > 0 ? lines : [`Nothing is queued for "${name}".`]
}

const eventOf = (queue: Paired['queue'], { id, method, params, state, givenAt, endedAt, code }: QueuedCommand) => ({
  ...{ event: 'command', id, position: queue.position(id), method, params, state, givenAt },
  ...{ endedAt: endedAt ?? null, code: code ?? null },
})

/** The command that is meant. Throws Failure where that is none, or several. */
export function commandMeant({ queue }: Pick<Paired, 'queue'>, word: string | undefined): QueuedCommand {
  if (word === undefined) throw new UsageError('The id is missing; control queue lists them.')
  const found = queue.commands.filter(({ id }) => id.startsWith(word.toLowerCase()))
  const [command] = found
  if (command && found.length === 1) return command
  const text = command ? 'Several commands begin so; give more of the id.' : 'There is no such command in the queue.'
  throw new Failure(EXIT.failed, command ? 'ambiguous' : 'not-found', text)
}

function list({ queue, name, say, json }: PairedContext): number {
  if (json) for (const command of queue.commands) say('', eventOf(queue, command))
  else for (const line of queueLines({ queue, name })) say(line, { event: 'command' })
  return EXIT.ok
}

function place(word: string | undefined): number {
  const position = Number(word)
  if (Number.isInteger(position) && position >= 1) return position
  throw new UsageError('The place is missing: a number from 1, which is the next to be sent.')
}

const DONE: Readonly<Record<string, string>> = {
  edit: 'Edited.',
  move: 'Moved.',
  cancel: 'Taken back.',
  again: 'Queued again.',
}

/** Does what the words say, and says so. Throws UsageError, Failure or ProtocolError. */
export function changeQueue(
  { queue }: Pick<Paired, 'queue'>,
  [what = '', word, ...rest]: readonly string[],
): { readonly command: QueuedCommand; readonly sentence: string } {
  if (!Object.hasOwn(DONE, what)) {
    throw new UsageError(`There is no ${JSON.stringify(what)} in the queue: ${Object.keys(DONE).join(', ')}, send.`)
  }
  const command = changed(queue, what, commandMeant({ queue }, word), rest)
  const isGivenUp = what === 'cancel' && command.state === 'uncertain'
  return { command, sentence: isGivenUp ? 'Given up; it had been sent, and may have run.' : (DONE[what] as string) }
}

function changed(
  queue: Paired['queue'],
  what: string,
  { id, method }: QueuedCommand,
  rest: readonly string[],
): QueuedCommand {
  if (what === 'move') return queue.move(id, place(rest[0]))
  if (what === 'cancel') return queue.cancel(id)
  if (what === 'again') return queue.giveAgain(id)
  if (method !== 'claude.sendMessage') throw new Failure(EXIT.failed, 'conflict', 'Only a prompt can be edited.')
  const prompt = rest.join(' ')
  if (prompt.trim() === '') throw new UsageError('The new prompt is missing.')
  return queue.edit(id, { prompt })
}

async function offline(context: PairedContext): Promise<number | null> {
  const { words, behind, say, queue } = context
  const [what] = words
  if (what === undefined) return list(context)
  if (what === 'send') return null
  const [, id, ...rest] = words
  const isInput = what === 'edit' && rest.length === 1 && rest[0] === '-'
  const said = isInput ? [await textOf(process.stdin)] : [...rest, ...(behind ?? [])]
  const { command, sentence } = changeQueue(context, id === undefined ? [what] : [what, id, ...said])
  say(sentence, eventOf(queue, command))
  return EXIT.ok
}

/** `queue send` */
async function run(context: SubContext): Promise<number> {
  const { queue, say, timeout, name } = context
  let isWell = true
  // Also what goes while the computer is still awaited.
  const ended = untilSent(context, 2_147_483_647, (command) => {
    isWell &&= command.state === 'completed'
    say(`${endOf(command).padEnd(10)}  ${safeLine(textOfCommand(command), 66)}`, eventOf(queue, command))
  })
  if (queue.isEmpty) {
    if (!context.json) say(`Nothing is queued for "${name}".`, { event: 'command' })
    return EXIT.ok
  }
  await untilReady(context, timeout)
  await Promise.race([ended, context.lost])
  return isWell ? EXIT.ok : EXIT.failed
}

export const queue: Sub = {
  name: 'queue',
  usage:
    'queue | queue edit <id> <text…> | queue move <id> <place> | queue cancel <id> | queue again <id> | queue send',
  summary: 'what waits for the computer, and what became of it',
  details: `Without more words it lists: the place, the id, the state, when, and the text.
An id may be shortened to what is unique.

  edit    gives a prompt that was not sent yet another text; - is standard input
  move    puts one at another place; 1 is the next to be sent
  cancel  takes one back; one that was sent already is given up, and uncertain
  again   queues once more what has ended
  send    waits for the computer, sends everything, and says what became of each

\`control prompt --queue\` puts a prompt here. Every \`control\` that reaches the
computer sends what waits, in order and one at a time. What was not sent within
24 h expires; what has ended is listed for 24 h.

JSON: command {id, position, method, params, state, givenAt, endedAt, code}, one
for each; state is pending, processing, completed, failed, expired, cancelled or
uncertain (it may have run).

Exit codes: 0 done, 1 there is no such command, it was sent already, or send met
one that was not completed.
`,
  options: {},
  connects: true,
  offline,
  run,
}
