import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Devices } from '../devices.ts'
import { type Handlers, requireAdmin } from '../handler.ts'
import type { Pause } from '../pause.ts'

type SessionMethod = 'session.pause' | 'session.resume' | 'session.revoke'

export const sessionHandlers = (devices: Devices, pause: Pause): Pick<Handlers, SessionMethod> => ({
  'session.pause': (_params, { deviceId }) => ({ pauseId: pause.begin(deviceId).pauseId }),
  'session.resume'({ pauseId }, { deviceId }) {
    pause.end(pauseId, deviceId)
    return { success: true }
  },
  'session.revoke'({ deviceId }, caller) {
    if (deviceId === caller.deviceId) {
      // The pairing that the response travels in must outlive it.
      caller.afterResponse(() => devices.revoke(deviceId))
      return { success: true }
    }
    requireAdmin(caller, 'revoke another device')
    if (!devices.revoke(deviceId)) {
      throw new ProtocolError('not-found', `Cannot revoke ${deviceId}: no such device is paired`)
    }
    return { success: true }
  },
})
