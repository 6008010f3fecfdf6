// Which device of the agent a word means.

import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { CommandFailure, EXIT_NOT_PAIRED } from '../command.ts'
import type { Subject } from './subject.ts'

/** By its name or the beginning of its id; without a word this device. Throws CommandFailure. */
export async function pairedDevice(
  { controller }: Subject,
  wanted?: string,
): Promise<Result<'device.list'>['devices'][number]> {
  const { devices } = await controller.call('device.list', {})
  const prefix = wanted?.toLowerCase().replace(/^hd1/, '')
  const found = devices.filter(({ name, deviceId, self }) =>
    prefix === undefined ? self : name === wanted || (prefix !== '' && deviceId.startsWith(prefix)),
  )
  const [device] = found
  if (device && found.length === 1) return device
  const message = device ? `There are several devices "${wanted}"` : `There is no device "${wanted}"`
  throw new CommandFailure(message, EXIT_NOT_PAIRED, 'not-found')
}
