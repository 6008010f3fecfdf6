// Who asks: what a method knows of the controller whose request it executes.

import type { Capability } from '@happy-remote/schemas/constants.ts'
import type { MethodName, Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { StreamPort } from './viewer.ts'

export interface Caller {
  /** The text of its device id. */
  readonly device: string
  /** IKs */
  readonly identityKey: Uint8Array
  /** As they are stored with the pairing, whatever it claims (rpc.capability.stored). */
  readonly capabilities: readonly Capability[]
  /** For streams of its present session. */
  readonly streams: StreamPort
}

export interface Executed<M extends MethodName> {
  readonly result: Result<M>
  /** Called when the response is on its way; `sent` resolves when it was handed to the connection. */
  readonly after?: (sent: Promise<unknown>) => void
}

/** Throws ProtocolError with a code of the method's table, or any other error, which is answered `internal`. */
export type Handler<M extends MethodName> = (params: Params<M>, caller: Caller) => Executed<M> | Promise<Executed<M>>

export type Handlers = { readonly [M in MethodName]: Handler<M> }
