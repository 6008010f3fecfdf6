// Sending what is queued, from a program that has a connection.

import { isLive, type QueuedCommand } from '../../controller/queued-command.ts'
import { EXIT } from '../command.ts'
import { Failure } from '../failure.ts'
import { note } from '../output.ts'
import { type Connection, untilReady } from './connection.ts'
import type { SubContext } from './sub.ts'

/** ms in which a computer that is there has answered. */
const PATIENCE = 5_000

/**
 * Resolves when nothing waits any more, to true, or when `patience` ms have passed without any change, to false.
 * `onEnd` is told each command that ends.
 */
export function untilSent(
  { queue }: Pick<Connection, 'queue'>,
  patience: number,
  onEnd: (command: QueuedCommand) => void = () => {},
): Promise<boolean> {
  if (queue.isEmpty) return Promise.resolve(true)
  return new Promise((resolve) => {
    const done = (isSent: boolean) => {
      clearTimeout(timer)
      queue.off('change', onChange)
      resolve(isSent)
    }
    const onChange = (command: QueuedCommand) => {
      timer.refresh()
      if (!isLive(command)) onEnd(command)
      // What the change was part of comes first.
      queueMicrotask(() => queue.isEmpty && done(true))
    }
    const timer = setTimeout(() => done(false), patience)
    queue.on('change', onChange)
  })
}

/** For a program that came for something else: what waits goes on its way while the computer is there. */
export async function sendTheRest(connection: Connection, timeout: number): Promise<void> {
  const waiting = connection.queue.commands.filter(isLive).length
  if (waiting === 0) return
  note(`Sending what was queued: ${waiting}.`)
  const isSent = await untilSent(connection, Math.min(timeout, PATIENCE))
  if (!isSent) note('Not all of it was answered; the rest stays queued.')
}

/** Queues a prompt; says whether it was accepted already, or where it waits. */
export async function queuePrompt(context: SubContext, prompt: string): Promise<number> {
  const { controller, queue, flags, timeout, say, name } = context
  const { id } = controller.enqueue('claude.sendMessage', { prompt })
  const patience = flags.timeout === undefined ? PATIENCE : timeout
  try {
    await untilReady(context, patience)
    await untilSent(context, patience)
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
  const command = queue.commands.find((each) => each.id === id)
  if (command?.state === 'completed') {
    say('Accepted.', { event: 'accepted', messageId: id, state: 'started' })
    return EXIT.ok
  }
  if (command && !isLive(command)) {
    throw new Failure(EXIT.failed, command.code ?? command.state, `The prompt was not accepted: ${endOf(command)}.`)
  }
  const position = queue.position(id)
  const place = position === 1 ? 'it is the next' : `${position - 1} before it`
  say(`"${name}" is away. Queued, ${place}; it is sent when the computer is there, within 24 h.`, {
    event: 'queued',
    id,
    position,
  })
  return EXIT.ok
}

const isAbsence = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'timeout' || error.code === 'superseded')

/** `failed with assistant-unavailable` */
export const endOf = ({ state, code }: QueuedCommand): string => (code === undefined ? state : `${state} with ${code}`)
