// From the settings to a controller that is connected to the agent they mean.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { Controller } from '../../controller/controller.ts'
import { type CommandQueue, openQueue } from '../../controller/queue.ts'
import { keepSession } from '../../session/kept-session.ts'
import type { PairingRecord } from '../../session/record.ts'
import type { Store } from '../../session/store.ts'
import { EXIT } from '../command.ts'
import type { Settings } from '../config.ts'
import { Failure } from '../failure.ts'
import { openLog } from '../logging.ts'
import { note } from '../output.ts'
import { choosePairing, hasState, openState, pairingsOf, peerNameOf, witnessOf } from '../state.ts'

/** What is known of an agent without a connection to it. */
export interface Paired {
  /** As it was when it was opened; `controller.record` of a connection is the present one. */
  readonly record: PairingRecord
  readonly store: Store
  readonly queue: CommandQueue
  /** What people call the agent. */
  readonly name: string
}

export interface Connection extends Paired {
  readonly controller: Controller
  /** Rejects with Failure when the pairing has ended, or is in use elsewhere. */
  readonly lost: Promise<never>
  close(): void
}

/** ms after which a person is told what takes so long. */
const PATIENCE = 2_500

const ENDED = (name: string) =>
  new Failure(EXIT.refused, 'revoked', `"${name}" has ended this pairing; pair again to come back.`)

const ABSENT = (name: string) =>
  `"${name}" does not answer. Is happy-remote agent running there, with a network? It may also have ended this pairing: then pair again (control revoke --local forgets it here).`

/** Opens the state and chooses the pairing. Throws Failure. */
export function openPaired(settings: Settings): Paired {
  if (!hasState(settings.state, 'controller')) choosePairing([], settings.device)
  const store = openState(settings.state, 'controller')
  try {
    const record = choosePairing(pairingsOf(store, 'controller'), settings.device)
    return { record, store, queue: openQueue(store, record), name: peerNameOf(record) }
  } catch (error) {
    store.close()
    throw error
  }
}

/** The same, and dials, but waits for nothing. Throws Failure. */
export function openConnection(settings: Settings): Connection {
  const paired = openPaired(settings)
  const { record, store, queue, name } = paired
  try {
    const log = openLog('controller', settings.logLevel)
    const witness = witnessOf(store, settings.keepSessions, process.env)
    const warn = (message: string, detail: object) => log.warn(detail, message)
    const controller = new Controller({
      identity: store.identity,
      record,
      name: settings.name,
      queue,
      save: (changed) => store.savePairing(changed),
      keeper: witness && keepSession({ store, witness, record, log: warn }),
    })
    controller.on('status', ({ relay, peer, ready }) => log.debug({ relay: relay.name, peer, ready }, 'status'))
    const { promise: lost, reject } = Promise.withResolvers<never>()
    // Whoever does not look at it loses nothing.
    lost.catch(() => {})
    controller.on('revoked', () => {
      store.removePairing(record.pairingId)
      reject(ENDED(name))
    })
    controller.on('blocked', (reason) =>
      reject(
        reason === 'superseded'
          ? new Failure(EXIT.unreachable, reason, `The pairing with "${name}" is in use by another program.`)
          : new Failure(EXIT.unreachable, reason, 'The relay did not accept the proof of our route.'),
      ),
    )
    const close = () => {
      controller.close()
      store.close()
    }
    return { ...paired, controller, lost, close }
  } catch (error) {
    store.close()
    throw error
  }
}

/** Resolves when the agent answers. Throws Failure: `timeout` (ms) is over, or the pairing has ended. */
export async function untilReady({ controller, record, name, lost }: Connection, timeout: number): Promise<void> {
  const slow = setTimeout(() => note(`Waiting for "${name}" at ${record.relay}…`), PATIENCE)
  try {
    await Promise.race([controller.whenReady(timeout), lost])
  } catch (error) {
    // A relay that cannot be reached is another matter.
    if (!(error instanceof ProtocolError) || error.code !== 'timeout' || controller.status.relay.name !== 'open')
      throw error
    throw new Failure(EXIT.unreachable, error.code, ABSENT(name))
  } finally {
    clearTimeout(slow)
  }
}
