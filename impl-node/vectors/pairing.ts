// Pairing code, wrap, transcript, schedule, digits and notices.

import type { Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import {
  HANDSHAKE_TYPES,
  type HandshakeTypeName,
  handshakeErrorOf,
  QrPayload,
  REKEY_REASONS,
  type RekeyReason,
} from '@happy-remote/schemas/pairing.ts'
import { spacedDigits } from '../cli/terminal/block-digits.ts'
import { decapsulate, kemKeyPairFrom } from '../crypto/mlkem.ts'
import { equal } from '../crypto/primitives.ts'
import { dh, dhKeyPairFrom } from '../crypto/x25519.ts'
import { contextOf, formatPairingCode, parsePairingCode } from '../session/pairing-code.ts'
import { parseRelayAddress } from '../session/relay-url.ts'
import {
  confirmation,
  type Mode,
  type RunSecret,
  type SessionKeys,
  sasCommitment,
  sasDigits,
  sessionKeys,
  transcriptHash,
} from '../session/schedule.ts'
import { headOf, unwrap, unwrapError, wrap, wrapError, wrapRekeyAsk } from '../session/wrap.ts'
import { ascii, drawing, hex } from './deterministic.ts'
import { type Construction, Ignored, type Input } from './operation.ts'
import { askedForRekey } from './runs.ts'

export const typeNameOf = (value: number): HandshakeTypeName =>
  (Object.keys(HANDSHAKE_TYPES) as HandshakeTypeName[]).find((name) => HANDSHAKE_TYPES[name] === value) ?? 'M1'

export const qr: Construction = {
  encode(input) {
    const payload = {
      flags: input.number('flags'),
      suites: input.number('suites'),
      expiry: input.number('expiry'),
      deviceId: input.bytes('deviceId'),
      routeId: input.bytes('routeId'),
      pairingSecret: input.bytes('pairingSecret'),
      relay: ascii(input.text('relay')),
    }
    const { origin, url } = parseRelayAddress(input.text('relay'), payload.flags === 0)
    return { payload: hex(QrPayload.encode(payload)), uri: formatPairingCode(payload), origin, url }
  },
  decode(input) {
    const { payload, relay } = parsePairingCode(input.text('uri'), input.number('now') * 1_000)
    // This implementation has both suites; a case for one that has fewer is judged by the same bits.
    if ((payload.suites & input.number('suites')) === 0) throw new ProtocolError('suite')
    const { origin, url, address } = relay
    return {
      ...{ flags: payload.flags, suites: payload.suites, expiry: payload.expiry, relay: address, origin, url },
      deviceId: hex(payload.deviceId),
      routeId: hex(payload.routeId),
      pairingSecret: hex(payload.pairingSecret),
    }
  },
}

export const wraps: Construction = {
  seal(input) {
    const { secret, salt, body } = {
      secret: input.bytes('secret'),
      salt: input.bytes('salt'),
      body: input.bytes('body'),
    }
    const type = typeNameOf(input.number('type'))
    return { frame: hex(wrap(secret, type, input.number('suite'), body, drawing(salt))) }
  },
  open(input) {
    const frame = input.bytes('frame')
    const { type, suite } = headOf(frame)
    if (!input.list('types').some((entry) => entry.number('value') === HANDSHAKE_TYPES[type])) {
      throw new ProtocolError('type')
    }
    return { type: HANDSHAKE_TYPES[type], suite, body: hex(unwrap(input.bytes('secret'), frame)) }
  },
}

const runOf = (mode: Mode, secret: Uint8Array, context: Uint8Array): RunSecret => ({ mode, secret, context })
export const NO_BYTES = new Uint8Array(0)

/** The run of a pairing whose code's payload is given. */
export function pairingRunOf(qrPayload: Uint8Array): { run: RunSecret; payload: QrPayload } {
  const payload = QrPayload.decode(qrPayload)
  return { run: runOf('pairing', payload.pairingSecret, contextOf(payload)), payload }
}

export const transcript: Construction = {
  hash(input) {
    const run = runOf(input.number('mode') === 1 ? 'pairing' : 'rekey', NO_BYTES, input.bytes('ctx'))
    return { th: hex(transcriptHash(run, input.number<Suite>('suite'), input.bytes('m1Body'), input.bytes('m2Part'))) }
  },
}

/** Under the names of the vectors. */
export const namedKeys = (keys: SessionKeys): Record<string, string> => ({
  rk0: hex(keys.rootKey),
  kcA: hex(keys.confirmAgent),
  kcC: hex(keys.confirmController),
  sask: hex(keys.sas),
  ppk: hex(keys.pairingKey),
  sid: hex(keys.sessionId),
  htA: hex(keys.headerAgent),
  htC: hex(keys.headerController),
})

function scheduled(input: Input, run: RunSecret): Record<string, string> {
  const [agent, controller] = [input.inner('agent'), input.inner('controller')]
  const pair = (of: Input, name: string) => dhKeyPairFrom(of.bytes(name))
  const [spk, opk] = [pair(controller, 'spkPrivate'), pair(controller, 'opkPrivate')]
  const ephemeral = pair(agent, 'ephemeralPrivate')
  const shared = [
    dh(pair(agent, 'dhPrivate'), spk.publicKey),
    dh(ephemeral, pair(controller, 'dhPrivate').publicKey),
    dh(ephemeral, spk.publicKey),
    dh(ephemeral, opk.publicKey),
  ]
  const [dh1, dh2, dh3, dh4] = shared.map(hex) as [string, string, string, string]
  const kem = input.number('suite') === 2
  if (kem) shared.push(decapsulate(kemKeyPairFrom(input.bytes('kemSeed')), input.bytes('kemCiphertext')))
  const ss = kem ? hex(shared[4] as Uint8Array) : ''
  return { ...{ dh1, dh2, dh3, dh4, ss }, ...namedKeys(sessionKeys(run, shared, input.bytes('th'))) }
}

export const schedulePair: Construction = {
  keys(input) {
    const { run } = pairingRunOf(input.bytes('qrPayload'))
    return { ctx: hex(run.context), ...scheduled(input, run) }
  },
}

export const scheduleRekey: Construction = {
  keys(input) {
    const { ppk: _, ...keys } = scheduled(input, runOf('rekey', input.bytes('ppk'), NO_BYTES))
    return keys
  },
}

const confirmed = (input: Input) => confirmation(input.bytes('kc'), input.bytes('th'), input.bytes('signature'))

export const confirm: Construction = {
  mac: (input) => ({ confirmation: hex(confirmed(input)) }),
  check(input) {
    if (!equal(confirmed(input), input.bytes('confirmation'))) throw new ProtocolError('confirm')
    return { matched: true }
  },
}

export const sas: Construction = {
  digits(input) {
    const digits = sasDigits(input.bytes('sask'), input.bytes('th'), input.bytes('sasNonce'))
    return { digits, shown: spacedDigits(digits) }
  },
}

export const sasCommit: Construction = {
  commit: (input) => ({ sasCommit: hex(sasCommitment(input.bytes('sasNonce'))) }),
  open(input) {
    if (!equal(sasCommitment(input.bytes('sasNonce')), input.bytes('sasCommit'))) throw new ProtocolError('confirm')
    return { opened: true }
  },
}

export const hsError: Construction = {
  seal(input) {
    const code = handshakeErrorOf(input.number('code'))
    const frame = wrapError(input.bytes('secret'), input.bytes('answered'), code, drawing(input.bytes('salt')))
    return { frame: hex(frame) }
  },
  receive(input) {
    const codes = input
      .list('outstanding')
      .map((sent) => unwrapError(input.bytes('secret'), input.bytes('frame'), sent.bytes('value')))
    // Without an outstanding frame there is nothing to compare, and a bad frame is refused all the same.
    if (codes.length === 0) unwrapError(input.bytes('secret'), input.bytes('frame'), NO_BYTES)
    const outstanding = codes.findIndex((code) => code !== null)
    if (outstanding < 0) throw new Ignored()
    return { code: codes[outstanding], outstanding }
  },
}

export const rekeyAsk: Construction = {
  seal(input) {
    const reason = Object.entries(REKEY_REASONS).find(([, value]) => value === input.number('reason'))?.[0]
    const salt = drawing(input.bytes('salt'))
    return { frame: hex(wrapRekeyAsk(input.bytes('ppk'), input.number<Suite>('suite'), reason as RekeyReason, salt)) }
  },
  receive: askedForRekey,
}
