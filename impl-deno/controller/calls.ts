// Requests that wait for their answer: repeated under their id until it comes (spec/rpc.md, Requests, Commands).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message, Request, Response } from '@happy-remote/schemas/rpc/envelope.ts'
import type { MethodKind } from '@happy-remote/schemas/rpc/method.ts'
import { type MethodName, methods } from '@happy-remote/schemas/rpc/registry.ts'
import { Base64url } from '@happy-remote/schemas/session.ts'
import { Type } from 'typebox'
import { Check } from 'typebox/value'
import { fromBase64url } from '../crypto/base64url.ts'
import { utf8 } from '../crypto/bytes.ts'
import { Alarm, type Timers } from '../link/timers.ts'
import type { Received } from '../session/live-sessions.ts'
import type { Session } from '../session/session.ts'
import { CallFailure } from './failure.ts'

/** What calls need of the way to the agent. */
export interface CallOutput {
  /** Whether a frame would go out now. */
  isOpen(): boolean
  /** Resolves with the session in which the request went. */
  send(message: Message, options: { signal: AbortSignal }): Promise<Session>
  heardChallenge(received: Received, challenge: Uint8Array): void
}

/** How a queued command differs from another call. */
export interface Queued {
  readonly id: string
  /** Asked before each sending; true gives the call up with `expired`. */
  isOver(): boolean
}

export interface Answer {
  readonly result: unknown
  /** That of the frame with the response. */
  readonly received: Received
  /** The session in which the request was first sent (rpc.terminal.open-again). */
  readonly firstSession: Session
  /** It was sent more than once, so that the agent may have got it as often (rpc.terminal.attach-twice). */
  readonly isRepeated: boolean
}

interface Pending {
  readonly message: Request
  readonly kind: MethodKind
  readonly resolve: (answer: Answer) => void
  readonly reject: (failure: CallFailure) => void
  readonly timeout: Alarm
  readonly repeat: Alarm
  readonly isOver: (() => boolean) | undefined
  /** Takes back what still waits to be sent. */
  sending: AbortController | undefined
  firstSession: Session | undefined
  /** How often it has left. */
  sent: number
  interrupted: number
  /** Answers of `stale` since the way was last open anew. */
  stale: number
  /** The `commandEpoch` under which it was first sent. */
  epoch: string | undefined
}

/** Times that a request with a body is sent again at once after its body was lost. */
const INTERRUPTED_MAX = 3

/**
 * Times that a request is sent again at once after an answer of `stale`. Of many requests at once each is answered with
 * another challenge, and only the last 8 count: who is answered so again waits until the others are, and longer each time.
 */
const STALE_MAX = 2
const STALE_WAIT = 100

/** A request that was lost where the network seems well is sent again after this many milliseconds. */
const REPEAT = 10_000

const StaleData = Type.Object({ challenge: Base64url(8, 'a new challenge') })

const isMethod = (method: string): method is MethodName => Object.hasOwn(methods, method)

const kindOf = (method: string): MethodKind =>
  // What is not known here is treated like what must not run twice.
  isMethod(method) ? methods[method].kind : 'command'

/** What is told of params for which no agent needs to have room; undefined where they can be sent (rpc.stream.most). */
export function whyTooLarge(method: string, params: object): string | undefined {
  const size = utf8(JSON.stringify(params)).length
  if (size <= limits.bodyLeast) return undefined
  const [given, most] = [size, limits.bodyLeast].map((bytes) => bytes.toLocaleString('en'))
  return `Cannot send ${method}: it has ${given} bytes, and ${most} is the most that can be sent`
}

export class Calls {
  readonly #output: CallOutput
  readonly #timers: Timers
  readonly #pending = new Map<string, Pending>()
  /** The agent's, as told since the last time in which it was away; undefined until it is told again. */
  #epoch: string | undefined

  constructor(output: CallOutput, timers: Timers) {
    this.#output = output
    this.#timers = timers
  }

  get size(): number {
    return this.#pending.size
  }

  /** The agent's `commandEpoch`, while it is known. */
  get epoch(): string | undefined {
    return this.#epoch
  }

