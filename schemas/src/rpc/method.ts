// How a method or an event is declared; registry.ts lists them all.

import { type Static, type TObject, type TSchema, Type } from 'typebox'
import type { Capability } from '../constants.ts'
import type { RpcErrorCode } from '../errors.ts'

/**
 * command: idempotent by id, its outcome is kept. write: idempotent by its own offset.
 * read: changes nothing and may be repeated.
 */
export type MethodKind = 'command' | 'write' | 'read'

export interface Method<P extends TObject = TObject, R extends TSchema = TSchema> {
  readonly name: string
  readonly kind: MethodKind
  /** What the caller needs; checked before params are looked at. */
  readonly capability: Capability
  readonly doc: string
  readonly params: P
  readonly result: R
  /** Codes of its own, beside those that every method may answer. */
  readonly errors: readonly RpcErrorCode[]
}

export const defineMethod = <const M extends Method>(method: M): M => method

export interface EventType<P extends TObject = TObject> {
  readonly name: string
  /** What a controller needs to be sent it. */
  readonly capability: Capability
  /** Sent at once, never kept back for a batch. */
  readonly urgent: boolean
  readonly journaled: boolean
  readonly doc: string
  readonly params: P
}

export const defineEvent = <const E extends EventType>(event: E): E => event

export type ParamsOf<M extends { params: TSchema }> = Static<M['params']>
export type ResultOf<M extends { result: TSchema }> = Static<M['result']>

/** What every method may answer. */
export const COMMON_ERRORS: readonly RpcErrorCode[] = [
  'invalid-params',
  'internal',
  'forbidden',
  'stale',
  'conflict',
  'too-large',
  'busy',
  'interrupted',
  'revoked',
]

export const Uuid = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  description: 'UUID, lower case.',
})
export const DeviceId = Type.String({
  pattern: '^[a-z2-7]{25}[aeimquy4]$',
  description: 'Base32, lower case, 16 bytes.',
})
export const Timestamp = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'ms since 1970' })
export const Offset = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Bytes from 0.' })
export const Empty = Type.Object({})
