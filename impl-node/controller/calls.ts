// Requests and their answers. A request is repeated, under its id, until it is answered: the agent
// executes a command once (spec/rpc.md).

import { randomUUID } from 'node:crypto'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message, Response } from '@happy-remote/schemas/rpc/envelope.ts'
import { type MethodName, methods, type Params, type Result } from '@happy-remote/schemas/rpc/registry.ts'
import { Type } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { Receipt } from '../link/incoming.ts'

export interface CallsHooks {
  send(message: Message): void
  isReady(): boolean
  /** A challenge that came with `stale`, and how. */
  acceptChallenge(challenge: Uint8Array, receipt: Receipt): void
}

interface Pending {
  readonly message: Message
  readonly method: MethodName
  sentAt: number
  /** Of the agent's command store when it was first sent. */
  epoch: string | null
  stale: number
  interrupted: number
  onSend?: (() => void) | undefined
  isOver?: (() => boolean) | undefined
  settle(outcome: { result: unknown } | { error: ProtocolError }): void
}

const REPEAT = 10_000
/** Answers of `stale` after which a request waits for the next repetition. */
const STALE_MAX = 5
/** Times that a request with a body is sent again at once after its body was lost. */
const INTERRUPTED_MAX = 3

const isKnown = (method: string): boolean => Object.hasOwn(methods, method)
/** A method of a later version is taken for a command: it may have run, so it is never asked for twice unseen. */
const kindOf = (method: MethodName) => (isKnown(method) ? methods[method].kind : 'command')

const results = new Map<MethodName, Validator>()
function resultValidator(method: MethodName): Validator {
  const known = results.get(method)
  if (known) return known
  const validator = Compile(isKnown(method) ? methods[method].result : Type.Unknown())
  results.set(method, validator)
  return validator
}

export interface CallOptions<M extends MethodName = MethodName> {
  readonly signal?: AbortSignal
  /** A UUID; the same id is the same command for ever. */
  readonly id?: string
  /** Each time that the request goes out. */
  onSend?(): void
  /** Asked before each sending; true gives the call up with `expired`. */
  isOver?(): boolean
  /** With the result, before anything that arrived behind it is looked at; the promise is told later. */
  onResult?(result: Result<M>): void
}

export class Calls {
  readonly #hooks: CallsHooks
  readonly #pending = new Map<string, Pending>()
  #epoch: string | null = null
  /** Why nothing can be called any more. */
  #over: ProtocolError | null = null
  readonly #timer = setInterval(() => this.#repeatSilent(), 1_000)

  constructor(hooks: CallsHooks) {
    this.#hooks = hooks
  }

