// Sends what is queued, one command after the other, while the agent is there (rpc.queue.order, rpc.queue.one).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { MethodName } from '@happy-remote/schemas/rpc/registry.ts'
import type { Calls } from './calls.ts'
import type { CommandQueue } from './queue.ts'
import { isLive, type QueuedCommand, type QueueState } from './queued-command.ts'

export interface SenderHooks {
  readonly calls: Pick<Calls, 'call' | 'epoch'>
  isReady(): boolean
  /** The queue could not be written; it goes on at the next `wake`. */
  onFailure(error: unknown): void
}

export class QueueSender {
  readonly #queue: CommandQueue
  readonly #hooks: SenderHooks
  #isBusy = false
  #isClosed = false

  constructor(queue: CommandQueue, hooks: SenderHooks) {
    this.#queue = queue
    this.#hooks = hooks
  }

  /** The agent is there, or something was queued. */
  wake(): void {
    if (this.#isBusy || this.#isClosed) return
    this.#isBusy = true
    this.#sendAll()
      .catch((error) => this.#hooks.onFailure(error))
      .finally(() => {
        this.#isBusy = false
      })
  }

  /** What is under way stays as it is on disk: the next program goes on with it. */
  close(): void {
    this.#isClosed = true
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const { epoch } = this.#hooks.calls
      if (this.#isClosed || !this.#hooks.isReady() || epoch === null) return
      const { next } = this.#queue
      if (!next) return
      if (next.state === 'pending') {
        const begun = this.#queue.begin(next.id, epoch)
        if (begun) await this.#send(begun)
      }
      // rpc.queue.epoch
      else if (next.epoch !== epoch) this.#queue.finish(next.id, 'uncertain')
      else await this.#send(next)
    }
  }

  async #send({ id, method, params }: QueuedCommand): Promise<void> {
    const giveUp = new AbortController()
    const onChange = (command: QueuedCommand) => {
      if (command.id === id && !isLive(command)) giveUp.abort()
    }
    this.#queue.on('change', onChange)
    try {
      const [state, code] = await this.#outcome(id, method as MethodName, params, giveUp.signal)
      if (!this.#isClosed) this.#queue.finish(id, state, code)
    } finally {
      this.#queue.off('change', onChange)
    }
  }

  async #outcome(
    id: string,
    method: MethodName,
    params: object,
    signal: AbortSignal,
  ): Promise<[state: QueueState, code?: string]> {
    // rpc.queue.expiry: also of a repetition; to look at the queue ends what is over, and with it the call
    const isOver = () => !this.#queue.waits(id)
    try {
      await this.#hooks.calls.call(method, params as never, { id, signal, isOver })
      return ['completed']
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      return error.code === 'uncertain' ? ['uncertain'] : ['failed', error.code]
    }
  }
}
