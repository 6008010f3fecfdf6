// `happy-remote control queue`, and `control prompt --queue`

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { CommandQueue } from '../../controller/queue.ts'
import { type QueuedCommand, waits } from '../../controller/queued-command.ts'
import { safeLine } from '../../controller/safe-text.ts'
import { systemClock } from '../../session/clock.ts'
import { deviceIdOfRecord } from '../../session/store.ts'
import { CommandFailure, type CommandIo, EXIT_FAILED, EXIT_OK, UsageError } from '../command.ts'
import type { Settings } from '../settings.ts'
import { readAll } from '../stdin.ts'
import { PATIENCE, untilSent } from './queue-sending.ts'
import { ofCall, openPaired, reach, type Subject, type SubjectOptions, withController } from './subject.ts'

const PROMPT = 'claude.sendMessage'
const WIDTH = 60

export const textOf = ({ method, params }: QueuedCommand): string => {
  const { prompt } = params as { prompt?: unknown }
  const text = method === PROMPT && typeof prompt === 'string' ? prompt : `${method} ${JSON.stringify(params)}`
  const line = safeLine(text)
  return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line
}

export const endOf = ({ state, code }: QueuedCommand): string =>
  code === null ? state : `${state} with ${safeLine(code)}`

/** The place among those that wait, from 1; 0 for what has ended. */
const positionOf = (commands: readonly QueuedCommand[], { id }: QueuedCommand): number =>
  commands.filter(waits).findIndex((command) => command.id === id) + 1

function dataOf(command: QueuedCommand, position: number): object {
  const { id, method, params, state, givenAt, endedAt, code } = command
  return { id, position, method, params, state, givenAt, endedAt, code }
}

const lineOf = (command: QueuedCommand, position: number): string => {
  const when = new Date(command.endedAt ?? command.givenAt).toISOString().slice(0, 16)
  const place = position > 0 ? String(position) : '·'
  return `${place.padStart(3)}  ${command.id.slice(0, 8)}  ${endOf(command).padEnd(10)}  ${when}  ${textOf(command)}`
}

/** Throws UsageError or CommandFailure. */
function meant(commands: readonly QueuedCommand[], word: string | undefined): QueuedCommand {
  if (word === undefined) throw new UsageError('The id is missing; control queue lists them')
  const [found, ...others] = commands.filter(({ id }) => id.startsWith(word.toLowerCase()))
  if (!found) throw new CommandFailure('There is no such command in the queue', EXIT_FAILED, 'not-found')
  if (others.length > 0) throw new CommandFailure('Several commands begin so; give more of the id', 1, 'ambiguous')
  return found
}

type Change = (queue: CommandQueue, command: QueuedCommand, rest: readonly string[]) => Promise<QueuedCommand>

const CHANGES: Readonly<Record<string, readonly [done: string, change: Change]>> = {
  edit: [
    'Edited',
    async (queue, { id, method }, rest) => {
      if (method !== PROMPT) throw new CommandFailure('Only a prompt can be edited', EXIT_FAILED, 'conflict')
      const prompt = rest.length === 1 && rest[0] === '-' ? await readAll() : rest.join(' ')
      if (prompt.trim() === '') throw new UsageError('The new prompt is missing')
      return queue.edit(id, { prompt })
    },
  ],
  move: [
    'Moved',
    async (queue, { id }, [word]) => {
      const position = Number(word)
      if (Number.isInteger(position) && position > 0) return queue.move(id, position)
      throw new UsageError('The place is missing: a number from 1, which is the next to be sent')
    },
  ],
  cancel: ['Taken back', (queue, { id }) => queue.cancel(id)],
  again: ['Queued again', (queue, { id }) => queue.giveAgain(id)],
}

export interface QueueSubject {
  readonly queue: CommandQueue
  /** Of the computer. */
  readonly name: string
  readonly json: boolean
  readonly io: CommandIo
}

