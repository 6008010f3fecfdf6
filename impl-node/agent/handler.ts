// What a method handler is given: the seam between dispatch, the methods and the link.

import type { Capability } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { EventName, EventParams, MethodName, Params, Result } from '@happy-remote/schemas/rpc/registry.ts'

/** A stream from this side to the caller, in the caller's current session. */
export interface OutgoingStream {
  readonly streamId: number
  /** Sends one chunk (1 to 65 536 bytes). False: the session window is full, nothing was sent, `onDrain` follows. */
  send(offset: number, bytes: Uint8Array): boolean
  /** Nothing more is sent, and no StreamEvents follow. The peer is told nothing. Idempotent. */
  close(): void
}

export interface StreamEvents {
  /** `send` may succeed again. */
  onDrain(): void
  /** The session has ended and the stream with it; `send` does nothing more. */
  onEnd(): void
}

/** The controller on whose behalf a handler runs. */
export interface Caller {
  readonly deviceId: string
  readonly capabilities: ReadonlySet<Capability>
  openStream(events: StreamEvents): OutgoingStream
  /**
   * Runs `then` once the response of the present request was handed to the session: a stream is named
   * before it flows. Also where it could not be handed over, because the session has ended.
   */
  afterResponse(then: () => void): void
}

/** For methods that need more for another device than for the own one. Throws ProtocolError `forbidden`. */
export function requireAdmin({ capabilities }: Caller, what: string): void {
  if (capabilities.has('admin')) return
  throw new ProtocolError('forbidden', `Cannot ${what}: 'admin' is not granted`, { capability: 'admin' })
}

/** Throws ProtocolError with an RPC code to refuse. */
export type Handler<M extends MethodName> = (
  params: Params<M>,
  caller: Caller,
  id: string,
) => Result<M> | Promise<Result<M>>
export type Handlers = { readonly [M in MethodName]: Handler<M> }

/** Sends an event to every controller whose capabilities allow it. */
export type Emit = <E extends EventName>(name: E, params: EventParams<E>) => void
