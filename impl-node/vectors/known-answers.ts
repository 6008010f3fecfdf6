// The known answers that every implementation must reproduce byte for byte: one pairing, one message each
// way, one bind and one rekey. Plaintexts are raw, without a frame around them.

import assert from 'node:assert/strict'
import type { Suite } from '@happy-remote/schemas/constants.ts'
import { QrPayload } from '@happy-remote/schemas/pairing.ts'
import { signingKeyPairFrom } from '../crypto/ed25519.ts'
import { identityFrom } from '../crypto/identity.ts'
import { sha256, uint } from '../crypto/primitives.ts'
import { relayAuthInput, routeKeyFrom } from '../crypto/route.ts'
import { dhKeyPairFrom } from '../crypto/x25519.ts'
import { answerM1, completeRun, openM1 } from '../session/initiator.ts'
import { formatPairingCode, parsePairingCode } from '../session/pairing-code.ts'
import { acceptM2, createBundle } from '../session/responder.ts'
import type { RunSecret } from '../session/schedule.ts'
import { ascii, drawing, hex } from './deterministic.ts'
import type { Construction, Input } from './operation.ts'

function all(input: Input): Record<string, unknown> {
  const secrets = input.inner('secrets')
  const seed = (name: string) => secrets.bytes(name)
  const identity = (name: string) =>
    identityFrom(signingKeyPairFrom(seed(`${name}/iks`)), dhKeyPairFrom(seed(`${name}/ikd`)), input.number('epoch'))
  const suite = input.number<Suite>('suite')
  const [spkId, opkId] = [uint(32, input.number('spkId')), uint(32, input.number('opkId'))]
  const [agent, controller] = [identity('agent'), identity('controller')]
  const [agentRoute, controllerRoute] = [routeKeyFrom(seed('agent/route')), routeKeyFrom(seed('controller/route'))]
  const payload = {
    ...{ flags: 0, suites: input.number('suites'), expiry: input.number('expiry'), deviceId: agent.deviceId },
    ...{ routeId: agentRoute.routeId, pairingSecret: seed('ps'), relay: ascii(input.text('host')) },
  }
  const uri = formatPairingCode(payload)
  const code = parsePairingCode(uri, payload.expiry * 1_000)
  assert.equal(code.relay.origin, input.text('origin'))
  const supported = input.number('supported')
  const options = { identity: agent, from: controllerRoute.routeId, offered: code.payload.suites }

  const run: RunSecret = { mode: 'pairing', secret: code.payload.pairingSecret, context: code.context }
  const ofController = drawing(
    ...[seed('sas-nonce'), spkId, seed('controller/spk'), opkId, seed('controller/opk'), seed('salt1')],
    ...[seed('controller/ratchet1'), seed('salt3'), seed('nonce0'), seed('controller/ratchet2')],
  )
  const ofAgent = drawing(
    ...[seed('agent/ek'), seed('agent/ratchet0'), seed('salt2'), seed('agent/ratchet1'), seed('nonce1')],
  )
  const bundle = createBundle(run, suite, controller, controllerRoute.routeId, ofController, supported)
  const answered = answerM1(openM1(run, bundle.frame), { ...options, random: ofAgent })
  const accepted = acceptM2(bundle, answered.frame, controller, { deviceId: code.payload.deviceId }, ofController)
  const completed = completeRun(answered, accepted.frame, ofAgent)
  assert.equal(accepted.digits, completed.digits)

  const ping = accepted.ratchet.encrypt(ascii(input.text('ping')))
  assert.deepEqual(completed.ratchet.decrypt(ping, 0).plaintext, ascii(input.text('ping')))
  const pong = completed.ratchet.encrypt(ascii(input.text('pong')))
  assert.deepEqual(accepted.ratchet.decrypt(pong, 0).plaintext, ascii(input.text('pong')))

  const rekey: RunSecret = { mode: 'rekey', secret: completed.pairingKey, context: completed.sessionId }
  const again = drawing(seed('sas-nonce2'), spkId, seed('c/spk2'), opkId, seed('c/opk2'), seed('rs1'))
  const rekeyBundle = createBundle(rekey, suite, controller, controllerRoute.routeId, again, supported)
  const rekeyed = answerM1(openM1(rekey, rekeyBundle.frame), {
    ...options,
    random: drawing(seed('agent/ek2'), seed('agent/rat2'), seed('rs2')),
  })

  const { keys } = answered
  const bind = {
    ...{ origin: code.relay.origin, nonce: seed('relay-nonce') },
    ...{ routeKey: agentRoute.publicKey, peer: controllerRoute.routeId },
  }
  return {
    ...{ m1: hex(bundle.frame), m2: hex(answered.frame), m3: hex(accepted.frame) },
    ...{ r1: hex(rekeyBundle.frame), r2: hex(rekeyed.frame), certAgent: hex(agent.certBytes) },
    ...{ qr_payload: hex(QrPayload.encode(payload)), qr_uri: uri },
    ...{ device_agent: hex(agent.deviceId), device_controller: hex(controller.deviceId) },
    ...{ route_agent: hex(agentRoute.routeId), route_controller: hex(controllerRoute.routeId) },
    sha256_M1: hex(sha256(bundle.frame)),
    sha256_M2: hex(sha256(answered.frame)),
    sha256_M3: hex(sha256(accepted.frame)),
    ...{ TH: hex(answered.transcript), rk0: hex(keys.rootKey) },
    ...{ kca: hex(keys.confirmAgent), kcc: hex(keys.confirmController), sask: hex(keys.sas) },
    ...{ ppk: hex(accepted.keys.pairingKey), sid: hex(accepted.keys.sessionId) },
    ...{ htka: hex(keys.headerAgent), htkc: hex(keys.headerController), sas: accepted.digits },
    ...{ msg_c2a_0: hex(ping), msg_a2c_0: hex(pong) },
    rk_agent: hex(completed.ratchet.state.rootKey),
    rk_controller: hex(accepted.ratchet.state.rootKey),
    relay_sig_agent: hex(agentRoute.sign(relayAuthInput(bind))),
    ...{ rekey_TH: hex(rekeyed.transcript), rekey_rk0: hex(rekeyed.keys.rootKey) },
  }
}

export const knownAnswers: Construction = { all }