/** Lists the queue or changes it. */
export async function queueOn(
  { queue, name, json, io }: QueueSubject,
  [what, word, ...rest]: readonly string[],
): Promise<number> {
  if (what !== undefined && !Object.hasOwn(CHANGES, what)) {
    throw new UsageError(`There is no "${what}" in the queue; there are ${Object.keys(CHANGES).join(', ')}, send`)
  }
  try {
    const commands = await queue.list()
    const say = (command: QueuedCommand, position: number, text: string) =>
      io.out(json ? JSON.stringify({ event: 'command', ...dataOf(command, position) }) : text)
    const change = what === undefined ? undefined : CHANGES[what]
    if (change) {
      const changed = await change[1](queue, meant(commands, word), rest)
      const isGivenUp = what === 'cancel' && changed.state === 'uncertain'
      const text = isGivenUp ? 'Given up: it had been sent, and may have run' : change[0]
      say(changed, positionOf(await queue.list(), changed), text)
      return EXIT_OK
    }
    for (const command of commands) {
      const position = positionOf(commands, command)
      say(command, position, lineOf(command, position))
    }
    if (commands.length === 0 && !json) io.out(`Nothing is queued for ${safeLine(name)}`)
    return EXIT_OK
  } catch (error) {
    throw error instanceof ProtocolError ? ofCall(error) : ofFullDisk(error)
  }
}

/** The same without a connection. */
export async function queueHere(settings: Settings, json: boolean, io: CommandIo, words: readonly string[]) {
  const { store, record } = await openPaired(settings)
  try {
    const queue = new CommandQueue(store, deviceIdOfRecord(record), systemClock)
    return await queueOn({ queue, name: record.peerName, json, io }, words)
  } finally {
    await store.close()
  }
}

export const ofFullDisk = (error: unknown): unknown =>
  error instanceof DOMException && error.name === 'QuotaExceededError'
    ? new CommandFailure('The disk is full; nothing was changed', EXIT_FAILED, 'system')
    : error

/** `control queue send`: waits for the computer and for each answer. */
export const sendQueue = (options: SubjectOptions, io: CommandIo): Promise<number> =>
  withController(options, io, async (subject) => {
    const { controller, say } = subject
    const { queue } = controller
    if (!(await queue.next())) {
      if (!options.json) io.out(`Nothing is queued for ${safeLine(controller.record.peerName)}`)
      return EXIT_OK
    }
    let isWell = true
    const sent = untilSent(queue, null, (command) => {
      isWell &&= command.state === 'completed'
      say('command', dataOf(command, 0), `${endOf(command).padEnd(10)}  ${textOf(command)}`)
    })
    await Promise.race([sent, over(subject)])
    return isWell ? EXIT_OK : EXIT_FAILED

    /** Rejects where the computer cannot be reached, or has ended the pairing. */
    async function over({ controller: own, heard }: Subject): Promise<never> {
      await reach({ ...subject, controller: own }, options.timeout)
      await heard((event) => event.type === 'revoked')
      throw new CommandFailure('The pairing has ended', 5, 'revoked')
    }
  })

/** `control prompt --queue`: kept where the computer is away. */
export const queuePrompt = (options: SubjectOptions, isHurried: boolean, io: CommandIo, prompt: string) =>
  withController(options, io, async (subject) => {
    const { controller, say } = subject
    const { id } = await controller.enqueue(PROMPT, { prompt }).catch((error) => {
      throw ofFullDisk(error)
    })
    const patience = isHurried ? PATIENCE : options.timeout
    await reach(subject, patience).then(
      () => untilSent(controller.queue, patience),
      (error) => {
        if (!(error instanceof CommandFailure) || error.code === 'revoked') throw error
      },
    )
    const commands = await controller.queue.list()
    const command = commands.find((one) => one.id === id)
    if (command?.state === 'completed') {
      say('accepted', { messageId: id, state: 'started' }, 'Accepted')
      return EXIT_OK
    }
    if (command && !waits(command)) {
      throw new CommandFailure(
        `The prompt was not accepted: ${endOf(command)}`,
        EXIT_FAILED,
        command.code ?? command.state,
      )
    }
    const position = command ? positionOf(commands, command) : 0
    const place = position === 1 ? 'it is the next' : `${position - 1} before it`
    const away = `${safeLine(controller.record.peerName)} is away`
    say('queued', { id, position }, `${away}. Queued, ${place}: it is sent when the computer is there, within 24 h`)
    return EXIT_OK
  })
