// Pairing with an agent whose code the person has scanned or pasted, and has agreed to use.

import { SUITE_BITS } from '@happy-remote/schemas/constants.ts'
import type { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { equal } from '../crypto/bytes.ts'
import { deviceIdOf } from '../crypto/identity.ts'
import type { RelayState } from '../link/pairing-connection.ts'
import { ControllerPairing } from '../link/pairing-controller.ts'
import type { SocketOptions } from '../link/socket.ts'
import { systemTimers, type Timers } from '../link/timers.ts'
import { decodePairingCode, type PairingCode } from '../session/pairing-code.ts'
import type { Store } from '../session/store.ts'
import { Controller } from './controller.ts'

const LINK = /^\s*https:\/\/[^#]*\/pair#/i

/**
 * Reads the text of a code, also in the form of a link. `now` is in milliseconds since 1970. Throws
 * ProtocolError like `decodePairingCode`. Before the code is used the person has to agree on a screen
 * that shows the relay's host and the agent's id (pairing.consent.screen).
 */
export const readPairingCode = (text: string, now: number, supported: number = SUITE_BITS): PairingCode =>
  decodePairingCode(text.replace(LINK, 'HAPPY://'), now / 1_000, supported)

export interface PairingListener {
  /** The six digits, to be typed at the agent. From now on there is a controller, whose record is unconfirmed. */
  digits(digits: string, controller: Controller): void
  /** It may be that somebody else has used the code (pairing.controller.other-device). */
  noAnswer?(): void
  /** The run has failed; after the digits an unconfirmed record stays for its 10 min. */
  failed(error: ProtocolError): void
  relay?(state: RelayState): void
}

export interface PairingOptions {
  readonly store: Store
  readonly code: PairingCode
  /** What the agent will call this device; at most 64 bytes. */
  readonly name: string
  readonly listener: PairingListener
  readonly supported?: number
  readonly timers?: Timers
  readonly socket?: Pick<SocketOptions, 'open' | 'jitter'>
}

/** Starts the run. The controller tells `paired` when the agent has stored the pairing too. */
export async function startPairing(options: PairingOptions): Promise<ControllerPairing> {
  const { store, code, name, listener, supported = SUITE_BITS, timers = systemTimers, socket } = options
  const peer = store.pairings.find((record) => equal(deviceIdOf(record.peer.identityKey), code.deviceId))?.peer
  let controller: Controller | undefined
  return new ControllerPairing({
    ...{ code, identity: store.identity, supported, routeKey: await store.newRouteKey(), timers },
    known: peer ? store.known(peer.identityKey) : null,
    ...(socket && { socket }),
    owner: {
      async store(record, carried) {
        await store.savePairing(record)
        controller = new Controller({ store, record, name, supported, timers, carried, ...(socket && { socket }) })
        return controller.connection
      },
      digits: (digits) => listener.digits(digits, controller as Controller),
      noAnswer: () => listener.noAnswer?.(),
      failed: (error) => listener.failed(error),
      relay: (state) => listener.relay?.(state),
    },
  })
}
