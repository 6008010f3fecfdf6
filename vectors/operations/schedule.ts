// Transcript and key schedules.

import { Type } from 'typebox'
import { concat, equal, hex, unhex } from '../protocol/bytes.ts'
import {
  agentDh,
  controllerDh,
  cutKeys,
  kemSecret,
  type Mode,
  PAIRING,
  pairingContext,
  pairingSecretOf,
  preSharedKey,
  REKEY,
  schedule,
  transcriptBytes,
} from '../protocol/schedule.ts'
import { Hex, operation, Shape, Suite } from './operation.ts'

const ModeNumber = Type.Union([Type.Literal(PAIRING), Type.Literal(REKEY)])

export const transcript = {
  hash: operation({
    input: { suite: Suite, mode: ModeNumber, ctx: Hex(), m1Body: Hex(), m2Part: Hex() },
    intermediate: { hashed: Hex() },
    output: { th: Hex(32) },
    async compute(backend, { suite, mode, ctx, m1Body, m2Part }) {
      const hashed = transcriptBytes(suite, mode, unhex(ctx), unhex(m1Body), unhex(m2Part))
      return { intermediate: { hashed: hex(hashed) }, output: { th: hex(await backend.sha256(hashed)) } }
    },
  }),
}

export const KeyShapes = {
  rk0: Hex(32),
  kcA: Hex(32),
  kcC: Hex(32),
  sask: Hex(32),
  ppk: Hex(32),
  sid: Hex(16),
  htA: Hex(32),
  htC: Hex(32),
}

export const hexKeys = <T extends Record<string, Uint8Array>>(keys: T) =>
  Object.fromEntries(Object.entries(keys).map(([name, value]) => [name, hex(value)])) as { [K in keyof T]: string }

const Shares = {
  suite: Suite,
  th: Hex(32),
  agent: Shape({ dhPrivate: Hex(32), ephemeralPrivate: Hex(32) }),
  controller: Shape({ dhPrivate: Hex(32), spkPrivate: Hex(32), opkPrivate: Hex(32) }),
  kemSeed: Hex(),
  kemCiphertext: Hex(),
}

const Intermediate = {
  psk: Hex(32),
  dh1: Hex(32),
  dh2: Hex(32),
  dh3: Hex(32),
  dh4: Hex(32),
  ss: Hex(),
  ikm: Hex(),
  okm: Hex(240),
}

interface Shared {
  suite: 1 | 2
  th: string
  agent: { dhPrivate: string; ephemeralPrivate: string }
  controller: { dhPrivate: string; spkPrivate: string; opkPrivate: string }
  kemSeed: string
  kemCiphertext: string
}

async function bothSides(backend: Parameters<typeof schedule>[0], mode: Mode, secret: Uint8Array, input: Shared) {
  const { agent, controller } = input
  const publicOf = (privateHex: string) => backend.dhPublic(unhex(privateHex))
  const dhs = await agentDh(backend, {
    dhPrivate: unhex(agent.dhPrivate),
    ephemeralPrivate: unhex(agent.ephemeralPrivate),
    peerDhKey: await publicOf(controller.dhPrivate),
    spk: await publicOf(controller.spkPrivate),
    opk: await publicOf(controller.opkPrivate),
  })
  const same = await controllerDh(backend, {
    dhPrivate: unhex(controller.dhPrivate),
    spkPrivate: unhex(controller.spkPrivate),
    opkPrivate: unhex(controller.opkPrivate),
    peerDhKey: await publicOf(agent.dhPrivate),
    ephemeralKey: await publicOf(agent.ephemeralPrivate),
  })
  if (!equal(concat(...dhs), concat(...same))) throw new Error('The two sides disagree')
  const ss = await kemSecret(backend, input.suite, unhex(input.kemSeed), unhex(input.kemCiphertext))
  const psk = await preSharedKey(backend, mode, secret)
  const { ikm, okm } = await schedule(backend, psk, dhs, ss, unhex(input.th))
  const [dh1, dh2, dh3, dh4] = dhs.map(hex) as [string, string, string, string]
  return {
    intermediate: { psk: hex(psk), dh1, dh2, dh3, dh4, ss: hex(ss), ikm: hex(ikm), okm: hex(okm) },
    keys: hexKeys(cutKeys(okm)),
  }
}

export const schedulePair = {
  keys: operation({
    input: { ...Shares, qrPayload: Hex() },
    intermediate: { ...Intermediate, ctx: Hex() },
    output: KeyShapes,
    async compute(backend, input) {
      const payload = unhex(input.qrPayload)
      const { intermediate, keys } = await bothSides(backend, PAIRING, pairingSecretOf(payload), input)
      return { intermediate: { ...intermediate, ctx: hex(pairingContext(payload)) }, output: keys }
    },
  }),
}

const { ppk: _, ...rekeyKeys } = KeyShapes

export const scheduleRekey = {
  keys: operation({
    input: { ...Shares, ppk: Hex(32) },
    intermediate: Intermediate,
    output: rekeyKeys,
    async compute(backend, input) {
      const { intermediate, keys } = await bothSides(backend, REKEY, unhex(input.ppk), input)
      const { ppk: _, ...output } = keys
      return { intermediate, output }
    },
  }),
}
