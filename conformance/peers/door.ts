// A TCP door in front of one server or several: it can be shut, or held so that nothing comes through.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Target {
  readonly host: string
  readonly port: number
}

export class Door {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Connections that are open, by target. */
  readonly #open = new Map<Target, number>()
  #targets: readonly Target[]
  #isShut = false
  #isHeld = false

  private constructor(targets: readonly Target[]) {
    this.#targets = targets
    this.#server = createServer((inner) => {
      const target = this.#least()
      if (this.#isShut || !target) {
        inner.destroy()
        return
      }
      this.#count(target, 1)
      const outer = connect(target.port, target.host)
      inner.pipe(outer)
      outer.pipe(inner)
      inner.once('close', () => this.#count(target, -1))
      for (const [socket, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        socket.setNoDelay(true)
        this.#sockets.add(socket)
        if (this.#isHeld) socket.pause()
        socket.on('error', () => {})
        socket.once('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
      }
    })
  }

  /** Each connection goes to the target that has the fewest: two clients never meet at one of two. */
  static async to(...targets: Target[]): Promise<Door> {
    const door = new Door(targets)
    door.#server.listen(0, '127.0.0.1')
    await once(door.#server, 'listening')
    return door
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  /** From now on. */
  lead(...targets: Target[]): void {
    this.#targets = targets
    this.#open.clear()
  }

  /** Cuts every connection, and lets nobody in. */
  shut(): void {
    this.#isShut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  open(): void {
    this.#isShut = false
  }

  /** Connections stay, and nothing comes through any more, in no direction. */
  hold(): void {
    this.#isHeld = true
    for (const socket of this.#sockets) socket.pause()
  }

  release(): void {
    this.#isHeld = false
    for (const socket of this.#sockets) socket.resume()
  }

  async end(): Promise<void> {
    this.shut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #least(): Target | undefined {
    return this.#targets.toSorted((a, b) => (this.#open.get(a) ?? 0) - (this.#open.get(b) ?? 0))[0]
  }

  #count(target: Target, by: 1 | -1): void {
    this.#open.set(target, Math.max(0, (this.#open.get(target) ?? 0) + by))
  }
}
