// What a program's frames hold, read by the schemas. Whatever the schemas reject is a failure of the
// program: a right one never sends it, whoever it talks to.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import {
  type HandshakeTypeName,
  HsErrorBody,
  handshakeErrorOf,
  M1Body,
  M2Body,
  M3Body,
  RekeyAskBody,
} from '@happy-remote/schemas/pairing.ts'
import { Batch, Event, type Message, Request, Response } from '@happy-remote/schemas/rpc/envelope.ts'
import { events, methods } from '@happy-remote/schemas/rpc/registry.ts'
import {
  ControlAck,
  ControlError,
  ControlHello,
  ControlPairAck,
  ControlPairComplete,
  ControlPairingRevoked,
  ControlRekey,
  StreamChunk,
} from '@happy-remote/schemas/session.ts'
import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { Failed } from '../shim/trouble.ts'
import type { OpenedMessage, ScriptedSession } from './session.ts'

const controls = {
  hello: ControlHello,
  ack: ControlAck,
  rekey: ControlRekey,
  'pair.complete': ControlPairComplete,
  'pair.ack': ControlPairAck,
  'pairing.revoked': ControlPairingRevoked,
  error: ControlError,
} as const
export type ControlType = keyof typeof controls
export type ControlOf<T extends ControlType> = Static<(typeof controls)[T]>

/** Who may send what: session.md, Control messages. */
const FROM_AGENT: readonly string[] = ['hello', 'ack', 'rekey', 'pair.complete', 'pairing.revoked', 'error']
const FROM_CONTROLLER: readonly string[] = ['hello', 'ack', 'pair.ack', 'error']

export interface Inside extends OpenedMessage {
  readonly session: ScriptedSession
  /** Number of that session, from 1. */
  readonly sessionNumber: number
  /** ms, by the clock of the program under test. */
  readonly at: number
}

export type HeardFrame =
  | {
      readonly kind: 'handshake'
      readonly type: HandshakeTypeName
      readonly suite: number
      readonly from: Uint8Array
      readonly frame: Uint8Array
      /** Absent where it does not open under any secret that this end knows. */
      readonly body: Uint8Array | undefined
      readonly at: number
    }
  | ({ readonly kind: 'control'; readonly type: ControlType; readonly message: Record<string, unknown> } & Inside)
  | ({ readonly kind: 'rpc'; readonly message: Message; readonly inBatch: number } & Inside)
  | ({ readonly kind: 'chunk'; readonly chunk: StreamChunk } & Inside)
  /** A ratchet message that this end, which obeys the spec, refuses. */
  | { readonly kind: 'refused'; readonly code: string; readonly frame: Uint8Array; readonly at: number }
  | { readonly kind: 'bound' | 'online' | 'offline' | 'delivery-failed' | 'closed'; readonly at: number }

const compiled = new Map<TSchema, Validator>()
function validatorOf(schema: TSchema): Validator {
  const known = compiled.get(schema) ?? Compile(schema)
  compiled.set(schema, known)
  return known
}

/** Throws Failed where `value` does not fit. */
export function assertFits(schema: TSchema, value: unknown, what: string): void {
  const validator = validatorOf(schema)
  if (validator.Check(value)) return
  const [error] = validator.Errors(value)
  throw new Failed(`${what} does not fit its schema: ${error?.instancePath || 'the object'} ${error?.message}`)
}

const strict = new TextDecoder('utf-8', { fatal: true })

function json(content: Uint8Array, what: string): unknown {
  if (content.length > limits.messageMax) throw new Failed(`${what} has ${content.length} bytes`)
  try {
    return JSON.parse(strict.decode(content))
  } catch {
    throw new Failed(`${what} is not JSON in UTF-8`)
  }
}

const isType = (type: unknown): type is ControlType => typeof type === 'string' && Object.hasOwn(controls, type)

function readControl(content: Uint8Array, sender: 'agent' | 'controller') {
  const message = json(content, 'A control message') as Record<string, unknown>
  const type = message?.type
  const allowed = sender === 'agent' ? FROM_AGENT : FROM_CONTROLLER
  // A type that the schemas do not have is allowed: session.control.unknown.
  if (!isType(type)) return undefined
  if (!allowed.includes(type))
    throw new Failed(`The ${sender} sends the control message "${type}", which is not its own`)
  assertFits(controls[type], message, `The control message "${type}"`)
  for (const name of ['agentName', 'deviceName']) {
    const text = message[name]
    if (typeof text === 'string' && Buffer.byteLength(text) > limits.nameMax) {
      throw new Failed(`${name} has ${Buffer.byteLength(text)} bytes`)
    }
  }
  return { type, message }
}

