// Events leave in the order in which they happened (rpc.event.order): what comes behind one with a body waits until all
// of the body is out.

import type { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Session } from '../session/session.ts'

interface Turn {
  readonly send: () => Promise<Session>
  readonly hasBody: boolean
  readonly sent: (session: Session) => void
  readonly failed: (error: unknown) => void
}

export class EventOrder {
  #waiting: Turn[] = []
  #isHeld = false

  /** Calls `send` when no body of an event before it is on its way: at once where none is. Ends as `send` does. */
  add(send: () => Promise<Session>, hasBody: boolean): Promise<Session> {
    return new Promise((sent, failed) => {
      this.#waiting.push({ send, hasBody, sent, failed })
      this.#proceed()
    })
  }

  /** What waits fails; what was begun ends by itself. */
  close(error: ProtocolError): void {
    for (const { failed } of this.#waiting.splice(0)) failed(error)
  }

  #proceed(): void {
    while (!this.#isHeld) {
      const turn = this.#waiting.shift()
      if (!turn) return
      const sending = turn.send()
      sending.then(turn.sent, turn.failed)
      if (turn.hasBody) this.#hold(sending)
    }
  }

  /** A body that fails holds up nothing behind it. */
  #hold(sending: Promise<Session>): void {
    this.#isHeld = true
    const release = () => {
      this.#isHeld = false
      this.#proceed()
    }
    sending.then(release, release)
  }
}
