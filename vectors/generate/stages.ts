// The layer at which an error code refuses, outermost first.

import type { RejectCode } from './file.ts'

export const STAGES = [
  'encoding',
  'version',
  'structure',
  'order',
  'key-agreement',
  'authentication',
  'payload',
] as const
export type Stage = (typeof STAGES)[number]

const codes: Partial<Record<RejectCode, Stage>> = {
  'qr-encoding': 'encoding',
  malformed: 'encoding',
  version: 'version',
  'qr-version': 'version',
  suite: 'version',
  'suite-downgrade': 'version',
  length: 'structure',
  truncated: 'structure',
  type: 'structure',
  direction: 'structure',
  'qr-length': 'structure',
  'qr-insecure': 'structure',
  'state-corrupt': 'structure',
  'qr-expired': 'order',
  'pair-expired': 'order',
  'pair-busy': 'order',
  'epoch-rollback': 'order',
  'prekey-unknown': 'order',
  replay: 'order',
  counter: 'order',
  'skip-limit': 'order',
  'chain-exhausted': 'order',
  stale: 'order',
  ignored: 'order',
  'key-length': 'key-agreement',
  'key-noncanonical': 'key-agreement',
  'key-low-order': 'key-agreement',
  'dh-zero': 'key-agreement',
  'kem-key': 'key-agreement',
  'cert-signature': 'authentication',
  'prekey-signature': 'authentication',
  'auth-signature': 'authentication',
  'identity-mismatch': 'authentication',
  'route-mismatch': 'authentication',
  confirm: 'authentication',
  header: 'authentication',
  decrypt: 'authentication',
  unauthenticated: 'authentication',
  padding: 'payload',
}

export function stageOf(code: RejectCode): Stage {
  const stage = codes[code]
  if (!stage) throw new Error(`No stage for ${code}`)
  return stage
}
