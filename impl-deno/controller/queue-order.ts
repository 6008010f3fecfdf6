// The order of a queue: by rank, by id, and what is to be sent next, at the same cost however long the queue is.

import { type QueuedCommand, waits } from './queued-command.ts'

export class QueueOrder {
  #ranked: QueuedCommand[] = []
  readonly #named = new Map<string, QueuedCommand>()
  /** Index of the first that may still wait. What has ended never waits again. */
  #first = 0
  /** Number of those that may have been sent and have no outcome. */
  #sent = 0

  /** In order; valid until the next change. */
  get commands(): readonly QueuedCommand[] {
    return this.#ranked
  }

  find(id: string): QueuedCommand | undefined {
    return this.#named.get(id)
  }

  /** One that may have been sent, or else the first that waits. */
  next(): QueuedCommand | undefined {
    for (let first = this.#ranked[this.#first]; first && !waits(first); first = this.#ranked[this.#first]) this.#first++
    if (this.#sent === 0) return this.#ranked[this.#first]
    return this.#ranked.slice(this.#first).find(isSent)
  }

  /** Takes a command that is new, or the present form of one that is known. */
  set(command: QueuedCommand): void {
    const before = this.#named.get(command.id)
    this.#named.set(command.id, command)
    this.#sent += Number(isSent(command)) - Number(before !== undefined && isSent(before))
    if (before?.rank === command.rank) this.#ranked[this.#indexOf(command.rank)] = command
    else if (!before && command.rank > (this.#ranked.at(-1)?.rank ?? Number.NEGATIVE_INFINITY)) {
      this.#ranked.push(command)
    } else {
      this.#ranked = [...this.#named.values()].sort((a, b) => a.rank - b.rank)
      this.#first = 0
    }
  }

  delete(ids: ReadonlySet<string>): void {
    for (const id of ids) {
      const command = this.#named.get(id)
      if (command && isSent(command)) this.#sent--
      this.#named.delete(id)
    }
    this.#ranked = this.#ranked.filter(({ id }) => !ids.has(id))
    this.#first = 0
  }

  /** Of the command with this rank, which is there: no two have the same. */
  #indexOf(rank: number): number {
    let [from, to] = [0, this.#ranked.length]
    while (to - from > 1) {
      const middle = Math.floor((from + to) / 2)
      if ((this.#ranked[middle] as QueuedCommand).rank <= rank) from = middle
      else to = middle
    }
    return from
  }
}

const isSent = ({ state }: QueuedCommand): boolean => state === 'processing'
