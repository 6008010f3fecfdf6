// The name of a device that was paired just now: it tells it only after the digits.

import type { Device } from '../../agent/devices.ts'
import { safeLine } from '../safe-text.ts'
import type { AgentHost } from './host.ts'

/** ms for which the name is waited for; it follows the digits within a round trip. */
const PATIENCE = 2_000

export const deviceOf = (host: AgentHost, deviceId: string): Device | undefined =>
  host.agent.devices.find((device) => device.deviceId === deviceId)

/** What people call a device; null where it has not said. */
export const nameOf = (device: Device | undefined): string | null => safeLine(device?.name ?? '', 64) || null

/** Resolves to the device's name, or to null where it does not tell it in time. */
export function whenNamed(host: AgentHost, deviceId: string): Promise<string | null> {
  return new Promise((resolve) => {
    const look = () => nameOf(deviceOf(host, deviceId))
    const done = () => {
      clearTimeout(timer)
      stop()
      resolve(look())
    }
    const timer = setTimeout(done, PATIENCE)
    const stop = host.onChange(() => look() !== null && done())
    if (look() !== null) done()
  })
}
