// What the parts of handshake.json share: the code, the seal, a played run.

import { label, type Suite } from '@happy-remote/schemas/constants.ts'
import { HANDSHAKE_TYPES } from '@happy-remote/schemas/pairing.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import { noble } from '../backend/noble.ts'
import type { ControllerInput } from '../operations/bundle.ts'
import { concat, hex, unhex } from '../protocol/bytes.ts'
import { encodePayload } from '../protocol/qr.ts'
import { seal, wrapHeader } from '../protocol/wrap.ts'
import type { GroupBuilder, RejectCode } from './file.ts'
import { flip, publicKeyOf } from './forge.ts'
import { agentOf } from './people.ts'
import { secret } from './secret.ts'

export const FILE = 'handshake'

export const EXPIRY = 1_800_000_000

export type Texts = Record<string, string>

export const deviceOf = (seed: string) => sha256(concat(label('device-id'), unhex(publicKeyOf(seed)))).subarray(0, 16)

/** The code that the agent shows; it offers both suites, or the first alone. */
export function qrFor(suites: number): string {
  return hex(
    encodePayload({
      flags: 0,
      suites,
      expiry: EXPIRY,
      deviceId: deviceOf(agentOf(FILE).identitySeed),
      routeId: unhex(secret(FILE, 'agent/route', 16)),
      pairingSecret: unhex(secret(FILE, 'ps', 16)),
      relay: 'relay.example.com',
    }),
  )
}

/** One message sealed under PS or PPK, with a salt from its own label. */
export async function sealed(
  type: number,
  suite: number,
  secretHex: string,
  salt: string,
  body: string,
): Promise<string> {
  const header = wrapHeader(type, suite, unhex(secret(FILE, salt)))
  return hex((await seal(noble, unhex(secretHex), header, unhex(body))).frame)
}

export interface Played {
  readonly suite: Suite
  readonly secretHex: string
  readonly controller: ControllerInput
  readonly output: Texts
  readonly inner: Texts
}

/** The header's own mutations, which are the same for every message of a run. */
export async function headerCases(group: GroupBuilder, from: string, type: number, frame: string, wrongSecret: object) {
  const refuse = (name: string, flag: string, mutation: string, input: object, code: RejectCode) =>
    group.invalid(`${from}-${name}`, mutation, flag, { from, mutation, input: { ...input }, code })
  const framed = (bytes: string) => ({ frame: bytes })
  await refuse('version', 'Version', 'version = 2', framed(flip(flip(frame, 0, 0), 0, 1)), 'version')
  const swapped = type === HANDSHAKE_TYPES.M2 || type === HANDSHAKE_TYPES.R2 ? type + 1 : type + 2
  const typed = `01${hex(Uint8Array.of(swapped > 6 ? 2 : swapped))}${frame.slice(4)}`
  await refuse('type', 'Type', 'type of another step', framed(typed), 'type')
  await refuse('suite-flipped', 'Wrap', 'flip suite bit 0 and 1', framed(flip(flip(frame, 3, 0), 3, 1)), 'decrypt')
  await refuse('salt', 'Wrap', 'flip salt[0] bit 0', framed(flip(frame, 4)), 'decrypt')
  await refuse('tag', 'Wrap', 'flip frame[-1] bit 0', framed(flip(frame, -1)), 'decrypt')
  await refuse('secret', 'Wrap', 'another secret', wrongSecret, 'decrypt')
  await refuse('truncated', 'WrongLength', '51 bytes', framed(frame.slice(0, 102)), 'length')
}

export const withSecret = (qrPayload: string, name: string): string => {
  const payload = unhex(qrPayload)
  payload.set(unhex(secret(FILE, name, 16)), 39)
  return hex(payload)
}

export const withSuites = (qrPayload: string, suites: number): string => {
  const payload = unhex(qrPayload)
  payload[2] = suites
  return hex(payload)
}
