// Sends what is queued while the agent is there: one command, its answer, and then the next (rpc.queue.one).

import type { Calls } from './calls.ts'
import { CallFailure } from './failure.ts'
import type { CommandQueue } from './queue.ts'
import { type QueuedCommand, type QueueState, waits } from './queued-command.ts'

export interface SenderOutput {
  readonly calls: Pick<Calls, 'call' | 'epoch'>
  /** Whether a frame would go out now. */
  isOpen(): boolean
  /** The store has failed; `wake` tries again. */
  failed(error: unknown): void
}

export class QueueSender {
  readonly #queue: CommandQueue
  readonly #output: SenderOutput
  #isRunning = false
  #wasWoken = false
  #isClosed = false

  constructor(queue: CommandQueue, output: SenderOutput) {
    this.#queue = queue
    this.#output = output
  }

  /** Something was queued, or the agent has come and told its epoch. */
  wake(): void {
    this.#wasWoken = true
    if (!this.#isRunning) void this.#run()
  }

  /** The command that is under way stays so in the store: another run of the program takes it up. */
  close(): void {
    this.#isClosed = true
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    try {
      while (this.#wasWoken && !this.#isClosed) {
        this.#wasWoken = false
        while (await this.#sendNext());
      }
    } catch (error) {
      // Whoever closes the controller closes its store.
      if (!this.#isClosed) this.#output.failed(error)
    } finally {
      this.#isRunning = false
    }
  }

  /** Whether to go on. */
  async #sendNext(): Promise<boolean> {
    const next = await this.#queue.next()
    const { epoch } = this.#output.calls
    if (!next || !this.#isPossible(epoch)) return false
    if (next.state === 'processing') {
      // rpc.queue.epoch
      if (next.epoch !== epoch) await this.#queue.finish(next.id, 'uncertain')
      else await this.#send(next)
      return true
    }
    const begun = await this.#queue.begin(next.id, epoch)
    if (!begun) return true
    // The agent has gone, or is another one, while that was stored.
    if (!this.#isPossible(epoch) || this.#output.calls.epoch !== epoch) await this.#queue.takeBack(begun.id)
    else await this.#send(begun)
    return true
  }

  #isPossible(epoch: string | undefined): epoch is string {
    return !this.#isClosed && epoch !== undefined && this.#output.isOpen()
  }

  async #send({ id, method, params }: QueuedCommand): Promise<void> {
    const giveUp = new AbortController()
    const deafen = this.#queue.listen((command) => {
      if (command.id === id && !waits(command)) giveUp.abort()
    })
    const isOver = () => !this.#queue.isWaiting(id)
    const outcome = await this.#output.calls
      .call(method, params, giveUp.signal, { id, isOver })
      .then(({ result }): Outcome => ['completed', null, result], outcomeOf)
      .finally(deafen)
    // At the end of its time the queue finds by itself what it has become.
    if (!this.#isClosed) await this.#queue.finish(id, ...outcome)
  }
}

type Outcome = [state: QueueState, code: string | null, result?: unknown]

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof CallFailure)) throw error
  return error.code === 'uncertain' ? ['uncertain', null] : ['failed', error.code]
}
