// Every published construction, and what this implementation computes of it.

import { bundle, handshake } from './handshake.ts'
import { cert, deviceId, keyValidation, labels, relayBind, signatureValidation } from './identity.ts'
import { knownAnswers } from './known-answers.ts'
import { type Construction, Ignored, Input } from './operation.ts'
import {
  confirm,
  hsError,
  qr,
  rekeyAsk,
  sas,
  sasCommit,
  schedulePair,
  scheduleRekey,
  transcript,
  wraps,
} from './pairing.ts'
import {
  conversation,
  htag,
  kdf,
  message,
  padding,
  plaintextFrame,
  ratchetInit,
  ratchetReject,
  stateImage,
} from './session.ts'

export const constructions: Readonly<Record<string, Construction>> = {
  labels,
  'device-id': deviceId,
  cert,
  'key-validation': keyValidation,
  'signature-validation': signatureValidation,
  qr,
  wrap: wraps,
  'bundle-s1': bundle(1),
  'bundle-s2': bundle(2),
  transcript,
  'schedule-pair': schedulePair,
  'schedule-rekey': scheduleRekey,
  confirm,
  sas,
  'sas-commit': sasCommit,
  handshake,
  'hs-error': hsError,
  'rekey-ask': rekeyAsk,
  kdf,
  'ratchet-init': ratchetInit,
  htag,
  message,
  padding,
  'plaintext-frame': plaintextFrame,
  'ratchet-reject': ratchetReject,
  conversation,
  'state-image': stateImage,
  'relay-bind': relayBind,
  'known-answers': knownAnswers,
}

/** The answer to `vector` of the shim protocol; undefined for a group that is not known here. Throws ProtocolError. */
export function vectorAnswer({ file, group, input }: Readonly<Record<string, unknown>>) {
  const operation = constructions[file as string]?.[group as string]
  if (!operation) return undefined
  try {
    return { outputs: operation(new Input(input)) }
  } catch (error) {
    if (error instanceof Ignored) return { outputs: { ignored: true } }
    throw error
  }
}
