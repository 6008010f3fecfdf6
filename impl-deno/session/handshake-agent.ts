// The agent's side of a handshake, pairing and rekey: it answers a bundle with M2 and checks M3
// (spec/pairing.md, M2, M3). Nothing here keeps state between calls.

import { SUITE_MLKEM } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { IdentityCert, M2_PROOF_SIZE, M2Body, M3Body } from '@happy-remote/schemas/pairing.ts'
import type { Bytes } from '../crypto/bytes.ts'
import { type Identity, signAs, verifyAs } from '../crypto/identity.ts'
import { type Encapsulation, encapsulate } from '../crypto/mlkem768.ts'
import { random } from '../crypto/primitives.ts'
import { agree, type DhKeyPair, generateDhKey } from '../crypto/x25519.ts'
import type { Bundle } from './bundle.ts'
import { AUTH_LABELS, type Established } from './handshake.ts'
import type { Run } from './run.ts'
import {
  checkCommitment,
  checkConfirmation,
  confirmation,
  deriveKeys,
  type SessionKeys,
  sasDigits,
  transcriptHash,
} from './schedule.ts'
import { type OpenedFrame, sealHandshake } from './wrap.ts'

/** Made anew for each M1 or R1 that is answered (pairing.m2.fresh). */
export interface AnswerKeys {
  readonly ephemeral: DhKeyPair
  readonly ratchet: DhKeyPair
  /** Null in suite 0x0001. */
  readonly encapsulation: Encapsulation | null
}

export async function freshAnswerKeys(bundle: Pick<Bundle, 'suite' | 'kemKey'>): Promise<AnswerKeys> {
  const [ephemeral, ratchet] = await Promise.all([generateDhKey({ extractable: false }), generateDhKey()])
  return { ephemeral, ratchet, encapsulation: bundle.suite === SUITE_MLKEM ? await encapsulate(bundle.kemKey) : null }
}

/** An answered bundle that waits for M3. */
export interface AgentRun {
  readonly run: Run
  readonly bundle: Bundle
  readonly transcript: Bytes
  readonly keys: SessionKeys
  readonly ratchet: DhKeyPair
  /** M2 as sent, which answers a repetition of M1 (pairing.m1.repeat). */
  readonly answer: Bytes
}

/** Answers a bundle that `checkBundle` has accepted. Throws ProtocolError `dh-zero`. */
export async function answerBundle(
  run: Run,
  bundle: Bundle,
  identity: Identity,
  fresh?: AnswerKeys,
  salt: Uint8Array = random(32),
): Promise<AgentRun> {
  const { suite } = bundle
  const { ephemeral, ratchet, encapsulation } = fresh ?? (await freshAnswerKeys(bundle))
  const unproven = M2Body[suite].encode({
    cert: IdentityCert.decode(identity.certificate),
    ephemeralKey: ephemeral.publicKey,
    ratchetKey: ratchet.publicKey,
    spkId: bundle.spkId,
    opkId: bundle.opkId,
    kemCiphertext: encapsulation?.ciphertext ?? new Uint8Array(0),
    signature: new Uint8Array(64),
    confirmation: new Uint8Array(32),
  })
  const transcript = transcriptHash(suite, run, bundle.body, unproven.subarray(0, -M2_PROOF_SIZE))
  const [dh1, dh2, dh3, dh4] = await Promise.all([
    agree(identity.dh, bundle.spk),
    agree(ephemeral, bundle.cert.dhKey),
    agree(ephemeral, bundle.spk),
    agree(ephemeral, bundle.opk),
  ])
  const shared = encapsulation
    ? ([dh1, dh2, dh3, dh4, encapsulation.sharedSecret] as const)
    : ([dh1, dh2, dh3, dh4] as const)
  const keys = await deriveKeys(run, shared, transcript)
  const signature = await signAs(identity.signing, AUTH_LABELS.agent, transcript)
  const body = unproven
  body.set(signature, body.length - M2_PROOF_SIZE)
  body.set(confirmation(keys.confirmAgent, transcript, signature), body.length - 32)
  const answer = await sealHandshake(run.types[1], suite, run.secret, body, salt)
  return { run, bundle, transcript, keys, ratchet, answer }
}

/**
 * Checks an M3 or R3 that opened. Throws ProtocolError `suite`, `length`, `confirm` or
 * `auth-signature`.
 */
export async function checkFinish(agentRun: AgentRun, finish: OpenedFrame): Promise<Established> {
  const { run, bundle, transcript, keys, ratchet } = agentRun
  // pairing.wrap.suite
  if (finish.suite !== bundle.suite) {
    throw new ProtocolError('suite', `Cannot accept M3: suite ${finish.suite} is not that of the run`)
  }
  const m3 = M3Body.decode(finish.body)
  checkCommitment(bundle.sasCommit, m3.sasNonce)
  checkConfirmation(keys.confirmController, transcript, m3.signature, m3.confirmation)
  // pairing.m3.signature
  if (!(await verifyAs(bundle.cert.identityKey, AUTH_LABELS.controller, m3.signature, transcript))) {
    throw new ProtocolError('auth-signature', 'Cannot accept M3: the signature of the transcript does not verify')
  }
  return {
    role: 'agent',
    run,
    suite: bundle.suite,
    transcript,
    keys,
    own: ratchet,
    remote: bundle.spk,
    peer: bundle.cert,
    digits: run.mode === 1 ? sasDigits(keys.sasKey, transcript, m3.sasNonce) : null,
  }
}
