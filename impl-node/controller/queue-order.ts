// The commands of a queue in their order. Each step costs the same, however many wait or have ended.

import { isLive, type QueuedCommand } from './queued-command.ts'

export class QueueOrder {
  readonly #byId = new Map<string, QueuedCommand>()
  /** By place; null where a place has changed. */
  #sorted: QueuedCommand[] | null = null
  /** So many at the beginning of the order have ended: an end is for ever. */
  #passed = 0
  /** How many are `processing`. */
  #processing = 0

  get size(): number {
    return this.#byId.size
  }

  get(id: string): QueuedCommand | undefined {
    return this.#byId.get(id)
  }

  /** Not to be changed. */
  get all(): readonly QueuedCommand[] {
    return this.#inOrder()
  }

  /** The first of those that may have been sent, else the first that waits. */
  get next(): QueuedCommand | undefined {
    const commands = this.#inOrder()
    const isPassed = (command: QueuedCommand | undefined) => command !== undefined && !isLive(command)
    while (isPassed(commands[this.#passed])) this.#passed++
    if (this.#processing === 0) return commands[this.#passed]
    let at = this.#passed
    while (commands[at]?.state !== 'processing') at++
    return commands[at]
  }

  put(command: QueuedCommand): void {
    const before = this.#byId.get(command.id)
    this.#count(before, -1)
    this.#count(command, 1)
    this.#byId.set(command.id, command)
    // The common cases keep their order: a new one goes to the end, and a changed one stays.
    const last = this.#sorted?.at(-1)
    if (!before && this.#sorted && (last?.place ?? 0) < command.place) this.#sorted.push(command)
    else if (before?.place === command.place) this.#sorted?.splice(this.#indexOf(command), 1, command)
    else this.#sorted = null
  }

  remove(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#count(this.#byId.get(id), -1)
      this.#byId.delete(id)
    }
    this.#sorted = null
  }

  #count(command: QueuedCommand | undefined, by: 1 | -1): void {
    if (command?.state === 'processing') this.#processing += by
  }

  #inOrder(): QueuedCommand[] {
    if (!this.#sorted) {
      this.#sorted = [...this.#byId.values()].sort((a, b) => a.place - b.place)
      this.#passed = 0
    }
    return this.#sorted
  }

  /** Of the command with this place, by halves. */
  #indexOf({ place }: QueuedCommand): number {
    const sorted = this.#inOrder()
    let [low, high] = [0, sorted.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] as QueuedCommand).place < place) low = middle + 1
      else high = middle
    }
    return low
  }
}
