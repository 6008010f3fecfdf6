// The limits on what a connection or a route sends in a second (relay.rate).

import type { Clock } from './context.ts'
import type { RelayLimits } from './limits.ts'

export class Rates {
  #second = -1
  #messages = 0
  #frames = 0
  #bytes = 0

  /** Counts a text frame, and says whether it may have come. */
  message(limits: RelayLimits, { second }: Clock, size: number): boolean {
    this.#begin(second)
    this.#bytes += size
    return ++this.#messages <= limits.messagesPerSecond && this.#bytes <= limits.bytesPerSecond
  }

  /** The same for a binary frame. */
  frame(limits: RelayLimits, { second }: Clock, size: number): boolean {
    this.#begin(second)
    this.#bytes += size
    return ++this.#frames <= limits.framesPerSecond && this.#bytes <= limits.bytesPerSecond
  }

  #begin(second: number): void {
    if (this.#second === second) return
    this.#second = second
    this.#messages = this.#frames = this.#bytes = 0
  }
}
