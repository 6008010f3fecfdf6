import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Handlers } from '../caller.ts'
import type { Devices } from '../devices.ts'

type Names = 'agent.info' | 'device.list' | 'session.revoke'

/** What `agent.info` tells of the agent itself. */
export type Self = Omit<Result<'agent.info'>, 'capabilities' | 'assistant'>

export const deviceMethods = (
  devices: () => Devices,
  self: Self,
  assistant: () => Result<'agent.info'>['assistant'],
): Pick<Handlers, Names> => ({
  'agent.info': (_, { capabilities }) => ({
    result: { ...self, capabilities: [...capabilities], assistant: assistant() },
  }),
  'device.list': (_, { device }) => ({
    result: { devices: devices().list.map((summary) => ({ ...summary, self: summary.deviceId === device })) },
  }),
  'session.revoke': async ({ deviceId }, { device, capabilities }) => {
    if (deviceId === device) {
      // rpc.device.own, rpc.device.response-first
      return { result: { success: true }, after: (sent) => void devices().revokeAfter(sent, deviceId) }
    }
    // rpc.device.admin
    if (!capabilities.includes('admin')) {
      throw new ProtocolError('forbidden', 'Cannot revoke another device', { capability: 'admin' })
    }
    // rpc.device.not-found
    if (!devices().has(deviceId)) throw new ProtocolError('not-found', 'Cannot revoke a device that is not paired')
    await devices().revoke(deviceId)
    return { result: { success: true } }
  },
})
