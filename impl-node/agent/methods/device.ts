import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { DeviceChange, Devices } from '../devices.ts'
import { type Handlers, requireAdmin } from '../handler.ts'

export function deviceHandlers(devices: Devices): Pick<Handlers, 'device.list' | 'device.rename' | 'device.grant'> {
  const change = (deviceId: string, changes: DeviceChange) => {
    if (devices.change(deviceId, changes)) return {}
    throw new ProtocolError('not-found', `Cannot change ${deviceId}: no such device is paired`)
  }
  return {
    'device.list': (_params, caller) => ({
      devices: devices.list().map((device) => ({
        deviceId: device.deviceId,
        name: device.name,
        self: device.deviceId === caller.deviceId,
        capabilities: [...device.capabilities],
        pairedAt: device.pairedAt,
        lastHeardAt: device.lastHeardAt,
        online: device.online,
      })),
    }),
    'device.rename': ({ deviceId, name }, caller) => {
      // rpc.device.name
      if (Buffer.byteLength(name) > limits.nameMax) {
        throw new ProtocolError('invalid-params', `Cannot rename a device: a name has at most ${limits.nameMax} bytes`)
      }
      if (deviceId !== caller.deviceId) requireAdmin(caller, 'rename another device')
      return change(deviceId, { name })
    },
    'device.grant': ({ deviceId, capabilities }) => change(deviceId, { capabilities: [...new Set(capabilities)] }),
  }
}
