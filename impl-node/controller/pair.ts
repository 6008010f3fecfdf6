// Pairing from the controller's side, from the scanned text to the confirmed record.

import { type ErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { ControllerPairing, type PairingFailure } from '../link/pairing-controller.ts'
import { RelaySocket, type SocketState } from '../link/socket.ts'
import type { SessionKeeper } from '../session/kept-session.ts'
import type { PairingCode } from '../session/pairing-code.ts'
import type { PairingRecord } from '../session/record.ts'
import type { Store } from '../session/store.ts'
import { Controller } from './controller.ts'
import { openQueue } from './queue.ts'

export interface PairOptions {
  readonly code: PairingCode
  readonly store: Store
  /** This device's name, told to the agent once the digits were typed. */
  readonly name: string
  /** Show these six digits: they are to be typed on the computer. */
  onDigits(digits: string): void
  /** Profile P, where it is wanted. */
  keeperOf?(record: PairingRecord): SessionKeeper | undefined
  /** The relay was reached, or could not be; told until the digits are shown. */
  onRelay?(state: SocketState): void
  readonly signal?: AbortSignal
}

/** What a person is told when pairing fails. */
export function pairingSentence(reason: PairingFailure): string {
  switch (reason) {
    case 'no-answer':
      return 'No answer, or somebody else used this code. Make a new code on the computer and try again.'
    case 'pair-busy':
      return 'Somebody else used this code. Make a new code on the computer and try again.'
    case 'sas-mismatch':
      return 'The digits were not typed correctly on the computer. Make a new code and try again.'
    case 'identity-mismatch':
      return 'What answered is not the computer that made this code. Do not use it.'
    case 'pair-expired':
      return 'The digits were not typed in time. Make a new code on the computer and try again.'
    case 'suite':
    case 'suite-downgrade':
      return 'The two programs have no common cipher suite. Update the older one.'
    default:
      return 'The computer refused the pairing. Make a new code and try again.'
  }
}

const failure = (reason: PairingFailure): ProtocolError =>
  new ProtocolError((reason === 'no-answer' ? 'timeout' : reason) as ErrorCode, pairingSentence(reason))

/**
 * Runs the whole pairing. Resolves with a controller that is connected and confirmed. Rejects with
 * ProtocolError and a sentence for people; nothing stays stored then, but for an unconfirmed record
 * whose confirmation may still come.
 */
export function pairWith(options: PairOptions): Promise<Controller> {
  const { code, store, name, signal } = options
  return new Promise((resolve, reject) => {
    let unreachable: string | null = null
    const socket = new RelaySocket({
      relay: code.relay,
      onState: (state) => {
        if (state.name === 'open') unreachable = null
        else if (state.name === 'waiting' || state.name === 'blocked') unreachable = state.reason
        options.onRelay?.(state)
      },
    })
    let controller: Controller | null = null
    let deadline: NodeJS.Timeout | undefined
    let isOver = false
    const settle = () => {
      isOver = true
      clearTimeout(deadline)
      signal?.removeEventListener('abort', abort)
    }
    const fail = (error: unknown, forget: boolean) => {
      if (isOver) return
      settle()
      const record = controller?.record
      controller?.close()
      pairing.cancel()
      socket.close()
      if (record && forget) store.removePairing(record.pairingId)
      reject(error)
    }
    const abort = () => fail(new ProtocolError('interrupted', 'Pairing was given up.'), true)
    const pairing = new ControllerPairing({
      code,
      identity: store.identity,
      socket,
      known: (identityKey) => store.pinOf(identityKey),
      events: {
        onFailed: (reason) => {
          const noRelay = reason === 'no-answer' && unreachable !== null
          const sentence = `The relay ${code.relay.origin} cannot be reached: ${unreachable}.`
          fail(noRelay ? new ProtocolError('timeout', sentence) : failure(reason), true)
        },
        onDigits: (digits, record) => {
          try {
            // pairing.controller.unconfirmed
            store.savePairing(record)
          } catch (error) {
            fail(error, false)
            return
          }
          const accepted = pairing.accepted as NonNullable<typeof pairing.accepted>
          const paired = new Controller({
            identity: store.identity,
            record,
            name,
            socket,
            queue: openQueue(store, record),
            keeper: options.keeperOf?.(record),
            ratchet: accepted.ratchet,
            proof: accepted.frame,
            // A new pairing with an agent takes the place of an older one with the same agent.
            save: (changed) => (changed.state === 'stored' ? store.adoptPairing(changed) : store.savePairing(changed)),
            onHandshake: (frame) => {
              const refusal = pairing.refusalOf(frame)
              // pairing.controller.error-keeps: an HS_ERROR changes nothing that is stored
              if (refusal) fail(failure(refusal), false)
            },
          })
          controller = paired
          paired.on('record', (changed) => {
            if (changed.state !== 'stored' || isOver) return
            settle()
            paired.off('failure', onFailure)
            resolve(paired)
          })
          const onFailure = (error: unknown) => fail(error, false)
          paired.on('failure', onFailure)
          // pairing.controller.complete-time: then the link tries a rekey, for which there is some time
          deadline = setTimeout(() => fail(failure('pair-expired'), false), limits.completeTime + limits.rekeyGap)
          options.onDigits(digits)
        },
      },
    })
    signal?.addEventListener('abort', abort)
    if (signal?.aborted) abort()
  })
}
