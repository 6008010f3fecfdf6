// The whole protocol once: pairing, a message each way, a bind, a rekey.

import assert from 'node:assert/strict'
import { label } from '@happy-remote/schemas/constants.ts'
import { concat, u16, utf8 } from '../crypto/bytes.ts'
import { importSigningKey, sign } from '../crypto/ed25519.ts'
import { createIdentity, routeIdOf } from '../crypto/identity.ts'
import { hash } from '../crypto/primitives.ts'
import { importDhKey } from '../crypto/x25519.ts'
import { buildBundle, checkBundle } from '../session/bundle.ts'
import { answerBundle, checkFinish } from '../session/handshake-agent.ts'
import { acceptAnswer } from '../session/handshake-controller.ts'
import { parseMessage } from '../session/message.ts'
import { encodePairingCode, pairingCodeText } from '../session/pairing-code.ts'
import { decrypt, encrypt, startRatchet } from '../session/ratchet.ts'
import { pairingRun, type Run, rekeyRun } from '../session/run.ts'
import { openHandshake, sealHandshake } from '../session/wrap.ts'
import { defineVectors, hex, type Input } from './operation.ts'

defineVectors('known-answers', { all: everything })

async function everything(input: Input) {
  const secret = (name: string) => hex(input.secrets[name])
  const dh = (name: string) => importDhKey(secret(name))
  const { suite, epoch, supported, suites, expiry, spkId, opkId } = input
  const agent = await createIdentity(await importSigningKey(secret('agent/iks')), await dh('agent/ikd'), epoch)
  const controller = await createIdentity(
    await importSigningKey(secret('controller/iks')),
    await dh('controller/ikd'),
    epoch,
  )
  const [routeA, routeC] = await Promise.all([
    importSigningKey(secret('agent/route')),
    importSigningKey(secret('controller/route')),
  ])
  const [idA, idC] = [routeIdOf(routeA.publicKey), routeIdOf(routeC.publicKey)]
  const code = { suites, expiry, deviceId: agent.deviceId, routeId: idA, pairingSecret: secret('ps') }
  const payload = encodePairingCode({ ...code, scheme: 'wss', relay: input.host })

  /** Both sides of one run; names are those of its secrets. */
  async function handshake(
    run: Run,
    names: Record<'nonce' | 'spk' | 'opk' | 'ek' | 'ratchet', string>,
    salts: string[],
  ) {
    const keys = {
      sasNonce: secret(names.nonce),
      spkId,
      spk: await dh(names.spk),
      opkId,
      opk: await dh(names.opk),
      kem: null,
    }
    const body = await buildBundle(suite, supported, idC, controller, keys)
    const m1 = await sealHandshake(run.types[0], suite, run.secret, body, secret(salts[0] as string))
    const policy = { from: idC, offered: suites, lastSuite: 0, ownDeviceId: agent.deviceId, known: () => null }
    const bundle = await checkBundle(suite, (await openHandshake(m1, run.secret, [run.types[0]])).body, policy)
    const fresh = { ephemeral: await dh(names.ek), ratchet: await dh(names.ratchet), encapsulation: null }
    const answered = await answerBundle(run, bundle, agent, fresh, secret(salts[1] as string))
    const started = { run, suite, identity: controller, body, keys, request: m1 }
    const answer = await openHandshake(answered.answer, run.secret, [run.types[1]])
    const expected = { deviceId: agent.deviceId, known: null }
    const { finish, established } = await acceptAnswer(started, answer, expected, secret(salts[2] as string))
    const proven = await checkFinish(answered, await openHandshake(finish, run.secret, [run.types[2]]))
    return { m1, m2: answered.answer, m3: finish, established, proven }
  }

  const names = {
    nonce: 'sas-nonce',
    spk: 'controller/spk',
    opk: 'controller/opk',
    ek: 'agent/ek',
    ratchet: 'agent/ratchet0',
  }
  const pair = await handshake(pairingRun(payload, code.pairingSecret), names, ['salt1', 'salt2', 'salt3'])
  const { keys, transcript, digits } = pair.established

  let a = await startRatchet(pair.proven)
  let c = await startRatchet(pair.established, () => dh('controller/ratchet1'))
  const ping = await encrypt(c, utf8(input.ping), secret('nonce0'))
  c = ping.state
  const heard = await decrypt(a, parseMessage(ping.frame, 'controller'), 0, () => dh('agent/ratchet1'))
  a = heard.state
  const pong = await encrypt(a, utf8(input.pong), secret('nonce1'))
  const answer = await decrypt(c, parseMessage(pong.frame, 'agent'), 0, () => dh('controller/ratchet2'))
  const said = [heard, answer].map(({ plaintext }) => new TextDecoder().decode(plaintext))
  assert.deepEqual(said, [input.ping, input.pong])

  const origin = utf8(input.origin)
  const bound = concat(label('relay-auth'), u16(origin.length), origin, secret('relay-nonce'), routeA.publicKey, idC)
  const again = { nonce: 'sas-nonce2', spk: 'c/spk2', opk: 'c/opk2', ek: 'agent/ek2', ratchet: 'agent/rat2' }
  const rekey = await handshake(rekeyRun(keys.pairingKey as Uint8Array, keys.sessionId), again, ['rs1', 'rs2', 'rs3'])
  return {
    ...{ m1: pair.m1, m2: pair.m2, m3: pair.m3, r1: rekey.m1, r2: rekey.m2, r3: rekey.m3 },
    ...{ qr_payload: payload, qr_uri: pairingCodeText(payload), certAgent: agent.certificate },
    ...{ device_agent: agent.deviceId, device_controller: controller.deviceId },
    ...{ route_agent: idA, route_controller: idC },
    ...{ sha256_M1: hash(pair.m1), sha256_M2: hash(pair.m2), sha256_M3: hash(pair.m3), TH: transcript, sas: digits },
    ...{ rk0: keys.rootKey, kca: keys.confirmAgent, kcc: keys.confirmController, sask: keys.sasKey },
    ...{ ppk: keys.pairingKey, sid: keys.sessionId, htka: keys.headerAgent, htkc: keys.headerController },
    ...{
      msg_c2a_0: ping.frame,
      msg_a2c_0: pong.frame,
      rk_agent: pong.state.rootKey,
      rk_controller: answer.state.rootKey,
    },
    relay_sig_agent: await sign(routeA, bound),
    ...{ rekey_TH: rekey.established.transcript, rekey_rk0: rekey.established.keys.rootKey },
  }
}
