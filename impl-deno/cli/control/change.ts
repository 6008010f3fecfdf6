// `happy-remote control rename` and `grant`.

import { EXIT_OK, UsageError } from '../command.ts'
import { readCapability } from '../settings.ts'
import { pairedDevice } from './paired-device.ts'
import type { Subject } from './subject.ts'

/** The device may be left out: then it is this one. */
export async function rename(subject: Subject, words: readonly string[]): Promise<number> {
  const [wanted, name] = words.length > 1 ? words : [undefined, words[0]]
  if (name === undefined) throw new UsageError('rename takes the new name, in one word or quoted')
  const { deviceId } = await pairedDevice(subject, wanted)
  await subject.controller.call('device.rename', { deviceId, name })
  subject.say('renamed', { deviceId, name }, 'Renamed')
  return EXIT_OK
}

export async function grant(subject: Subject, [wanted, text]: readonly string[]): Promise<number> {
  if (wanted === undefined || text === undefined) {
    throw new UsageError('grant takes a device, and its capabilities with commas between them')
  }
  const capabilities = text.split(',').map(readCapability)
  const { deviceId } = await pairedDevice(subject, wanted)
  await subject.controller.call('device.grant', { deviceId, capabilities })
  subject.say('granted', { deviceId, capabilities }, 'Granted')
  return EXIT_OK
}
