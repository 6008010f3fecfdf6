// The relay of the suite as it watches a program and tries its patience: it keeps what the program dialled and said, and
// it can be another relay than the spec asks for.

import type { IncomingMessage } from 'node:http'
import { RELAY_PATH } from '@happy-remote/schemas/constants.ts'
import type { RelayToClient } from '@happy-remote/schemas/relay.ts'
import { FaultyRelay, SCRIPTED_HEADER } from './faulty-relay.ts'
import { parseText } from './frames.ts'
import type { Binding, Peer } from './scripted-relay.ts'

export interface Dialled {
  readonly path: string
  readonly subprotocol: string
  /** ms, by the clock of this machine. */
  readonly at: number
}

export interface Said {
  readonly message: Readonly<Record<string, unknown>>
  readonly size: number
  readonly nonce: Uint8Array
  readonly at: number
}

/** How the relay differs from a right one, for the program alone. */
export interface Oddity {
  /** Members of `hello` that are other ones. */
  readonly hello?: Readonly<Record<string, unknown>>
  /** Members that every message has beside its own. */
  readonly members?: Readonly<Record<string, unknown>>
  /** Nothing is sent, nothing is closed. */
  readonly isSilent?: boolean
  /** HTTP status with which connections are refused. */
  readonly refuses?: number
  /** Of each frame of the program it is said that it was not delivered. */
  readonly deniesDelivery?: boolean
}

export class WatchingRelay extends FaultyRelay {
  /** Of the program, in order. */
  readonly dialled: Dialled[] = []
  readonly said: Said[] = []
  readonly frames: Uint8Array[] = []
  /** ms, by the clock that the scenario moves. */
  now: () => number = () => performance.now()
  #oddity: Oddity = {}
  #path = ''

  get oddity(): Oddity {
    return this.#oddity
  }

  set oddity(oddity: Oddity) {
    this.#oddity = oddity
    this.isWhole = false
  }

  /** Before `/v1`. */
  set path(path: string) {
    this.#path = path
    this.isWhole = false
  }

  override async listen(): Promise<string> {
    const url = await super.listen()
    this.origins = this.origins.map((origin) => origin + this.#path)
    return url.replace(RELAY_PATH, this.#path + RELAY_PATH)
  }

  override get origin(): string {
    return super.origin + this.#path
  }

  override clear(): void {
    super.clear()
    for (const list of [this.dialled, this.said, this.frames]) list.length = 0
  }

  override isPath(path: string): boolean {
    return path.startsWith(this.#path) && super.isPath(path.slice(this.#path.length))
  }

  override admit(request: IncomingMessage): number {
    if (request.headers[SCRIPTED_HEADER] !== undefined) return super.admit(request)
    const subprotocol = request.headers['sec-websocket-protocol'] ?? ''
    this.dialled.push({ path: request.url ?? '', subprotocol, at: this.now() })
    return this.oddity.refuses ?? super.admit(request)
  }

  override onText(peer: Peer, bytes: Uint8Array): void {
    if (this.#isProgram(peer)) {
      const message = (parseText(bytes) ?? {}) as Readonly<Record<string, unknown>>
      this.said.push({ message, size: bytes.length, nonce: peer.nonce, at: this.now() })
      if (this.oddity.isSilent) return
    }
    super.onText(peer, bytes)
  }

  override onFrame(peer: Peer, bytes: Uint8Array): void {
    if (this.#isProgram(peer)) {
      this.frames.push(bytes)
      if (this.oddity.deniesDelivery) {
        this.send(peer, { type: 'delivery-failed', ...this.#ends(bytes), reason: 'offline' })
      }
    }
    super.onFrame(peer, bytes)
  }

  override deliver(target: Binding, bytes: Uint8Array): void {
    if (this.oddity.isSilent && this.#isProgram(target.peer)) return
    super.deliver(target, bytes)
  }

  override send(peer: Peer, message: RelayToClient): void {
    if (!this.#isProgram(peer)) {
      super.send(peer, message)
      return
    }
    const { hello = {}, members = {}, isSilent } = this.oddity
    if (isSilent) return
    const changed = { ...message, ...(message.type === 'hello' && hello), ...members }
    super.send(peer, changed as RelayToClient)
  }

  /** Sends the program something that no relay should, or that only a later one does. */
  say(text: string | Uint8Array): void {
    for (const { socket } of this.socketsOf('program')) socket.send(text, { binary: typeof text !== 'string' })
  }

  /** Closes the connections of the program. */
  closeWith(code: number): void {
    for (const { socket } of this.socketsOf('program')) socket.close(code)
  }

  #isProgram({ headers }: Peer): boolean {
    return headers[SCRIPTED_HEADER] === undefined
  }

  #ends(bytes: Uint8Array): { from: string; to: string } {
    const [from = '', to = ''] = [1, 17].map((at) => Buffer.from(bytes.slice(at, at + 16)).toString('base64url'))
    return { from, to }
  }
}
