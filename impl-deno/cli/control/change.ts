// `happy-remote control rename` and `grant`.

import { CAPABILITIES, isCapability } from '@happy-remote/schemas/constants.ts'
import { EXIT_OK, UsageError } from '../command.ts'
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
  const names = [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '')
  const capabilities = names.filter(isCapability)
  const strange = names.find((name) => !isCapability(name))
  if (strange !== undefined) {
    throw new UsageError(`There is no capability "${strange}"; there are ${CAPABILITIES.join(', ')}`)
  }
  const { deviceId } = await pairedDevice(subject, wanted)
  await subject.controller.call('device.grant', { deviceId, capabilities })
  subject.say('granted', { deviceId, capabilities }, 'Granted')
  return EXIT_OK
}
