// The scripted relay between a program and scripted peers, with a hostile hand on the frames: by
// direction and kind they are dropped, held back, doubled, swapped or delayed, and sockets are cut.

import { setTimeout as delay } from 'node:timers/promises'
import type { HandshakeTypeName } from '@happy-remote/schemas/pairing.ts'
import { ROUTED_HEADER } from '@happy-remote/schemas/relay.ts'
import { SuiteError } from '../shim/trouble.ts'
import { handshakeTypeOf } from './handshake-frame.ts'
import { base64url } from './route.ts'
import { type Binding, type Peer, ScriptedRelay } from './scripted-relay.ts'

/** What the relay can tell of a frame: which handshake message, or that it is a sealed message. */
export type FrameKind = HandshakeTypeName | 'message'

export const kindOf = (payload: Uint8Array): FrameKind => handshakeTypeOf(payload) ?? 'message'

export interface Passing {
  readonly kind: FrameKind
  readonly isToProgram: boolean
  /** The whole routed frame. */
  readonly bytes: Uint8Array
  /** Route that it is for, in base64url. */
  readonly to: string
}

export type Fault = 'dropped' | 'held back' | 'duplicated' | 'swapped with the next' | 'delayed'

interface Rule {
  readonly fault: Fault
  readonly matches: (frame: Passing) => boolean
  /** Frames that it still applies to. */
  left: number
  hasMet: boolean
  readonly delay: number
}

/** Says in the upgrade request which clients are scripted; the others are the program. */
export const SCRIPTED_HEADER = 'x-happy-scripted'

/** ms for which a port may be taken: a client that dials it while nobody listens may be given it for its own end. */
const PORT_TIME = 5_000
const PORT_LOOK = 50

export class FaultyRelay extends ScriptedRelay {
  /** Every frame that was let through or met a fault, in order. */
  readonly passed: Passing[] = []
  readonly #rules: Rule[] = []
  #held: Passing[] = []
  #swapped: { frame: Passing; timer: NodeJS.Timeout }[] = []
  #port = 0
  /** Delivers also where the route is bound for another peer. */
  isLenient = false
  /** Nothing was cut, and it has not fallen over. */
  isWhole = true

  constructor() {
    super()
    // Nobody is waited for.
    this.limits.drainTime = 0
  }

  /** A port of its own, which it keeps over restarts. */
  async listen(): Promise<string> {
    for (const deadline = performance.now() + PORT_TIME; ; ) {
      try {
        const url = await this.start('127.0.0.1', this.#port)
        this.#port = Number(new URL(url).port)
        return url
      } catch (error) {
        const isTaken = (error as { code?: string }).code === 'EADDRINUSE'
        if (!isTaken || performance.now() > deadline) throw error
        await delay(PORT_LOOK)
      }
    }
  }

  get origin(): string {
    return `ws://127.0.0.1:${this.#port}`
  }

  /** The next `times` frames that match meet this fault. `delay` in ms, for the last of them. */
  plan(fault: Fault, matches: (frame: Passing) => boolean, times = 1, delay = 300): void {
    this.#rules.push({ fault, matches, left: times, hasMet: false, delay })
  }

  /** Every fault that was planned has met a frame. */
  get hasMetAll(): boolean {
    return this.#rules.every(({ hasMet }) => hasMet)
  }

  /** As if nothing had been planned and nothing had passed. */
  clear(): void {
    this.clearPlan()
    this.#held = []
    this.passed.length = 0
    this.isLenient = false
  }

  /** Frames pass again as they come; what is held back stays so. */
  clearPlan(): void {
    this.#rules.length = 0
  }

  /** What was held back goes out now, in its order. Gives their number. */
  releaseHeld(): number {
    const held = this.#held
    this.#held = []
    for (const frame of held) this.#forward(frame)
    return held.length
  }

  get held(): number {
    return this.#held.length
  }

  /** Sends a frame that has passed once more. */
  repeat(frame: Passing): void {
    this.#forward(frame)
  }

  /** Sockets of the program, or of the scripted peers. */
  socketsOf(side: 'program' | 'peers'): Peer[] {
    return [...this.peers].filter(({ headers }) => (headers[SCRIPTED_HEADER] === undefined) === (side === 'program'))
  }

  /** Cuts connections without a close, as a pulled cable does. */
  cut(side: 'program' | 'peers'): void {
    const sockets = this.socketsOf(side)
    if (sockets.length === 0) throw new SuiteError(`There is no connection of the ${side} to cut`)
    this.isWhole = false
    for (const { socket } of sockets) socket.terminate()
  }

  /** Falls over, without a word to anybody. */
  async crash(): Promise<void> {
    this.isWhole = false
    for (const { socket } of this.peers) socket.terminate()
    await this.stop()
    this.isDraining = false
  }

  /** Tells the program something about the presence of its peer, true or not. */
  sayPresence(status: 'online' | 'offline'): void {
    for (const peer of this.socketsOf('program')) {
      for (const route of peer.routes) {
        const about = this.bound.get(route)?.only
        if (about) this.tell(peer, route, about, status)
      }
    }
  }

  override isPermitted(...args: Parameters<ScriptedRelay['isPermitted']>): boolean {
    return this.isLenient || super.isPermitted(...args)
  }

  override deliver(target: Binding, bytes: Uint8Array): void {
    const isToProgram = target.peer.headers[SCRIPTED_HEADER] === undefined
    const kind = kindOf(bytes.subarray(ROUTED_HEADER))
    const frame: Passing = { kind, isToProgram, bytes, to: base64url(bytes.slice(17, ROUTED_HEADER)) }
    this.passed.push(frame)
    const rule = this.#rules.find((each) => each.left > 0 && each.matches(frame))
    if (!rule) {
      this.#forward(frame)
      return
    }
    rule.left--
    rule.hasMet = true
    if (rule.fault === 'held back') this.#held.push(frame)
    else if (rule.fault === 'delayed') setTimeout(() => this.#forward(frame), rule.delay)
    else if (rule.fault === 'swapped with the next') this.#swap(frame, rule.delay)
    else if (rule.fault === 'duplicated') {
      this.#forward(frame)
      this.#forward(frame)
    }
  }

  /** The frame goes out behind the next one to the same route, or alone when none follows soon. */
  #swap(frame: Passing, patience: number): void {
    const timer = setTimeout(() => this.#follow(frame.to), patience)
    this.#swapped.push({ frame, timer })
  }

  #follow(to: string): void {
    const due = this.#swapped.filter(({ frame }) => frame.to === to)
    this.#swapped = this.#swapped.filter(({ frame }) => frame.to !== to)
    for (const { frame, timer } of due) {
      clearTimeout(timer)
      this.#forward(frame)
    }
  }

  #forward({ to, bytes }: Passing): void {
    const target = this.bound.get(to)
    if (target) super.deliver(target, bytes)
    this.#follow(to)
  }
}
