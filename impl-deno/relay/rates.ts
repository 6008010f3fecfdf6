// The limits on what one connection sends in a second (relay.rate).

import type { RelayContext } from './context.ts'

export class FrameRates {
  #second = -1
  #messages = 0
  #frames = 0
  #bytes = 0

  /** Counts a frame, and says whether the connection may have sent it. */
  count(frame: string | ArrayBuffer, { limits, clock }: Pick<RelayContext, 'limits' | 'clock'>): boolean {
    if (this.#second !== clock.second) {
      this.#second = clock.second
      this.#messages = this.#frames = this.#bytes = 0
    }
    if (typeof frame === 'string') {
      this.#bytes += frame.length
      if (++this.#messages > limits.messagesPerSecond) return false
    } else {
      this.#bytes += frame.byteLength
      if (++this.#frames > limits.framesPerSecond) return false
    }
    return this.#bytes <= limits.bytesPerSecond
  }
}
