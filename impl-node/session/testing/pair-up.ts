// Two ends that have run a handshake with each other, with everything a test may want to tamper with.

import type { Suite } from '@happy-remote/schemas/constants.ts'
import type { QrPayload } from '@happy-remote/schemas/pairing.ts'
import { signingKeyPairFrom } from '../../crypto/ed25519.ts'
import { type Identity, identityFrom } from '../../crypto/identity.ts'
import { type Random, sha256 } from '../../crypto/primitives.ts'
import { type RouteKey, routeKeyFrom } from '../../crypto/route.ts'
import { dhKeyPairFrom } from '../../crypto/x25519.ts'
import { ascii, hex, secretOf, streaming } from '../../vectors/deterministic.ts'
import { type AnsweredRun, answerM1, type CompletedRun, completeRun, openM1 } from '../initiator.ts'
import { contextOf } from '../pairing-code.ts'
import type { Ratchet } from '../ratchet.ts'
import { type AcceptedM2, acceptM2, type Bundle, createBundle } from '../responder.ts'
import type { Mode, RunSecret } from '../schedule.ts'
import { exportState } from '../state-image.ts'

const identityOf = (name: string): Identity =>
  identityFrom(signingKeyPairFrom(secretOf(`${name}/iks`)), dhKeyPairFrom(secretOf(`${name}/ikd`)), 3)

/** Identities and routes are the same in every test; only runs differ. */
export const agentIdentity = identityOf('test/agent')
export const controllerIdentity = identityOf('test/controller')
export const strangerIdentity = identityOf('test/stranger')
export const agentRoute: RouteKey = routeKeyFrom(secretOf('test/agent/route'))
export const controllerRoute: RouteKey = routeKeyFrom(secretOf('test/controller/route'))

export const payload: QrPayload = {
  flags: 0,
  suites: 0b11,
  expiry: 1_800_000_000,
  deviceId: agentIdentity.deviceId,
  routeId: agentRoute.routeId,
  pairingSecret: secretOf('test/ps', 16),
  relay: ascii('relay.example.com'),
}

export const runSecrets: Record<Mode, RunSecret> = {
  pairing: { mode: 'pairing', secret: payload.pairingSecret, context: contextOf(payload) },
  rekey: { mode: 'rekey', secret: secretOf('test/ppk'), context: secretOf('test/sid', 16) },
}

export const pinnedOf = ({ cert }: Identity) => ({
  identityKey: cert.identityKey,
  dhKey: cert.dhKey,
  epoch: cert.epoch,
})

/** What the agent of these tests passes to `answerM1`. */
export const answerOptions = (mode: Mode) => ({
  identity: agentIdentity,
  from: controllerRoute.routeId,
  offered: payload.suites,
  ...(mode === 'rekey' && { pinned: pinnedOf(controllerIdentity) }),
})

/** What the controller of these tests expects of M2 or R2. */
export const expectedOf = (mode: Mode) =>
  mode === 'pairing' ? { deviceId: agentIdentity.deviceId } : pinnedOf(agentIdentity)

export interface PairUpOptions {
  readonly suite?: Suite
  readonly mode?: Mode
  /** Names the randomness of both ends; without it, it is the system's. */
  readonly name?: string
}

export interface PairedUp {
  readonly run: RunSecret
  readonly bundle: Bundle
  readonly answered: AnsweredRun
  readonly accepted: AcceptedM2
  readonly completed: CompletedRun
  readonly agent: Ratchet
  readonly controller: Ratchet
}

/** A whole handshake. With suite 0x0002 the ML-KEM encapsulation stays random even with a name. */
export function pairUp({ suite = 1, mode = 'pairing', name }: PairUpOptions = {}): PairedUp {
  const run = runSecrets[mode]
  const random = (side: string): { random?: Random } => (name === undefined ? {} : { random: streaming(name + side) })
  const [ofAgent, ofController] = [random('/agent'), random('/controller')]
  // Both suites are common, so suite 0x0001 is only right where the controller says that it has no other.
  const supported = suite === 1 ? 0b01 : 0b11
  const { routeId } = controllerRoute
  const bundle = createBundle(run, suite, controllerIdentity, routeId, ofController.random, supported)
  const answered = answerM1(openM1(run, bundle.frame), { ...answerOptions(mode), ...ofAgent })
  const accepted = acceptM2(bundle, answered.frame, controllerIdentity, expectedOf(mode), ofController.random)
  const completed = completeRun(answered, accepted.frame, ofAgent.random)
  return { run, bundle, answered, accepted, completed, agent: completed.ratchet, controller: accepted.ratchet }
}

/** Two states are bit-identical exactly where this is equal. */
export const stateHash = (ratchet: Ratchet): string => hex(sha256(exportState(ratchet.state, 0)))
