// One WebSocket of Deno's server, and what has to be done around its edges.

/** The connection that owns a socket, and what it is told. */
export interface SocketOwner {
  opened(): void
  heard(data: string | ArrayBuffer): void
  /** Once, whoever ended it and however. */
  gone(): void
}

/**
 * A client has most likely nothing on its way when it was quiet for so many turns of the event loop, of so many
 * ms: longer than one that sends as fast as it can sign takes for its next frame.
 */
const QUIET_TURNS = 4
const TURN = 25

export class ClientSocket implements EventListenerObject {
  readonly #socket: WebSocket
  readonly #owner: SocketOwner
  readonly #closeTime: number
  readonly #all: { total: number }
  /** At least what is unsent: bytes given to the socket since it was last asked, and its answer then. */
  #unsent = 0
  #leaving = false
  #quiet = true
  #gone = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `closeTime` in ms bounds each of the two steps of `close`; `all` is told what is given to the socket. */
  constructor(socket: WebSocket, owner: SocketOwner, closeTime: number, all: { total: number }) {
    this.#all = all
    this.#socket = socket
    this.#owner = owner
    this.#closeTime = closeTime
    for (const type of ['open', 'message', 'close']) socket.addEventListener(type, this)
  }

  /** Itself the listener: functions for each event would cost an idle connection 1 KiB, and each frame two calls. */
  handleEvent(event: Event): void {
    if (event.type === 'message') {
      if (this.#leaving) this.#quiet = false
      else this.#owner.heard((event as MessageEvent<string | ArrayBuffer>).data)
    } else if (event.type === 'open') {
      this.#owner.opened()
    } else {
      this.#end()
    }
  }

  sendText(text: string): void {
    this.#unsent += text.length
    this.#all.total += text.length
    this.#socket.send(text)
  }

  /** `bytes` is a whole buffer, which Deno sends faster than a view of one; it is copied before this returns. */
  sendBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#unsent += bytes.length
    this.#all.total += bytes.length
    this.#socket.send(bytes.buffer)
  }

  /** Asks the socket. */
  get unsent(): number {
    this.#unsent = this.#gone ? 0 : this.#socket.bufferedAmount
    return this.#unsent
  }

  /** Whether more than `limit` bytes are unsent. Deno is asked only where that can be. */
  isBehind(limit: number): boolean {
    if (this.#unsent <= limit) return false
    return this.unsent > limit
  }

  /**
   * Closes in bounded time; nothing is heard any more. Deno drops the close frame where another frame of the
   * client comes before it is written, and the `error` before it would be followed by a bare end. So the close
   * waits until the client is quiet; of one that never is the code may be lost.
   */
  close(code: number, reason: string): void {
    if (this.#leaving || this.#gone) return
    this.#leaving = true
    const latest = performance.now() + this.#closeTime
    let turns = 0
    // Turns count as well as time: on a busy machine time passes while frames lie unread.
    const settle = () => {
      turns = this.#quiet ? turns + 1 : 0
      this.#quiet = true
      if (turns < QUIET_TURNS && performance.now() < latest) {
        this.#timer = setTimeout(settle, TURN)
        return
      }
      this.#socket.close(code, reason)
      // relay.close.bounded
      this.#timer = setTimeout(() => this.#abandon(), this.#closeTime)
    }
    this.#timer = setTimeout(settle, TURN)
  }

  /**
   * Deno has no public way to end a WebSocket whose peer does not answer the close frame: it would stay for as
   * long as the peer likes. Its resource can be closed through the same door that Deno's own WebSocket uses.
   * Where the peer does not even read, the kernel keeps the connection while bytes are unsent.
   */
  #abandon(): void {
    const rid = Object.getOwnPropertySymbols(this.#socket).find(({ description }) => description === '[[rid]]')
    if (rid && denoCore?.tryClose) denoCore.tryClose(Reflect.get(this.#socket, rid))
    this.#end()
  }

  #end(): void {
    if (this.#gone) return
    this.#gone = true
    clearTimeout(this.#timer)
    this.#owner.gone()
  }
}

interface DenoCore {
  tryClose?(rid: number): void
}

const denoCore: DenoCore | undefined = Reflect.get(Deno, Reflect.get(Deno, 'internal') ?? '')?.core
