// A scripted device: its identity, and the certificate that it shows.

import { randomBytes } from 'node:crypto'
import type { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { toBase32 } from '@happy-remote/vectors/protocol/bytes.ts'
import { deviceIdOf, makeCert, type Device as Secrets } from '@happy-remote/vectors/protocol/identity.ts'

export const random = (size: number): Uint8Array<ArrayBuffer> => Uint8Array.from(randomBytes(size))

/** The text form of a `deviceId`: pairing.md, Identity. */
export const deviceIdText = (deviceId: Uint8Array): string => toBase32(deviceId).toLowerCase()

export class Device implements Secrets {
  identitySeed = random(32)
  dhPrivate = random(32)
  epoch = 1

  cert(): Promise<IdentityCert> {
    return makeCert(noble, this)
  }

  async deviceId(): Promise<Uint8Array> {
    return deviceIdOf(noble, await noble.signPublic(this.identitySeed))
  }

  /** As it is now. */
  copy(): Device {
    return Object.assign(new Device(), this)
  }

  /** pairing.identity.epoch-first: a new IKd, with the next epoch. */
  rotate(): void {
    this.dhPrivate = random(32)
    this.epoch++
  }
}
