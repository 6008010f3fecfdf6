// One operation at a time (session.queue.alone): with asynchronous cryptography two at once would use
// the same message number twice.

/** Runs what it is given one after the other, in the order of the calls. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve()

  /** The result of `operation`; its failure is the caller's and stops nobody else. */
  run<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#last.then(operation)
    this.#last = result.catch(() => {})
    return result
  }
}