  /**
   * Resolves with the result. Rejects with ProtocolError: the agent's error; `timeout` where a read has
   * no answer for 30 s (a command has none); `internal` where the result does not fit its schema; `conflict`
   * where a call with this id is under way; `too-large`, and then nothing was sent.
   */
  call<M extends MethodName>(
    method: M,
    params: Params<M>,
    { signal, id = randomUUID(), onSend, isOver, onResult }: CallOptions<M> = {},
  ): Promise<Result<M>> {
    return new Promise<Result<M>>((resolve, reject) => {
      if (this.#over) throw this.#over
      if (this.#pending.has(id)) throw new ProtocolError('conflict', `A call with the id ${id} is under way.`)
      expectSendable(method, params)
      const isRead = kindOf(method) === 'read'
      const timeout = isRead
        ? setTimeout(() => {
            const seconds = limits.readTimeout / 1_000
            pending.settle({ error: new ProtocolError('timeout', `No answer to ${method} within ${seconds} s.`) })
          }, limits.readTimeout)
        : undefined
      const abort = () => pending.settle({ error: new ProtocolError('interrupted', `${method} was given up.`) })
      const pending: Pending = {
        message: { id, type: 'request', method, params: params as object },
        method,
        sentAt: Number.NEGATIVE_INFINITY,
        epoch: null,
        stale: 0,
        interrupted: 0,
        onSend,
        isOver,
        settle: (outcome) => {
          this.#pending.delete(id)
          clearTimeout(timeout)
          signal?.removeEventListener('abort', abort)
          if ('error' in outcome) {
            reject(outcome.error)
            return
          }
          resolve(outcome.result as Result<M>)
          onResult?.(outcome.result as Result<M>)
        },
      }
      this.#pending.set(id, pending)
      signal?.addEventListener('abort', abort)
      if (signal?.aborted) abort()
      else this.#send(pending)
    })
  }

  /** That the agent has told last. */
  get epoch(): string | null {
    return this.#epoch
  }

  /** rpc.command.other-epoch: what was sent under another epoch is not repeated; whether it ran cannot be told. */
  onCommandEpoch(epoch: string): void {
    this.#epoch = epoch
    for (const pending of [...this.#pending.values()]) {
      if (kindOf(pending.method) !== 'command' || pending.epoch === null || pending.epoch === epoch) continue
      const text = `The agent was started anew while ${pending.method} was under way; whether it ran cannot be told.`
      pending.settle({ error: new ProtocolError('uncertain', text) })
    }
  }

  /** The connection or the session is new: what has no answer goes out again, in order. */
  repeatAll(): void {
    for (const pending of this.#pending.values()) this.#send(pending)
  }

  onResponse(response: Response, receipt: Receipt): void {
    const pending = this.#pending.get(response.id)
    // rpc.message.unmatched: an answer to what was never asked, or was answered already
    if (!pending) return
    if ('error' in response) {
      const { code, message, data } = response.error
      if (code === 'stale') this.#refresh(pending, data, receipt)
      // rpc.stream.lost
      else if (code === 'interrupted' && hasBody(pending.message) && ++pending.interrupted <= INTERRUPTED_MAX) {
        this.#send(pending)
      } else pending.settle({ error: new ProtocolError(code, message, data) })
      return
    }
    // rpc.request.result
    if (resultValidator(pending.method).Check(response.result)) pending.settle({ result: response.result })
    else
      pending.settle({ error: new ProtocolError('internal', `The agent's answer to ${pending.method} is malformed.`) })
  }

  /** Nothing is answered any more. */
  close(error = new ProtocolError('interrupted', 'The connection was closed.')): void {
    clearInterval(this.#timer)
    this.#over ??= error
    for (const pending of [...this.#pending.values()]) pending.settle({ error })
  }

  #send(pending: Pending): void {
    if (!this.#hooks.isReady()) return
    if (pending.isOver?.()) {
      pending.settle({ error: new ProtocolError('expired', `${pending.method} is sent no more.`) })
      return
    }
    pending.sentAt = performance.now()
    pending.epoch ??= this.#epoch
    pending.onSend?.()
    this.#hooks.send(pending.message)
  }

  /** rpc.request.stale-repeat: at once, under the same id */
  #refresh(pending: Pending, data: unknown, receipt: Receipt): void {
    const challenge = (data as { challenge?: unknown } | undefined)?.challenge
    if (typeof challenge !== 'string') return
    const bytes = Buffer.from(challenge, 'base64url')
    if (bytes.length !== 8) return
    this.#hooks.acceptChallenge(bytes, receipt)
    if (++pending.stale <= STALE_MAX) this.#send(pending)
  }

  #repeatSilent(): void {
    const now = performance.now()
    for (const pending of this.#pending.values()) {
      if (now - pending.sentAt < REPEAT) continue
      pending.stale = 0
      this.#send(pending)
    }
  }
}

/** rpc.stream.most. Throws ProtocolError `too-large`. */
export function expectSendable(method: string, params: unknown): void {
  const size = Buffer.byteLength(JSON.stringify(params))
  if (size <= limits.bodyLeast) return
  const [asked, most] = [size, limits.bodyLeast].map((bytes) => bytes.toLocaleString('en'))
  throw new ProtocolError('too-large', `Cannot send ${method}: it has ${asked} bytes, and at most ${most} can be sent.`)
}

const hasBody = (message: Message): boolean => Buffer.byteLength(JSON.stringify(message)) > limits.messageMax
