// deno run queue-program.ts FOLDER N before|after: a program that queues four commands, edits, moves and cancels, sends
// what is left to an agent that answers at once, and is killed at its write number N. FOLDER/log has what it told.

import { CommandQueue, type QueueStore } from '../controller/queue.ts'
import { QueueSender } from '../controller/queue-sender.ts'
import type { QueuedCommand } from '../controller/queued-command.ts'
import { systemClock } from '../session/clock.ts'
import { Store } from '../session/store.ts'
import { openSqlite } from '../storage/sqlite.ts'

const AGENT = new Uint8Array(16)
const textOf = ({ params }: Pick<QueuedCommand, 'params'>) => (params as { prompt: string }).prompt

/** Does the work, or what an earlier program has left of it. */
export async function work(folder: string, killAt = 0, when = ''): Promise<void> {
  const store = await Store.open(await openSqlite(folder))
  let writes = 0
  const dying =
    <A extends unknown[]>(write: (...args: A) => Promise<void>) =>
    async (...args: A): Promise<void> => {
      const isLast = ++writes === killAt
      if (isLast && when === 'before') Deno.kill(Deno.pid, 'SIGKILL')
      await write(...args)
      if (isLast) Deno.kill(Deno.pid, 'SIGKILL')
    }
  const faulty: QueueStore = {
    queuedFor: (agent) => store.queuedFor(agent),
    saveQueued: dying((record) => store.saveQueued(record)),
    deleteQueued: dying((id) => store.deleteQueued(id)),
  }
  const tell = (said: string, { id, params }: Pick<QueuedCommand, 'id' | 'params'>) =>
    Deno.writeTextFileSync(`${folder}/log`, `${said} ${id} ${textOf({ params })}\n`, { append: true })
  const queue = new CommandQueue(faulty, AGENT, systemClock)
  // What the person was not told is given again.
  const known = new Set((await queue.list()).map((command) => textOf(command)[0]))
  for (const prompt of ['a', 'b', 'c', 'd']) {
    if (!known.has(prompt)) tell('given', await queue.give('claude.sendMessage', { prompt }))
  }
  for (const { id, state, params } of await queue.list()) {
    if (state !== 'pending') continue
    if (textOf({ params }) === 'b') await queue.edit(id, { prompt: 'b, better' })
    if (textOf({ params }) === 'b') await queue.move(id, 3)
    if (textOf({ params }) === 'd') await queue.cancel(id)
  }
  const failure = Promise.withResolvers<never>()
  const sender = new QueueSender(queue, {
    calls: {
      epoch: 'epoch 1',
      call: async (_method, params, _signal, { id = '' } = {} as never) => {
        tell('sent', { id, params })
        return { result: {} } as never
      },
    },
    isOpen: () => true,
    failed: failure.reject,
  })
  sender.wake()
  const isSent = async () => {
    while (await queue.next()) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await Promise.race([isSent(), failure.promise])
  for (const command of await queue.list()) tell('ended', command)
  await store.close()
}

const [folder, killAt, when] = Deno.args
if (import.meta.main && folder !== undefined) await work(folder, Number(killAt), when)