  /** Throws CallFailure; `too-large` where nothing was sent. Only `signal` gives a command up; whether it runs cannot be told then. */
  call(method: string, params: object, signal?: AbortSignal, queued?: Queued): Promise<Answer> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const tooLarge = whyTooLarge(method, params)
      if (tooLarge !== undefined) throw new CallFailure('too-large', tooLarge)
      // rpc.message.id
      const message: Request = { id: queued?.id ?? crypto.randomUUID(), type: 'request', method, params }
      const pending: Pending = {
        ...{ message, kind: kindOf(method), resolve, reject },
        ...{ timeout: new Alarm(this.#timers), repeat: new Alarm(this.#timers) },
        ...{ sending: undefined, firstSession: undefined, sent: 0, interrupted: 0, stale: 0, epoch: undefined },
        isOver: queued?.isOver,
      }
      this.#pending.set(message.id, pending)
      signal?.addEventListener(
        'abort',
        () => this.#fail(pending, new CallFailure('rejected', `Gave up waiting for the answer to ${method}`)),
        { once: true },
      )
      // rpc.request.read-timeout; rpc.command.no-timeout for the others
      if (pending.kind === 'read') {
        pending.timeout.set(limits.readTimeout, () =>
          this.#fail(pending, new CallFailure('timeout', `Cannot read ${method}: no answer came in 30 s`)),
        )
      }
      this.#send(pending)
    })
  }

  /** The agent told its epoch: what was sent under another one may have run, and is not repeated (rpc.command.other-epoch). */
  agentSays(epoch: string): void {
    const wasUnknown = this.#epoch === undefined
    this.#epoch = epoch
    for (const pending of [...this.#pending.values()]) {
      const { kind, epoch: before, message } = pending
      if (kind !== 'command' || before === undefined || before === epoch) continue
      this.#fail(
        pending,
        new CallFailure('uncertain', `Whether ${message.method} ran cannot be told: the agent has lost its record`),
      )
    }
    if (wasUnknown) this.resume()
  }

  /** The agent may be another run of its program when it comes back, so its epoch has to be told again. */
  interrupted(): void {
    this.#epoch = undefined
  }

  /** The way is open, after a time in which frames may have been lost, or in another session. */
  resume(): void {
    for (const pending of this.#pending.values()) {
      pending.stale = 0
      this.#send(pending)
    }
  }

  /** Takes a response; one that nobody waits for is ignored (rpc.message.unmatched). */
  answer(response: Response, received: Received): void {
    const pending = this.#pending.get(response.id)
    if (!pending) return
    if (!('error' in response)) {
      const { method } = pending.message
      // rpc.request.result
      if (isMethod(method) && !Check(methods[method].result, response.result)) {
        this.#fail(pending, new CallFailure('internal', `Cannot use the answer to ${method}: it is of another shape`))
        return
      }
      const { firstSession = received.session, sent } = pending
      this.#forget(pending)
      pending.resolve({ result: response.result, received, firstSession, isRepeated: sent > 1 })
      return
    }
    const { code, message, data } = response.error
    if (code === 'stale' && Check(StaleData, data)) {
      // session.fresh.stale-data, rpc.request.stale-repeat
      this.#output.heardChallenge(received, fromBase64url(data.challenge))
      this.#sendFresh(pending)
    } else if (code === 'interrupted' && hasBody(pending.message) && ++pending.interrupted <= INTERRUPTED_MAX) {
      // rpc.stream.lost
      this.#send(pending)
    } else this.#fail(pending, new CallFailure(code, message, data))
  }

  /** The body of an answer did not come: the request is sent again, which answers it again. */
  answerLost(id: string): void {
    const pending = this.#pending.get(id)
    if (pending) this.#send(pending)
  }

  /** Everything fails: the pairing is over, or the program ends. */
  close(failure: CallFailure): void {
    for (const pending of [...this.#pending.values()]) this.#fail(pending, failure)
  }

  #send(pending: Pending): void {
    const { message, kind, repeat } = pending
    if (!this.#output.isOpen()) return
    if (kind === 'command') {
      if (this.#epoch === undefined) return
      pending.epoch ??= this.#epoch
    }
    if (pending.isOver?.()) {
      this.#fail(pending, new CallFailure('expired', `${message.method} is sent no more`))
      return
    }
    pending.sending?.abort()
    const sending = new AbortController()
    pending.sending = sending
    repeat.set(REPEAT, () => this.#send(pending))
    this.#output.send(message, { signal: sending.signal }).then(
      (session) => {
        pending.firstSession ??= session
        pending.sent++
      },
      (error) => {
        // Taken back, or its session has ended: it is sent again where that is due.
        if (error instanceof ProtocolError || sending.signal.aborted) return
        this.#fail(pending, new CallFailure('too-large', (error as Error).message))
      },
    )
  }

  #sendFresh(pending: Pending): void {
    const again = ++pending.stale - STALE_MAX
    if (again <= 0) this.#send(pending)
    else pending.repeat.set(Math.min(STALE_WAIT * 2 ** again, REPEAT), () => this.#send(pending))
  }

  #forget(pending: Pending): void {
    this.#pending.delete(pending.message.id)
    pending.timeout.clear()
    pending.repeat.clear()
    pending.sending?.abort()
  }

  #fail(pending: Pending, failure: CallFailure): void {
    if (!this.#pending.has(pending.message.id)) return
    this.#forget(pending)
    pending.reject(failure)
  }
}

const hasBody = (message: Request): boolean => utf8(JSON.stringify(message)).length > limits.messageMax
