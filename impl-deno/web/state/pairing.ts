// Pairing as a person goes through it: a code, consent, six digits, and each way in which it can fail.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { signal } from '@preact/signals'
import type { Controller } from '../../controller/controller.ts'
import { readPairingCode, startPairing } from '../../controller/pairing.ts'
import { encodeBase32 } from '../../crypto/base32.ts'
import { toHex } from '../../crypto/bytes.ts'
import type { ControllerPairing } from '../../link/pairing-controller.ts'
import type { PairingCode } from '../../session/pairing-code.ts'
import { deviceIdOfRecord, type Store } from '../../session/store.ts'
import { digitsFrom, writeDigits } from './shown-digits.ts'

/** `why` is the code of a ProtocolError, or one of `unreachable` (the relay) and `no-answer` (the computer). */
export type PairingStep =
  | { readonly at: 'code'; readonly why?: string }
  | { readonly at: 'consent'; readonly agentId: string; readonly relay: string; readonly expiresAt: number }
  | { readonly at: 'reaching'; readonly isRelayAway: boolean; readonly isAnswerLate: boolean }
  | { readonly at: 'digits'; readonly digits: string }
  | { readonly at: 'paired'; readonly agentId: string }
  | { readonly at: 'failed'; readonly why: string }

const SCHEME = 'HAPPY://'
/** In each form that a picture may show it in: its text, and the link. */
const CODE = /^(?:happy:\/\/|https?:\/\/[^#]+\/pair#[a-z2-7]+$)/i

export class Pairing {
  readonly step = signal<PairingStep>({ at: 'code' })
  readonly #store: Store
  readonly #made: (controller: Controller) => void
  #text = ''
  #run: ControllerPairing | undefined
  /** Of this run, once there are digits. */
  #controller: Controller | undefined
  #expiry: ReturnType<typeof setTimeout> | undefined

  /** `made` takes the controller as soon as there is one, which is before the digits are typed. */
  constructor(store: Store, made: (controller: Controller) => void) {
    this.#store = store
    this.#made = made
  }

  /** A code as it was scanned, pasted, or stood behind the # of a link. */
  take(text: string): void {
    const compact = text.replaceAll(/\s/g, '')
    const fragment = /^https?:\/\/[^#]*#(?<code>[A-Za-z2-7]+)$/.exec(compact)?.groups?.code
    this.#text = fragment ? SCHEME + fragment : /^[A-Za-z2-7]{80,}$/.test(compact) ? SCHEME + compact : compact
    clearTimeout(this.#expiry)
    const code = this.#read()
    if (!code) return
    const { deviceId, relay, expiry } = code
    const agentId = encodeBase32(deviceId).toLowerCase()
    this.step.value = { at: 'consent', agentId, relay: relay.origin, expiresAt: expiry * 1_000 }
    // It may be over, by any clock, before the person has decided, who then hears of it without having to ask.
    const left = expiry * 1_000 + limits.qrSkew - Date.now()
    this.#expiry = setTimeout(() => this.#read(), Math.max(0, left) + 1)
  }

  /** What a camera or a picture has shown. False where it is no code of an agent, and then nothing has changed. */
  takeScanned(text: string): boolean {
    if (!CODE.test(text)) return false
    this.take(text)
    return true
  }

  /** The person has seen who and through which relay (pairing.consent.screen). `name`: of this device. */
  async agree(name: string): Promise<void> {
    // Time has gone by: it may be over.
    const code = this.#read()
    if (!code) return
    clearTimeout(this.#expiry)
    this.#text = ''
    this.step.value = { at: 'reaching', isRelayAway: false, isAnswerLate: false }
    const reaching = (changed: { isRelayAway?: boolean; isAnswerLate?: boolean }) => {
      if (this.step.value.at === 'reaching') this.step.value = { ...this.step.value, ...changed }
    }
    let isReached = false
    this.#run = await startPairing({
      ...{ store: this.#store, code, name },
      listener: {
        digits: (digits, controller) => {
          this.#made(controller)
          this.#await(controller)
          const { record } = controller
          const shown = { pairingId: toHex(record.pairingId), digits, until: Date.now() + limits.sasTime }
          const show = () => {
            if (this.step.value.at === 'reaching') this.step.value = { at: 'digits', digits }
          }
          // Where there is no room for them they are not shown again, and all else goes on.
          this.#store.keep('digits', deviceIdOfRecord(record), writeDigits(shown)).then(show, show)
        },
        noAnswer: () => reaching({ isAnswerLate: true }),
        relay: ({ state }) => {
          isReached ||= state === 'bound'
          reaching({ isRelayAway: state === 'lost' })
        },
        failed: ({ code: why }) => this.#fail(isReached ? why : 'unreachable'),
      },
    })
  }

  /** Shows the digits of an earlier life of the page as long as they can be typed; `controller` rekeys until that was done. */
  goOn(controller: Controller): void {
    const { record } = controller
    const shown = digitsFrom(this.#store.keptOf('digits', deviceIdOfRecord(record)))
    if (shown?.pairingId !== toHex(record.pairingId)) return
    const left = shown.until - Date.now()
    if (left <= 0) return
    this.#await(controller)
    this.step.value = { at: 'digits', digits: shown.digits }
    this.#expiry = setTimeout(() => this.#fail('unconfirmed'), left)
  }

  /** The person does not want the pairing whose digits are shown, and nothing stays of it here. */
  async giveUp(): Promise<void> {
    const controller = this.#controller
    this.restart()
    await controller?.forget()
  }

  /** Back to the beginning; what an agent has confirmed, or may still confirm, stays. */
  restart(): void {
    this.#run?.cancel()
    this.#run = undefined
    this.#controller = undefined
    clearTimeout(this.#expiry)
    this.#text = ''
    this.step.value = { at: 'code' }
  }

  /** The person wants to pair another computer: what is over makes room for it, what is under way stays. */
  another(): void {
    if (this.step.value.at === 'paired' || this.step.value.at === 'failed') this.restart()
  }

  #await(controller: Controller): void {
    this.#controller = controller
    controller.listen((event) => {
      // An earlier run can still be confirmed, or end, while the person is at another one.
      if (this.#controller !== controller) return
      if (event.type === 'paired') {
        this.#forget(controller)
        this.step.value = { at: 'paired', agentId: controller.agentId }
      }
      if (event.type === 'revoked') this.#fail('unconfirmed')
    })
  }

  /** Nobody can type them any more. */
  #forget({ record }: Controller): void {
    void this.#store.drop('digits', deviceIdOfRecord(record)).catch(() => {})
  }

  #fail(why: string): void {
    if (this.#controller) this.#forget(this.#controller)
    if (this.step.value.at === 'reaching' || this.step.value.at === 'digits') this.step.value = { at: 'failed', why }
  }

  /** Undefined where the text is no code that can be used now, which the step then tells. */
  #read(): PairingCode | undefined {
    try {
      return readPairingCode(this.#text, Date.now())
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.step.value = { at: 'code', why: error.code }
      return undefined
    }
  }
}
