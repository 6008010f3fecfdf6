// node queue-crash.fake.ts FOLDER N before|after: a controller's program that queues four commands, edits, moves and
// cancels, sends them to an agent that answers at once, and dies by SIGKILL at its write number N.
// What the person was told, and what the agent saw, is in FOLDER/log.

import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Store } from '../session/store.ts'
import { CommandQueue, type QueueStore } from './queue.ts'
import { QueueSender } from './queue-sender.ts'
import { isLive, type QueuedCommand } from './queued-command.ts'

const textOf = ({ params }: Pick<QueuedCommand, 'params'>) => (params as { prompt: string }).prompt

function queueWork(queue: CommandQueue, tell: (said: string, command: QueuedCommand) => void): void {
  // What the person was not told is given again.
  const known = new Set(queue.commands.map((command) => textOf(command).slice(0, 1)))
  for (const prompt of ['a', 'b', 'c', 'd']) {
    if (!known.has(prompt)) tell('given', queue.give('claude.sendMessage', { prompt }))
  }
  const named = (text: string) => queue.commands.find((command) => textOf(command) === text && isLive(command))
  const [b, d] = [named('b'), named('d')]
  if (b?.state === 'pending') {
    queue.edit(b.id, { prompt: 'b, better' })
    queue.move(b.id, 3)
  }
  if (d?.state === 'pending') queue.cancel(d.id)
}

/** Does the work, or what an earlier program has left of it. */
export async function doWork(folder: string, killAt = 0, when = 'never'): Promise<void> {
  const store = new Store(folder)
  let writes = 0
  const dying =
    <A extends unknown[]>(write: (...args: A) => void) =>
    (...args: A): void => {
      const isLast = ++writes === killAt
      if (isLast && when === 'before') process.kill(process.pid, 'SIGKILL')
      write(...args)
      if (isLast) process.kill(process.pid, 'SIGKILL')
    }
  const faulty: QueueStore = {
    loadQueued: () => store.loadQueued(),
    saveQueued: dying((record) => store.saveQueued(record)),
    removeQueued: dying((ids) => store.removeQueued(ids)),
  }
  const tell = (said: string, { id, params }: Pick<QueuedCommand, 'id' | 'params'>) =>
    appendFileSync(join(folder, 'log'), `${JSON.stringify({ said, id, text: textOf({ params }) })}\n`)
  const queue = new CommandQueue(faulty, 'agent')
  queueWork(queue, tell)
  const sender = new QueueSender(queue, {
    calls: {
      epoch: 'epoch 1',
      call: async (_method, params, { id = '' } = {}) => {
        tell('sent', { id, params })
        return { messageId: id, state: 'started' } as never
      },
    },
    isReady: () => true,
    onFailure: (error) => {
      throw error
    },
  })
  sender.wake()
  while (!queue.isEmpty) await delay(5)
  for (const command of queue.commands) tell('ended', command)
  store.close()
}

const [folder, killAt, when] = process.argv.slice(2)
if (import.meta.main && folder !== undefined) await doWork(folder, Number(killAt), when)