/** A message of content type 0x01, or of a batch. */
function assertMessage(message: Message, sender: 'agent' | 'controller'): void {
  const what = `The ${message.type} ${'method' in message ? message.method : message.id}`
  if (message.type === 'response') {
    assertFits(Response, message, what)
    return
  }
  if ((message.type === 'request') !== (sender === 'controller')) throw new Failed(`${what} comes from the ${sender}`)
  const { method } = message
  if (message.type === 'event') {
    assertFits(Event, message, what)
    // An event that the registry does not have is allowed: rpc.message.unknown-event.
    const isWhole = Object.hasOwn(events, method) && !isReference(message.params)
    if (isWhole) assertFits(events[method as keyof typeof events].params, message.params, what)
    return
  }
  assertFits(Request, message, what)
}

/** True for a stream reference in the place of a value. */
export const isReference = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).toSorted().join() === 'length,sha256,stream'

export const paramsSchemaOf = (method: string): TSchema | undefined =>
  Object.hasOwn(methods, method) ? methods[method as keyof typeof methods].params : undefined

function readRpc(content: Uint8Array, isBatch: boolean, sender: 'agent' | 'controller'): Message[] {
  const value = json(content, isBatch ? 'A batch' : 'An RPC message')
  if (isBatch) assertFits(Batch, value, 'The batch')
  const messages = isBatch ? (value as Batch).messages : [value as Message]
  for (const message of messages) assertMessage(message, sender)
  return messages
}

/** The frames in one opened message, more than one where it is a batch. Throws Failed. */
export function readOpened(inside: Inside, sender: 'agent' | 'controller'): HeardFrame[] {
  const { contentType, content } = inside
  if (contentType === 0) {
    const control = readControl(content, sender)
    return control ? [{ ...inside, kind: 'control', ...control }] : []
  }
  if (contentType === 3) {
    try {
      return [{ ...inside, kind: 'chunk', chunk: StreamChunk.decode(content) }]
    } catch (error) {
      if (error instanceof ProtocolError) throw new Failed(`The ${sender} sends a stream chunk that does not decode`)
      throw error
    }
  }
  const messages = readRpc(content, contentType === 2, sender)
  return messages.map((message) => ({
    ...inside,
    kind: 'rpc',
    message,
    inBatch: contentType === 2 ? messages.length : 0,
  }))
}

/** A handshake body as a transcript shows it: never a secret, never a nonce. */
export function showHandshake(type: HandshakeTypeName, suite: number, body: Uint8Array | undefined): unknown {
  if (!body) return { type, suite, opens: false }
  if (type === 'HS_ERROR') return { type, suite, code: handshakeErrorOf(HsErrorBody.decode(body).code) }
  if (type === 'REKEY_ASK') return { type, suite, reason: RekeyAskBody.decode(body).reason }
  return { type, suite, body: body.length }
}

/** Throws Failed where the body of a handshake message of a program does not have its layout. */
export function assertHandshake(type: HandshakeTypeName, suite: number, body: Uint8Array): void {
  const layouts = { M1: M1Body, R1: M1Body, M2: M2Body, R2: M2Body } as const
  try {
    if (type === 'HS_ERROR') HsErrorBody.decode(body)
    else if (type === 'REKEY_ASK') RekeyAskBody.decode(body)
    else if (type === 'M3' || type === 'R3') M3Body.decode(body)
    else if (suite === 1 || suite === 2) layouts[type][suite].decode(body)
    else throw new Failed(`The program sends ${type} in the suite ${suite}, which nobody knows`)
  } catch (error) {
    if (error instanceof ProtocolError)
      throw new Failed(`The body of ${type} does not have its layout: ${error.message}`)
    throw error
  }
}

export const showOpened = (frame: HeardFrame): unknown => {
  if (frame.kind === 'control' || frame.kind === 'rpc') return frame.message
  if (frame.kind === 'chunk') {
    const { streamId, offset, bytes } = frame.chunk
    return { type: 'chunk', streamId, offset, bytes: bytes.length }
  }
  return undefined
}
