// Messages that are judged by what came before them: by the attempt and the rekey that the program runs.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { M1Body, QrPayload, type RekeyReason } from '@happy-remote/schemas/pairing.ts'
import { deviceIdOf, generateIdentity } from '../crypto/identity.ts'
import { equal } from '../crypto/primitives.ts'
import { AgentPairing, type PairingEnd } from '../link/pairing-agent.ts'
import { RekeyController } from '../link/rekey-controller.ts'
import type { RouteHandlers } from '../link/socket.ts'
import { type OpenedM1, openM1 } from '../session/initiator.ts'
import { contextOf } from '../session/pairing-code.ts'
import type { PairingRecord } from '../session/record.ts'
import { parseRelayAddress } from '../session/relay-url.ts'
import type { RunSecret } from '../session/schedule.ts'
import { headOf, knownSuite, unwrapError, unwrapRekeyAsk, wrapRekeyAsk } from '../session/wrap.ts'
import { drawing, hex } from './deterministic.ts'
import { pinnedOf } from './identity.ts'
import type { Input } from './operation.ts'

/** What a bundle says, under the names of the vectors. */
export function shownByBundle(opened: OpenedM1) {
  const suite = knownSuite(opened.suite)
  const { supported, routeId, sasCommit, cert, prekeys } = M1Body[suite].decode(opened.bytes)
  const { spkId, opkId, spk, opk } = prekeys
  return {
    ...{ suite, supported, spkId, opkId, routeId: hex(routeId), deviceId: hex(deviceIdOf(cert.identityKey)) },
    ...{ sasCommit: hex(sasCommit), spk: hex(spk), opk: hex(opk) },
  }
}

/** The attempt of an agent that shows the code of `payload`, at a relay that is not there. */
function attemptOf(payload: QrPayload, now: number, input: Input) {
  const sent: Uint8Array[] = []
  const ends: PairingEnd[] = []
  let handlers: RouteHandlers | undefined
  const pinned = pinnedOf(input)
  const relay = parseRelayAddress(Buffer.from(payload.relay).toString(), (payload.flags & 1) === 0)
  const attempt = new AgentPairing({
    identity: { ...generateIdentity(), deviceId: payload.deviceId },
    socket: {
      relay,
      attach: (key, _, given) => {
        handlers = given
        const send = (_to: Uint8Array, frame: Uint8Array) => sent.push(new Uint8Array(frame)) > 0
        return { routeId: key.routeId, bindTo() {}, send, release() {} }
      },
    },
    ...{ capabilities: [], suites: payload.suites, ttl: payload.expiry * 1_000 - now },
    ...(pinned && { known: () => pinned }),
    // Its route's seed, then its secret; what follows is in what it answers, which is not compared.
    random: (size) =>
      size === 16 ? new Uint8Array(payload.pairingSecret) : crypto.getRandomValues(new Uint8Array(size)),
    events: { onScanned() {}, onDigits() {}, onOtherDevice() {}, onEnd: (end) => ends.push(end) },
  })
  const receive = (frame: Uint8Array) => handlers?.onFrame(input.bytes('from'), frame)
  return { attempt, receive, sent, ends }
}

/** An M1 at an agent that shows a code, perhaps after another one. */
export function firstM1(input: Input): Record<string, unknown> {
  const payload = QrPayload.decode(input.bytes('qrPayload'))
  const secret = new Uint8Array(payload.pairingSecret)
  const run: RunSecret = { mode: 'pairing', secret, context: contextOf(payload) }
  const frame = input.bytes('frame')
  const opened = openM1(run, frame)
  const { attempt, receive, sent, ends } = attemptOf(payload, input.number('now') * 1_000, input)
  try {
    if (input.is('answered')) receive(input.bytes('answered'))
    receive(frame)
  } finally {
    attempt.cancel()
  }
  const [end] = ends
  if (end?.outcome === 'failed' && end.reason !== 'cancelled') throw new ProtocolError(end.reason)
  const answers = input.is('answered') ? sent.slice(1) : sent
  const [answer] = answers
  if (!answer) throw new Error('There is no answer')
  const code = headOf(answer).type === 'HS_ERROR' ? unwrapError(secret, answer, frame) : null
  if (code) throw new ProtocolError(code)
  return { ...shownByBundle(opened), repeat: input.is('answered') && equal(answer, sent[0] as Uint8Array) }
}

const MINUTE = 60_000

/** A REKEY_ASK at a controller that has honoured others. */
export function askedForRekey(input: Input): { reason: RekeyReason } {
  const [ppk, frame] = [input.bytes('ppk'), input.bytes('frame')]
  let started = 0
  const record = { pairingKey: ppk, pairingId: new Uint8Array(16), suite: 1 } as PairingRecord
  const rekey = new RekeyController({
    ...{ identity: generateIdentity(), routeId: new Uint8Array(16), record: () => record, suite: () => 1 as const },
    ...{ send: () => started++, accepted() {}, givenUp() {} },
  })
  let now = 0
  const honours = (asked: Uint8Array): boolean => {
    const before = started
    now += MINUTE
    rekey.onAsk(asked, Number.POSITIVE_INFINITY, now)
    rekey.finished()
    return started > before
  }
  const reason = unwrapRekeyAsk(ppk, frame)
  for (const salt of input.list('seenSalts')) {
    if (!honours(wrapRekeyAsk(ppk, 1, 'no-session', drawing(salt.bytes('value')))))
      throw new Error('It was not honoured')
  }
  if (!honours(frame)) throw new ProtocolError('replay')
  return { reason }
}
