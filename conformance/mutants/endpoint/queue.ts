// Faults of a controller's queue: what it forgets, and what it sends when.

import type { EndpointMutant } from '../mutant.ts'
import { controller } from './fault.ts'

const QUEUE = 'controller/queue'
const SENDER = 'controller/queue-sender'
const CONTROLLER = 'controller/controller'

export const queue: readonly EndpointMutant[] = [
  controller(
    'queue-in-memory',
    'keeps its queue in memory alone',
    ['rpc.queue.kept'],
    QUEUE,
    '    this.#store.saveQueued(record)\n',
    '',
  ),
  controller(
    'queue-newest-first',
    'sends the newest queued command first',
    ['rpc.queue.order'],
    'controller/queue-order',
    'if (this.#processing === 0) return commands[this.#passed]',
    'if (this.#processing === 0) return commands.findLast(isLive)',
  ),
  controller(
    'queue-all-at-once',
    'sends all queued commands without waiting for an answer',
    ['rpc.queue.one'],
    SENDER,
    'if (begun) await this.#send(begun)',
    `if (begun) {
          void this.#send(begun)
          const others = this.#queue.commands.filter(({ state }) => state === 'pending')
          for (const { id } of others) void this.#send(this.#queue.begin(id, epoch) ?? begun)
        }`,
  ),
  controller(
    'queue-new-ids',
    'sends a queued command under another id after a restart',
    ['rpc.queue.id'],
    SENDER,
    '      else await this.#send(next)\n',
    `      else {
        this.#queue.finish(next.id, 'failed')
        this.#queue.giveAgain(next.id)
      }
`,
  ),
  controller(
    'queue-old-session',
    'sends what is queued only in the session in which it was queued',
    ['rpc.queue.encrypt'],
    CONTROLLER,
    '        isReady: () => this.#link.ready,\n        onFailure',
    '        isReady: () => this.#link.ready && this.#sessions === 0,\n        onFailure',
  ),
  controller(
    'queue-edit-lost',
    'shows an edited command, and sends the first one',
    ['rpc.queue.edited'],
    QUEUE,
    'return this.#write({ ...command, params })',
    'return { ...command, params }',
  ),
  controller(
    'queue-edits-sent',
    'lets the person edit what was sent',
    ['rpc.queue.unchanged'],
    QUEUE,
    "if (command.state !== 'pending') throw",
    'if (!isLive(command)) throw',
  ),
  controller(
    'queue-sends-cancelled',
    'sends what the person has cancelled',
    ['rpc.queue.cancelled'],
    QUEUE,
    "return this.#end(command, command.state === 'pending' ? 'cancelled' : 'uncertain')",
    'return command',
  ),
  controller(
    'queue-immortal',
    'never lets a queued command expire',
    ['rpc.queue.expiry'],
    'controller/queued-command',
    'if (now - givenAt <= limits.queueLife) return command',
    'if (now >= givenAt) return command',
  ),
  controller(
    'queue-repeats-expired',
    'repeats what it has sent after its time',
    ['rpc.queue.expiry'],
    'controller/queued-command',
    "return { ...command, state: state === 'processing' || epoch !== undefined ? 'uncertain' : 'expired', endedAt: now }",
    "return state === 'processing' ? command : { ...command, state: epoch !== undefined ? 'uncertain' : 'expired', endedAt: now }",
  ),
  controller(
    'queue-any-epoch',
    'repeats a queued command after a restart under whatever epoch',
    ['rpc.queue.epoch'],
    SENDER,
    'else if (next.epoch !== epoch) this',
    'else if (next.epoch === undefined) this',
  ),
  controller(
    'queue-holds-all',
    'lets every call wait for the queue',
    ['rpc.queue.bypass'],
    CONTROLLER,
    'return this.#calls.call(method, params, options)',
    `const whenEmpty = async (): Promise<void> => {
      while (this.queue && !this.queue.isEmpty) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return whenEmpty().then(() => this.#calls.call(method, params, options))`,
  ),
  controller(
    'queue-in-clear',
    'stores queued commands in clear',
    ['session.state.at-rest'],
    'session/store',
    "      this.#write('queued', id, image)\n",
    `      this.#write('queued', id, image)
      this.#db.exec('CREATE TABLE IF NOT EXISTS clear (image BLOB)')
      this.#db.prepare('INSERT INTO clear VALUES (?)').run(image)
`,
  ),
]
