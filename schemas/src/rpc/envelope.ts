// The messages of content types 0x01 and 0x02: spec/rpc.md.

import { type Static, type TSchema, Type } from 'typebox'
import { codesAt } from '../errors.ts'
import { limits } from '../limits.ts'
import { Base64url } from '../session.ts'
import { JournalPlace } from './journal.ts'
import { Uuid } from './method.ts'

/** Takes the place of a member that is too large for one message; its bytes follow as stream chunks. */
export const StreamReference = Type.Object({
  stream: Type.Integer({ minimum: 1, maximum: 0xffff_ffff, description: 'streamId' }),
  length: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Bytes in all.' }),
  sha256: Base64url(32, 'SHA-256 of all bytes; of the UTF-8 JSON text where a JSON value is replaced'),
})
export type StreamReference = Static<typeof StreamReference>

export const Request = Type.Object({
  id: Uuid,
  type: Type.Literal('request'),
  method: Type.String({ minLength: 1, maxLength: 64 }),
  params: Type.Object({}, { description: "The method's parameters, or a stream reference." }),
})
export type Request = Static<typeof Request>

export const RpcError = Type.Object({
  code: Type.Enum(codesAt('rpc')),
  message: Type.String(),
  data: Type.Optional(Type.Unknown()),
})
export type RpcError = Static<typeof RpcError>

/** What a receiver takes for an error: one whose code it does not know is one all the same (errors.code.unknown). */
const AnyError = Type.Object({ ...RpcError.properties, code: Type.String() })

export const Success = Type.Object({ id: Uuid, type: Type.Literal('response'), result: Type.Unknown() })
export const Failure = Type.Object({ id: Uuid, type: Type.Literal('response'), error: RpcError })
export const Response = Type.Union([Success, Failure])
export type Response = Static<typeof Response>

export const Event = Type.Object({
  id: Uuid,
  type: Type.Literal('event'),
  method: Type.String({ minLength: 1, maxLength: 64 }),
  params: Type.Object({}),
  /** Where it is journaled. */
  journal: Type.Optional(JournalPlace),
})
export type Event = Static<typeof Event>

export const Message = Type.Union([Request, Success, Failure, Event])
export type Message = Request | Response | Event

const batchOf = <T extends TSchema>(message: T) =>
  Type.Object({
    type: Type.Literal('batch'),
    messages: Type.Array(message, { minItems: 2, maxItems: limits.batchMessages }),
  })

export const Batch = batchOf(Message)
export type Batch = { type: 'batch'; messages: Message[] }

/** As `Message` and `Batch`, for what comes from a peer of a later version. */
export const ReceivedMessage = Type.Union([
  Request,
  Success,
  Type.Object({ ...Failure.properties, error: AnyError }),
  Event,
])
export const ReceivedBatch = batchOf(ReceivedMessage)
export type ReceivedMessage = Static<typeof ReceivedMessage>
