// The devices that are paired with the agent, as the methods see them.

import type { Capability } from '@happy-remote/schemas/constants.ts'

export interface Device {
  readonly deviceId: string
  readonly name: string
  readonly capabilities: readonly Capability[]
  /** ms since 1970 */
  readonly pairedAt: number
  /** ms since 1970; null: not since the agent started. */
  readonly lastHeardAt: number | null
  readonly online: boolean
}

export type DeviceChange = Partial<Pick<Device, 'name' | 'capabilities'>>

export interface Devices {
  list(): readonly Device[]
  /** Stores another name or other capabilities, and emits `device.changed`. False: no such device. */
  change(deviceId: string, change: DeviceChange): boolean
  /** Ends the pairing, tells the device if it can be told, and emits `device.revoked`. False: no such device. */
  revoke(deviceId: string): boolean
}
