// Protocol.md 14.4: one pairing, one message each way, one bind, one rekey, all from printed seeds.

import { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import { type Static, Type } from 'typebox'
import type { Backend } from '../backend/backend.ts'
import { ascii, hex, unhex } from '../protocol/bytes.ts'
import { deviceIdOf, routeIdOf } from '../protocol/identity.ts'
import { encodePayload, payloadToUri } from '../protocol/qr.ts'
import { receive, send, start, startController } from '../protocol/ratchet.ts'
import { bindSignedBytes } from '../protocol/relay.ts'
import { handshake } from './handshake.ts'
import { Hex, operation, Shape, U8, U16, U32 } from './operation.ts'

const names = [
  'agent/iks',
  'agent/ikd',
  'agent/route',
  'agent/ek',
  'agent/ratchet0',
  'agent/ratchet1',
  'agent/ek2',
  'agent/rat2',
  'controller/iks',
  'controller/ikd',
  'controller/route',
  'controller/spk',
  'controller/opk',
  'controller/ratchet1',
  'controller/ratchet2',
  'c/spk2',
  'c/opk2',
  'sas-nonce',
  'sas-nonce2',
  'salt1',
  'salt2',
  'salt3',
  'rs1',
  'rs2',
  'rs3',
  'relay-nonce',
] as const
/** Names whose seed is cut, with the bytes that are left. */
const short = { ps: 16, nonce0: 12, nonce1: 12 } as const
export const SEEDS: Record<string, number> = { ...Object.fromEntries(names.map((name) => [name, 32])), ...short }

type Name = (typeof names)[number] | keyof typeof short
type Secrets = Record<Name, string>
const Secrets = Shape(Object.fromEntries(Object.entries(SEEDS).map(([name, size]) => [name, Hex(size)])))

const Input = {
  secrets: Secrets,
  suite: Type.Literal(1),
  epoch: U32,
  supported: U16,
  suites: U8,
  expiry: U32,
  host: Type.String(),
  spkId: U32,
  opkId: U32,
  origin: Type.String(),
  ping: Type.String({ description: 'raw plaintext of msg_c2a_0, no plaintext frame' }),
  pong: Type.String(),
}
const inputShape = Shape(Input)
type KnownInput = Static<typeof inputShape>

const ANSWERS = {
  qr_payload: Hex(),
  qr_uri: Type.String(),
  device_agent: Hex(16),
  device_controller: Hex(16),
  route_agent: Hex(16),
  route_controller: Hex(16),
  sha256_M1: Hex(32),
  sha256_M2: Hex(32),
  sha256_M3: Hex(32),
  TH: Hex(32),
  rk0: Hex(32),
  kca: Hex(32),
  kcc: Hex(32),
  sask: Hex(32),
  ppk: Hex(32),
  sid: Hex(16),
  htka: Hex(32),
  htkc: Hex(32),
  sas: Type.String(),
  msg_c2a_0: Hex(),
  msg_a2c_0: Hex(),
  rk_agent: Hex(32),
  rk_controller: Hex(32),
  relay_sig_agent: Hex(64),
  rekey_TH: Hex(32),
  rekey_rk0: Hex(32),
}

/** Whole frames and the rekey's messages, whose hashes alone the design prints. */
const Intermediate = { m1: Hex(), m2: Hex(), m3: Hex(), r1: Hex(), r2: Hex(), r3: Hex(), certAgent: Hex(132) }

async function ids(backend: Backend, secrets: Secrets) {
  const device = async (name: Name) => deviceIdOf(backend, await backend.signPublic(unhex(secrets[name])))
  const route = async (name: Name) => routeIdOf(backend, await backend.signPublic(unhex(secrets[name])))
  return {
    deviceAgent: await device('agent/iks'),
    deviceController: await device('controller/iks'),
    routeAgent: await route('agent/route'),
    routeController: await route('controller/route'),
  }
}

/** Input of a handshake operation, with the secrets that differ between pairing and rekey. */
function parties(input: KnownInput, routeId: Uint8Array, own: Record<'ek' | 'rk' | 'spk' | 'opk' | 'sas', Name>) {
  const secrets = input.secrets as Secrets
  const { epoch, supported, spkId, opkId } = input
  return {
    suite: 1,
    agent: {
      identitySeed: secrets['agent/iks'],
      dhPrivate: secrets['agent/ikd'],
      epoch,
      ephemeralPrivate: secrets[own.ek],
      ratchetPrivate: secrets[own.rk],
    },
    controller: {
      identitySeed: secrets['controller/iks'],
      dhPrivate: secrets['controller/ikd'],
      epoch,
      supported,
      routeId: hex(routeId),
      sasNonce: secrets[own.sas],
      spkId,
      spkPrivate: secrets[own.spk],
      opkId,
      opkPrivate: secrets[own.opk],
      kemSeed: '',
    },
    kemCiphertext: '',
  }
}

type Texts = Record<string, string>

async function exchange(backend: Backend, input: KnownInput, keys: Texts, th: string) {
  const secrets = input.secrets as Secrets
  const key = (name: Name) => unhex(secrets[name])
  const from = {
    suite: 1,
    keys: {
      rk0: unhex(keys.rk0 as string),
      sid: unhex(keys.sid as string),
      htA: unhex(keys.htA as string),
      htC: unhex(keys.htC as string),
    },
    th: unhex(th),
  }
  const spk = await backend.dhPublic(key('controller/spk'))
  const rk = await backend.dhPublic(key('agent/ratchet0'))
  const agent0 = await start(backend, { ...from, role: 'agent', ownPrivate: key('agent/ratchet0'), peerKey: spk })
  const controller0 = await startController(
    backend,
    { ...from, role: 'controller', ownPrivate: key('controller/spk'), peerKey: rk },
    key('controller/ratchet1'),
  )
  const ping = await send(backend, controller0, key('nonce0'), ascii(input.ping))
  const agent1 = await receive(backend, [agent0], ping.frame, key('agent/ratchet1'))
  const pong = await send(backend, agent1.state, key('nonce1'), ascii(input.pong))
  const controller1 = await receive(backend, [ping.state], pong.frame, key('controller/ratchet2'))
  return {
    msg_c2a_0: hex(ping.frame),
    msg_a2c_0: hex(pong.frame),
    rk_agent: hex(agent1.state.rootKey),
    rk_controller: hex(controller1.state.rootKey),
  }
}

export const knownAnswers = {
  all: operation({
    input: Input,
    intermediate: Intermediate,
    output: ANSWERS,
    async compute(backend, input) {
      const secrets = input.secrets as Secrets
      const id = await ids(backend, secrets)
      const qrPayload = encodePayload({
        flags: 0,
        suites: input.suites,
        expiry: input.expiry,
        deviceId: id.deviceAgent,
        routeId: id.routeAgent,
        pairingSecret: unhex(secrets.ps),
        relay: input.host,
      })
      const first = { ek: 'agent/ek', rk: 'agent/ratchet0', spk: 'controller/spk', opk: 'controller/opk' } as const
      const pairing = await handshake.pairing.compute(backend, {
        ...parties(input, id.routeController, { ...first, sas: 'sas-nonce' }),
        salts: [secrets.salt1, secrets.salt2, secrets.salt3],
        qrPayload: hex(qrPayload),
      })
      const keys = pairing.output as Texts
      const inner = pairing.intermediate as Texts
      const second = { ek: 'agent/ek2', rk: 'agent/rat2', spk: 'c/spk2', opk: 'c/opk2', sas: 'sas-nonce2' } as const
      const rekey = await handshake.rekey.compute(backend, {
        ...parties(input, id.routeController, second),
        salts: [secrets.rs1, secrets.rs2, secrets.rs3],
        ppk: keys.ppk,
        pairingId: keys.sid,
      })
      const routeKey = await backend.signPublic(unhex(secrets['agent/route']))
      const nonce = unhex(secrets['relay-nonce'])
      const bound = bindSignedBytes(input.origin, nonce, routeKey, id.routeController)
      const hashOf = async (frame: string) => hex(await backend.sha256(unhex(frame)))
      const frames = { m1: keys.m1 as string, m2: keys.m2 as string, m3: keys.m3 as string }
      const rekeyed = rekey.output as Texts
      return {
        intermediate: {
          ...frames,
          r1: rekeyed.m1 as string,
          r2: rekeyed.m2 as string,
          r3: rekeyed.m3 as string,
          certAgent: (inner.m2Body as string).slice(0, 2 * (IdentityCert.size ?? 0)),
        },
        output: {
          qr_payload: hex(qrPayload),
          qr_uri: payloadToUri(qrPayload),
          device_agent: hex(id.deviceAgent),
          device_controller: hex(id.deviceController),
          route_agent: hex(id.routeAgent),
          route_controller: hex(id.routeController),
          sha256_M1: await hashOf(frames.m1),
          sha256_M2: await hashOf(frames.m2),
          sha256_M3: await hashOf(frames.m3),
          TH: inner.th as string,
          rk0: keys.rk0 as string,
          kca: keys.kcA as string,
          kcc: keys.kcC as string,
          sask: keys.sask as string,
          ppk: keys.ppk as string,
          sid: keys.sid as string,
          htka: keys.htA as string,
          htkc: keys.htC as string,
          sas: keys.digits as string,
          ...(await exchange(backend, input, keys, inner.th as string)),
          relay_sig_agent: hex(await backend.sign(unhex(secrets['agent/route']), bound)),
          rekey_TH: (rekey.intermediate as Texts).th as string,
          rekey_rk0: rekeyed.rk0 as string,
        },
      }
    },
  }),
}
