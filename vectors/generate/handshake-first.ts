// M1 and R1 as the agent receives them.

import { SUITE_MLKEM, SUITE_X25519 } from '@happy-remote/schemas/constants.ts'
import { HANDSHAKE_TYPES, M1Body } from '@happy-remote/schemas/pairing.ts'
import { hex, unhex } from '../protocol/bytes.ts'
import { changeBundle } from './bundle.ts'
import type { GroupBuilder, RejectCode } from './file.ts'
import { publicKeyOf } from './forge.ts'
import { deviceOf, EXPIRY, FILE, headerCases, type Played, sealed, withSecret, withSuites } from './handshake-played.ts'
import { agentOf, pinnedTo } from './people.ts'
import { secret } from './secret.ts'

export async function agentM1(group: GroupBuilder, played: Played, qrPayload: string): Promise<void> {
  const { suite, secretHex, controller, output, inner } = played
  const name = `m1-s${suite}`
  const frame = output.m1 as string
  const input = { from: controller.routeId, qrPayload, now: EXPIRY - 60, answered: null, pinned: null, frame }
  await group.valid(name, `accepted, suite ${suite}`, 'Basic', input)
  await group.valid(`${name}-repeat`, 'bit-identical again', 'Repeat', { ...input, answered: frame })
  await headerCases(group, name, 1, frame, { qrPayload: withSecret(qrPayload, 'other-ps') })
  const again = (body: string, suiteId: number = suite) => sealed(1, suiteId, secretHex, `${name}-salt`, body)
  const refuse = async (what: string, flag: string, mutation: string, change: object, code: RejectCode) =>
    group.invalid(`${name}-${what}`, mutation, flag, {
      from: name,
      mutation,
      input: { ...change },
      code,
    })
  const m1Body = inner.m1Body as string
  await refuse(
    'busy',
    'Busy',
    'answered = the same bundle under another salt',
    { answered: await again(m1Body) },
    'pair-busy',
  )
  await refuse('expired', 'Expired', 'now = expiry + 1', { now: EXPIRY + 1 }, 'pair-expired')
  await refuse('route', 'Route', 'from = another route', { from: secret(FILE, 'other/route', 16) }, 'route-mismatch')
  await refuse(
    'body-short',
    'WrongLength',
    'body one byte short',
    { frame: await again(m1Body.slice(0, -2)) },
    'length',
  )
  await refuse('body-long', 'WrongLength', 'body one byte long', { frame: await again(`${m1Body}00`) }, 'length')
  await refuse('suite-3', 'Suite', 'suite = 3; sealed again', { frame: await again(m1Body, 3) }, 'suite')
  const bad = M1Body[suite].decode(unhex(m1Body))
  const lowSpk = { prekeys: { ...bad.prekeys, spk: new Uint8Array(32) } }
  const lowFrame = await again(changeBundle(suite, m1Body, controller.identitySeed, lowSpk))
  await refuse('low-order', 'LowOrderKey', 'spk = 0; signed and sealed again', { frame: lowFrame }, 'key-low-order')
  const unsigned = changeBundle(suite, m1Body, controller.identitySeed, { signature: new Uint8Array(64) })
  await refuse(
    'unsigned',
    'SmallOrder',
    'prekey signature = 0; sealed again',
    { frame: await again(unsigned) },
    'prekey-signature',
  )
  if (suite === SUITE_X25519) {
    const both = changeBundle(suite, m1Body, controller.identitySeed, { supported: 3 })
    const change = { frame: await again(both), qrPayload: withSuites(qrPayload, 3) }
    await refuse('downgrade', 'Downgrade', 'supported = 3, offered = 3, suite = 1', change, 'suite-downgrade')
  }
}

export async function agentR1(group: GroupBuilder, played: Played, name: string, lastSuite: number): Promise<void> {
  const { suite, controller, output, secretHex, inner } = played
  const pinned = pinnedTo(controller)
  const ownDeviceId = hex(deviceOf(agentOf(FILE).identitySeed))
  const offered = suite === SUITE_MLKEM ? 3 : 1
  const held = { from: controller.routeId, offered, lastSuite, ownDeviceId, pinned, ppk: secretHex, stored: true }
  await group.valid(name, `accepted, suite ${suite} after ${lastSuite}`, lastSuite < suite ? 'Upgrade' : 'Rekey', {
    ...held,
    frame: output.m1 as string,
  })
  await headerCases(group, name, HANDSHAKE_TYPES.R1, output.m1 as string, { ppk: secret(FILE, 'other/ppk') })
  const refuse = async (what: string, flag: string, mutation: string, input: object, code: RejectCode) =>
    group.invalid(`${name}-${what}`, mutation, flag, {
      from: name,
      mutation,
      input: { ...input },
      code,
    })
  await refuse('not-stored', 'NotStored', 'stored = false', { stored: false }, 'ignored')
  const other = { ...pinned, identityKey: publicKeyOf(secret(FILE, 'other/iks')) }
  await refuse('identity', 'Pinned', 'another IKs is pinned', { pinned: other }, 'identity-mismatch')
  await refuse('epoch', 'Rollback', 'pinned at epoch 2', { pinned: { ...pinned, epoch: 2 } }, 'epoch-rollback')
  await refuse('route', 'Route', 'from = another route', { from: secret(FILE, 'other/route', 16) }, 'route-mismatch')
  if (suite === SUITE_X25519) await refuse('lower', 'LowerSuite', 'lastSuite = 2', { lastSuite: 2 }, 'suite-downgrade')
  const m1Body = inner.m1Body as string
  const zero = changeBundle(suite, m1Body, controller.identitySeed, { signature: new Uint8Array(64) })
  const frame = await sealed(HANDSHAKE_TYPES.R1, suite, secretHex, `${name}-salt`, zero)
  await refuse('unsigned', 'SmallOrder', 'prekey signature = 0; sealed again', { frame }, 'prekey-signature')
}
