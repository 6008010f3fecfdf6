// One command of the queue: what the person wants, and what has become of it.

import { randomUUID } from 'node:crypto'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type MethodName, methods, type Params } from '@happy-remote/schemas/rpc/registry.ts'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { QueuedRecord } from '../session/store.ts'

const QUEUE_STATES = ['pending', 'processing', 'completed', 'failed', 'expired', 'cancelled', 'uncertain'] as const
export type QueueState = (typeof QUEUE_STATES)[number]

const Content = Type.Object({
  agent: Type.String({ description: 'deviceId' }),
  /** The order of the queue; two are never equal. */
  place: Type.Number(),
  method: Type.String(),
  params: Type.Object({}),
  state: Type.Enum(QUEUE_STATES),
  givenAt: Type.Integer({ description: 'ms since 1970' }),
  epoch: Type.Optional(Type.String({ description: 'commandEpoch under which it may have been sent' })),
  endedAt: Type.Optional(Type.Integer({ description: 'ms since 1970' })),
  code: Type.Optional(Type.String({ description: 'of the error with which it failed' })),
})
type Content = Static<typeof Content>
const content = Compile(Content)

export interface QueuedCommand extends Readonly<Content> {
  /** Under which it is sent, whenever that is. */
  readonly id: string
}

export const isLive = ({ state }: QueuedCommand): boolean => state === 'pending' || state === 'processing'

/** These do not wait (rpc.queue.bypass); what is no command has no place in a queue. */
const UNQUEUED: readonly string[] = ['claude.cancel', 'permission.answer', 'question.answer']
export const canWait = (method: string): method is MethodName =>
  Object.hasOwn(methods, method) && methods[method as MethodName].kind === 'command' && !UNQUEUED.includes(method)

const params = new Map<MethodName, ReturnType<typeof Compile>>()
export function fits<M extends MethodName>(method: M, given: unknown): given is Params<M> {
  const known = params.get(method) ?? Compile(methods[method].params)
  params.set(method, known)
  return known.Check(given)
}

export const newCommand = (from: Omit<Content, 'state'>): QueuedCommand => ({
  id: randomUUID(),
  state: 'pending',
  ...from,
})

export const encodeQueued = ({ id, ...rest }: QueuedCommand): QueuedRecord => ({
  id: new Uint8Array(Buffer.from(id.replaceAll('-', ''), 'hex')),
  image: new Uint8Array(Buffer.from(JSON.stringify(rest))),
})

/** Throws where it is none. */
export function decodeQueued({ id, image }: QueuedRecord): QueuedCommand {
  const read: unknown = JSON.parse(Buffer.from(image).toString())
  if (!content.Check(read)) throw new TypeError('A queued command that this program did not write.')
  const hex = Buffer.from(id).toString('hex')
  return { id: hex.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), ...read }
}

/**
 * The command as it is at `now`, in ms since 1970: its time may be over (rpc.queue.expiry). A clock that stands before
 * what it told earlier was set back, and then the earlier time is the present one.
 */
export function atTime(command: QueuedCommand, now: number): QueuedCommand {
  const { state, epoch, givenAt, endedAt } = command
  if (!isLive(command)) return endedAt !== undefined && endedAt > now ? { ...command, endedAt: now } : command
  if (givenAt > now) return { ...command, givenAt: now }
  if (now - givenAt <= limits.queueLife) return command
  return { ...command, state: state === 'processing' || epoch !== undefined ? 'uncertain' : 'expired', endedAt: now }
}

export const isForgotten = (command: QueuedCommand, now: number): boolean =>
  !isLive(command) && now > changesAt(command)

/** The last ms since 1970 at which it is as it is now, unless somebody changes it. */
export const changesAt = ({ givenAt, endedAt }: QueuedCommand): number =>
  endedAt === undefined ? givenAt + limits.queueLife : endedAt + limits.queueKept
