// A queued command, and what time makes of it (spec/rpc.md, The queue of a controller).

import { limits } from '@happy-remote/schemas/limits.ts'
import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'
import { toHex } from '../crypto/bytes.ts'

const STATES = ['pending', 'processing', 'completed', 'failed', 'expired', 'cancelled', 'uncertain'] as const
export type QueueState = (typeof STATES)[number]

const Time = Type.Integer({ minimum: 0 })

const Content = Type.Object({
  method: Type.String(),
  params: Type.Object({}),
  state: Type.Enum(STATES),
  /** Orders the queue. */
  rank: Type.Number(),
  givenAt: Time,
  endedAt: Type.Union([Time, Type.Null()]),
  /** The `commandEpoch` under which it may have been sent. */
  epoch: Type.Union([Type.String(), Type.Null()]),
  /** Of the error that answered it. */
  code: Type.Union([Type.String(), Type.Null()]),
  /** That of the response, where it is completed. */
  result: Type.Optional(Type.Unknown()),
})

export interface QueuedCommand extends Readonly<Static<typeof Content>> {
  /** A UUID; it is sent under no other. */
  readonly id: string
}

/** It has no outcome yet. */
export const waits = ({ endedAt }: QueuedCommand): boolean => endedAt === null

/** The 16 bytes of a UUID. */
export const idBytes = (id: string): Uint8Array =>
  Uint8Array.from(id.replaceAll('-', '').match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))

const uuidOf = (bytes: Uint8Array): string => {
  const hex = toHex(bytes)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export function contentOf({ id: _, ...content }: QueuedCommand): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(content))
}

/** Undefined where it is none of this program. */
export function readQueued(id: Uint8Array, content: Uint8Array): QueuedCommand | undefined {
  const value: unknown = JSON.parse(new TextDecoder().decode(content))
  return Check(Content, value) ? { id: uuidOf(id), ...value } : undefined
}

/** The same command at `now`, by the wall clock; undefined where it is to be forgotten. */
export function atTime(command: QueuedCommand, now: number): QueuedCommand | undefined {
  const { givenAt, endedAt, state } = command
  if (endedAt !== null) {
    if (endedAt > now) return { ...command, endedAt: now }
    return now - endedAt > limits.queueKept ? undefined : command
  }
  // The clock was set back: the time when it was given is the present one.
  if (givenAt > now) return { ...command, givenAt: now }
  // rpc.queue.expiry
  if (now - givenAt <= limits.queueLife) return command
  return { ...command, state: state === 'pending' ? 'expired' : 'uncertain', endedAt: now }
}

/** The last millisecond in which `atTime` leaves it as it is. */
export const staysUntil = ({ givenAt, endedAt }: QueuedCommand): number =>
  endedAt === null ? givenAt + limits.queueLife : endedAt + limits.queueKept
