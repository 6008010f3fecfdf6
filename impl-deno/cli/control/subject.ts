// The computer that a sub-command of `control` is about, connected, and what went wrong with it in words.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { Controller, type ControllerEvent } from '../../controller/controller.ts'
import { CallFailure } from '../../controller/failure.ts'
import { safeLine } from '../../controller/safe-text.ts'
import type { Store } from '../../session/store.ts'
import { CommandFailure, type CommandIo, EXIT_FAILED, EXIT_REFUSED, EXIT_UNREACHABLE, UsageError } from '../command.ts'
import { findDevice } from '../devices.ts'
import { orInterrupted } from '../interrupt.ts'
import { programSocket } from '../program-socket.ts'
import type { Settings } from '../settings.ts'
import { openState } from '../state.ts'
import { sendTheRest } from './queue-sending.ts'

export interface Subject {
  readonly controller: Controller
  readonly store: Store
  readonly io: CommandIo
  readonly json: boolean
  /** A line of JSON, or of text where it is not asked for. */
  say(event: string, data: object, text: string): void
  /** Resolves with the first event that `matches`, from now on. */
  heard<T extends ControllerEvent>(matches: (event: ControllerEvent) => event is T): Promise<T>
}

export interface SubjectOptions {
  readonly settings: Settings
  readonly json: boolean
  /** Milliseconds to wait for the computer. */
  readonly timeout: number
}

const NOT_PAIRED = 'No computer is paired here yet: start `happy-remote agent` there, then `happy-remote pair` here'

export async function openPaired(settings: Settings): Promise<{ store: Store; record: ReturnType<typeof findDevice> }> {
  const store = await openState(settings, 'controller', NOT_PAIRED)
  try {
    await store.deleteExpired(Date.now())
    const records = store.pairings
    const [only] = records
    if (!only) throw new CommandFailure(NOT_PAIRED, 3, 'not-paired')
    if (settings.device === undefined && records.length > 1) {
      const names = records.map(({ peerName }) => safeLine(peerName)).join(', ')
      throw new UsageError(`Several computers are paired: say which with --device (${names})`)
    }
    return { store, record: settings.device === undefined ? only : findDevice(records, settings.device) }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Connects, runs `act` and lets go of everything. A failed call becomes the failure of the command. */
export const withAgent = (
  options: SubjectOptions,
  io: CommandIo,
  act: (subject: Subject) => Promise<number>,
): Promise<number> =>
  withController(options, io, async (subject) => {
    await reach(subject, options.timeout)
    const exit = await act(subject)
    // Whatever it came for: what waits goes on its way while the computer is there.
    await sendTheRest(subject)
    return exit
  })

/** The same without waiting for the computer. */
export async function withController(
  { settings, json }: Omit<SubjectOptions, 'timeout'>,
  io: CommandIo,
  act: (subject: Subject) => Promise<number>,
): Promise<number> {
  const { store, record } = await openPaired(settings)
  const controller = new Controller({ store, record, name: settings.name, socket: await programSocket() })
  const subject: Subject = {
    ...{ controller, store, io, json },
    say: (event, data, text) => io.out(json ? JSON.stringify({ event, ...data }) : text),
    heard: <T extends ControllerEvent>(matches: (event: ControllerEvent) => event is T) =>
      new Promise<T>((resolve) => {
        const end = controller.listen((event) => {
          if (!matches(event)) return
          end()
          resolve(event)
        })
      }),
  }
  try {
    return await orInterrupted(act(subject))
  } catch (error) {
    throw error instanceof CallFailure || error instanceof ProtocolError ? ofCall(error) : error
  } finally {
    controller.close()
    await store.close()
  }
}

/** Until the agent is there. */
export async function reach({ controller }: Subject, timeout: number): Promise<void> {
  const name = safeLine(controller.record.peerName) || 'The computer'
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let isBound = false
  const end = controller.listen((event) => {
    if (event.type === 'relay') {
      isBound ||= event.state.state === 'bound'
      if (event.state.state === 'refused' && event.state.code === 'superseded') {
        reject(new CommandFailure('Another program uses this pairing', EXIT_FAILED, 'superseded'))
      }
    }
    if (event.type === 'revoked') reject(new CommandFailure(`${name} has ended the pairing`, EXIT_REFUSED, 'revoked'))
    if (!controller.away) resolve()
  })
  if (!controller.away) resolve()
  const timer = setTimeout(() => {
    const message = isBound
      ? `${name} does not answer: its agent may not run, or has no network`
      : `The relay ${controller.record.relay} cannot be reached`
    reject(new CommandFailure(message, EXIT_UNREACHABLE, isBound ? 'away' : 'relay'))
  }, timeout)
  try {
    await promise
  } finally {
    clearTimeout(timer)
    end()
  }
}

const EXITS: Readonly<Record<string, number>> = {
  ...{
    forbidden: EXIT_REFUSED,
    expired: EXIT_REFUSED,
    revoked: EXIT_REFUSED,
    paused: EXIT_REFUSED,
    timeout: EXIT_UNREACHABLE,
  },
}

export function ofCall({ code, message }: CallFailure | ProtocolError): CommandFailure {
  const text = safeLine(message).replace(/\.$/, '')
  return new CommandFailure(text === '' ? `It failed: ${safeLine(code)}` : text, EXITS[code] ?? EXIT_FAILED, code)
}
