// Every published construction that these layers have to do with.

import { bundle, handshake } from './handshake.ts'
import { cert, deviceId, keyValidation, labels, relayBind, signatureValidation } from './identity.ts'
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
import type { Construction } from './vector-file.ts'

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
}
