// `happy-remote control revoke`

import { safeLine } from '../../controller/safe-text.ts'
import { encodeBase32 } from '../../crypto/base32.ts'
import { deviceIdOf } from '../../crypto/identity.ts'
import { CommandFailure, type CommandIo, EXIT_OK, EXIT_REFUSED, UsageError } from '../command.ts'
import type { Settings } from '../settings.ts'
import type { Lines } from '../stdin.ts'
import { pairedDevice } from './paired-device.ts'
import { openPaired, type Subject } from './subject.ts'

async function agree(what: string, yes: boolean, io: CommandIo, lines: Lines): Promise<void> {
  if (yes) return
  if (!Deno.stdin.isTerminal()) throw new UsageError('Nobody can be asked: give --yes')
  io.err(`${what} [y/N]`)
  const typed = (await lines.next())?.trim().toLowerCase()
  if (typed !== 'y' && typed !== 'yes') throw new CommandFailure('Nothing was ended', EXIT_REFUSED, 'rejected')
}

/** The own pairing, or that of another device. */
export async function revoke(
  subject: Subject,
  wanted: string | undefined,
  yes: boolean,
  lines: Lines,
): Promise<number> {
  const { controller, say, io } = subject
  const { deviceId, name, self } = await pairedDevice(subject, wanted)
  await agree(`End the pairing of ${self ? 'this device' : safeLine(name)}?`, yes, io, lines)
  if (self) await controller.revoke()
  else await controller.call('session.revoke', { deviceId })
  say('revoked', { deviceId }, `Ended the pairing of ${self ? 'this device' : safeLine(name)}`)
  return EXIT_OK
}

/** On this side only, where the agent is gone for good. */
export async function revokeLocally(settings: Settings, json: boolean, yes: boolean, io: CommandIo, lines: Lines) {
  const { store, record } = await openPaired(settings)
  try {
    await agree(`Forget ${safeLine(record.peerName)} here? It will still count this device as paired`, yes, io, lines)
    await store.deletePairing(record.pairingId)
    const deviceId = encodeBase32(deviceIdOf(store.identity.signing.publicKey)).toLowerCase()
    io.out(json ? JSON.stringify({ event: 'revoked', deviceId }) : `Forgot ${safeLine(record.peerName)}`)
    return EXIT_OK
  } finally {
    await store.close()
  }
}
