// The flags of handshake.json.

import { basic, keyFlags, length, signatureFlags } from './flags.ts'

export const flags = {
  ...basic('pairing.transcript.hash'),
  ...length('pairing.wrap.length'),
  ...keyFlags,
  ...signatureFlags,
  Rekey: { kind: 'functional', description: 'Mode 2, under PPK.', requirement: 'pairing.transcript.ctx' },
  Upgrade: {
    kind: 'functional',
    description: 'A rekey to a higher suite.',
    requirement: 'pairing.rekey.suite',
  },
  Repeat: {
    kind: 'functional',
    description: 'The same M1 again: the same M2 answers it.',
    requirement: 'pairing.m1.repeat',
  },
  Wrap: {
    kind: 'auth-bypass',
    description: 'Does not open under the secret of the run.',
    requirement: 'pairing.wrap.open',
  },
  Version: { kind: 'structure', description: 'Another version.', requirement: 'pairing.wrap.version' },
  Type: { kind: 'structure', description: 'Not the type that is expected now.', requirement: 'pairing.wrap.type' },
  Suite: { kind: 'structure', description: 'Not the suite of this run.', requirement: 'pairing.wrap.suite' },
  Downgrade: {
    kind: 'structure',
    description: 'Not the highest common suite.',
    requirement: 'pairing.m1.downgrade',
  },
  LowerSuite: {
    kind: 'structure',
    description: 'A rekey to a lower suite than the pairing last used.',
    requirement: 'pairing.rekey.suite',
  },
  Busy: { kind: 'order', description: 'Another M1 used this code.', requirement: 'pairing.m1.single-use' },
  Expired: { kind: 'order', description: 'The code has expired.', requirement: 'pairing.m1.expired' },
  Route: { kind: 'auth-bypass', description: 'Another route.', requirement: 'pairing.m1.route' },
  Rollback: { kind: 'order', description: 'An older certificate.', requirement: 'pairing.identity.epoch' },
  Pinned: {
    kind: 'auth-bypass',
    description: 'Another identity than the pinned one.',
    requirement: 'pairing.identity.pinned',
  },
  Device: {
    kind: 'auth-bypass',
    description: 'Another agent than the code names.',
    requirement: 'pairing.m2.device',
  },
  Prekey: { kind: 'order', description: 'Echoes a prekey that is not held.', requirement: 'pairing.m2.prekeys' },
  SecondAnswer: { kind: 'order', description: 'A second M2 for one M1.', requirement: 'pairing.m2.once' },
  KemCiphertext: {
    kind: 'auth-bypass',
    description: 'A ciphertext for another key: implicit rejection.',
    requirement: 'pairing.m2.kem-ciphertext',
  },
  AnswerKey: {
    kind: 'key-agreement',
    description: 'A bad key in an M2 or R2.',
    requirement: 'pairing.m2.keys',
  },
  AnswerLength: { kind: 'structure', description: 'Not an M2 body.', requirement: 'pairing.m2.body' },
  FinishLength: { kind: 'structure', description: 'Not an M3 body.', requirement: 'pairing.m3.body' },
  AgentConfirmation: {
    kind: 'auth-bypass',
    description: 'The key confirmation of A does not match.',
    requirement: 'pairing.m2.confirm',
  },
  AgentSignature: {
    kind: 'auth-bypass',
    description: 'The transcript signature of A does not verify; the confirmation fits it.',
    requirement: 'pairing.m2.signature',
  },
  Commitment: {
    kind: 'auth-bypass',
    description: 'The nonce does not open the commitment.',
    requirement: 'pairing.m3.commitment',
  },
  ControllerConfirmation: {
    kind: 'auth-bypass',
    description: 'The key confirmation of C does not match.',
    requirement: 'pairing.m3.confirm',
  },
  ControllerSignature: {
    kind: 'auth-bypass',
    description: 'The transcript signature of C does not verify; the confirmation fits it.',
    requirement: 'pairing.m3.signature',
  },
  NotStored: {
    kind: 'order',
    description: 'No stored record: before the digits were typed.',
    requirement: 'pairing.rekey.stored',
  },
} as const
