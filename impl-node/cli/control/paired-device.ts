// Which device of the agent a word means.

import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { EXIT } from '../command.ts'
import { Failure } from '../failure.ts'
import type { SubContext } from './sub.ts'

/** By its whole id or its name; without a word this device. Throws Failure. */
export async function pairedDevice(
  controller: SubContext['controller'],
  wanted?: string,
): Promise<Result<'device.list'>['devices'][number]> {
  const { devices } = await controller.call('device.list', {})
  const device = devices.find(({ deviceId, name, self }) =>
    wanted === undefined ? self : deviceId === wanted || name === wanted,
  )
  if (device) return device
  throw new Failure(EXIT.notPaired, 'not-found', `No device ${JSON.stringify(wanted)} is paired there.`)
}
