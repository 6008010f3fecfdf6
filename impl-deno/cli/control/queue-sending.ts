// What is queued goes on its way while a program of the command line is connected.

import type { CommandQueue } from '../../controller/queue.ts'
import { type QueuedCommand, waits } from '../../controller/queued-command.ts'
import type { Subject } from './subject.ts'

/** Milliseconds in which a computer that is there has answered. */
export const PATIENCE = 5_000

/**
 * Resolves with true when nothing waits any more, and with false when nothing has changed for `patience` milliseconds.
 * `ended` is told each command that ends.
 */
export async function untilSent(
  queue: CommandQueue,
  patience: number | null,
  ended: (command: QueuedCommand) => void = () => {},
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const wait = () => {
    clearTimeout(timer)
    if (patience !== null) timer = setTimeout(() => resolve(false), patience)
  }
  const look = async () => {
    if (!(await queue.next())) resolve(true)
  }
  const deafen = queue.listen((command) => {
    wait()
    if (!waits(command)) ended(command)
    look().catch(() => resolve(false))
  })
  try {
    wait()
    await look()
    return await promise
  } finally {
    clearTimeout(timer)
    deafen()
  }
}

export async function sendTheRest({ controller, io }: Pick<Subject, 'controller' | 'io'>): Promise<void> {
  const waiting = (await controller.queue.list()).filter(waits).length
  if (waiting === 0) return
  io.err(`Sending what was queued: ${waiting}.`)
  if (!(await untilSent(controller.queue, PATIENCE))) io.err('Not all of it was answered; the rest stays queued.')
}
