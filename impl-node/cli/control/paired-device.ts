// Which device of the agent a word means.

import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { EXIT, UsageError } from '../command.ts'
import { devicesMeant } from '../device-meant.ts'
import { Failure } from '../failure.ts'
import type { SubContext } from './sub.ts'

/** By its name or the beginning of its id; without a word this device. Throws Failure. */
export async function pairedDevice(
  controller: SubContext['controller'],
  wanted?: string,
): Promise<Result<'device.list'>['devices'][number]> {
  const { devices } = await controller.call('device.list', {})
  const found = wanted === undefined ? devices.filter(({ self }) => self) : devicesMeant(devices, wanted)
  const [device, ...others] = found
  if (!device) throw new Failure(EXIT.notPaired, 'not-found', `No device ${JSON.stringify(wanted)} is paired there.`)
  if (others.length > 0) throw new UsageError(`Several devices fit ${JSON.stringify(wanted)}; give the whole id.`)
  return device
}
