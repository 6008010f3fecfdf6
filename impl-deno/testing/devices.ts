// Two devices and what they agree on, for tests.

import { generateSigningKey } from '../crypto/ed25519.ts'
import { createIdentity, type Identity } from '../crypto/identity.ts'
import { random } from '../crypto/primitives.ts'
import { generateDhKey } from '../crypto/x25519.ts'
import { checkBundle } from '../session/bundle.ts'
import type { Clock } from '../session/clock.ts'
import type { Established } from '../session/handshake.ts'
import { answerBundle, checkFinish } from '../session/handshake-agent.ts'
import { acceptAnswer, startHandshake } from '../session/handshake-controller.ts'
import { encodePairingCode } from '../session/pairing-code.ts'
import { pairingRun, type Run, rekeyRun } from '../session/run.ts'
import type { Suite } from '../session/suite.ts'
import { openHandshake } from '../session/wrap.ts'

export const newIdentity = async (): Promise<Identity> =>
  createIdentity(await generateSigningKey(), await generateDhKey())

export interface Devices {
  readonly agent: Identity
  readonly controller: Identity
  /** The controller's. */
  readonly routeId: Uint8Array
}

export const newDevices = async (): Promise<Devices> => ({
  agent: await newIdentity(),
  controller: await newIdentity(),
  routeId: random(16),
})

/** A code of the agent, valid for 120 s of the wall clock of `now` seconds. */
export function newCode(agent: Identity, now = Math.floor(Date.now() / 1_000), suites = 3) {
  const content = {
    suites,
    expiry: now + 120,
    deviceId: agent.deviceId,
    routeId: random(16),
    pairingSecret: random(16),
  }
  return { ...content, payload: encodePairingCode({ ...content, scheme: 'wss', relay: 'relay.example.com' }) }
}

export interface Agreed {
  readonly agent: Established
  readonly controller: Established
}

/** A whole handshake of the two. */
export async function agreeOn(run: Run, devices: Devices, suite: Suite = 1): Promise<Agreed> {
  const { agent, controller, routeId } = devices
  const supported = 2 ** suite - 1
  const started = await startHandshake(run, { suite, supported, routeId, identity: controller })
  const request = await openHandshake(started.request, run.secret, [run.types[0]])
  const policy = { from: routeId, offered: supported, lastSuite: 0, ownDeviceId: agent.deviceId, known: () => null }
  const answered = await answerBundle(run, await checkBundle(request.suite, request.body, policy), agent)
  const answer = await openHandshake(answered.answer, run.secret, [run.types[1]])
  const { finish, established } = await acceptAnswer(started, answer, { deviceId: agent.deviceId, known: null })
  const proven = await checkFinish(answered, await openHandshake(finish, run.secret, [run.types[2]]))
  return { agent: proven, controller: established }
}

export async function pair(devices: Devices, suite: Suite = 1): Promise<Agreed> {
  const { payload, pairingSecret } = newCode(devices.agent, undefined, 2 ** suite - 1)
  return agreeOn(pairingRun(payload, pairingSecret), devices, suite)
}

/** A rekey of a pairing that was made by `pair`. */
export const rekey = ({ agent }: Agreed, devices: Devices, suite: Suite = 1): Promise<Agreed> =>
  agreeOn(rekeyRun(agent.keys.pairingKey as Uint8Array, agent.keys.sessionId), devices, suite)

/** A clock that moves when it is told to. */
export class ManualClock implements Clock {
  #monotonic = 1_000
  #wall = 1_800_000_000_000
  monotonic = () => this.#monotonic
  wall = () => this.#wall

  /** Both clocks, by milliseconds; the wall clock by as much more as a machine that slept would see. */
  advance(time: number, slept = 0): void {
    this.#monotonic += time
    this.#wall += time + slept
  }
}
