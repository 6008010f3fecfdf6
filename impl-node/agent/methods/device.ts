import type { Devices } from '../devices.ts'
import type { Handlers } from '../handler.ts'

export const deviceHandlers = (devices: Devices): Pick<Handlers, 'device.list'> => ({
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
})
