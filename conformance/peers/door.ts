// A TCP door in front of one server or several: it can be shut, held so that nothing comes through, or made slow.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Delay } from './delay.ts'

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
  /** ms, each way. */
  #delay = 0

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
      const delay = () => this.#delay
      const [there, back] = [new Delay(delay), new Delay(delay)]
      inner.pipe(there).pipe(outer)
      outer.pipe(back).pipe(inner)
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
          for (const one of [there, back]) one.destroy()
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

  /** Each byte comes through `ms` later than it came. */
  slow(ms: number): void {
    this.#delay = ms
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
