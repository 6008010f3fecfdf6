import type { Capability } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { fitsName } from '../../link/control.ts'
import type { Handlers } from '../caller.ts'
import type { Devices } from '../devices.ts'

type Names = 'agent.info' | 'device.list' | 'device.rename' | 'device.grant' | 'session.revoke'

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
  'device.rename': async ({ deviceId, name: peerName }, { device, capabilities }) => {
    // rpc.device.name
    if (!fitsName(peerName)) throw new ProtocolError('invalid-params', 'Cannot rename a device: the name is too long')
    // rpc.device.rename-other
    if (deviceId !== device) requireAdmin(capabilities, 'rename another device')
    await devices().change(deviceId, { peerName })
    return { result: {} }
  },
  'device.grant': async ({ deviceId, capabilities }) => {
    await devices().change(deviceId, { capabilities: [...new Set(capabilities)] })
    return { result: {} }
  },
  'session.revoke': async ({ deviceId }, { device, capabilities }) => {
    if (deviceId === device) {
      // rpc.device.own, rpc.device.response-first
      return { result: { success: true }, after: (sent) => void devices().revokeAfter(sent, deviceId) }
    }
    // rpc.device.admin
    requireAdmin(capabilities, 'revoke another device')
    // rpc.device.not-found
    if (!devices().has(deviceId)) throw new ProtocolError('not-found', 'Cannot revoke a device that is not paired')
    await devices().revoke(deviceId)
    return { result: { success: true } }
  },
})

function requireAdmin(capabilities: readonly Capability[], what: string): void {
  if (capabilities.includes('admin')) return
  throw new ProtocolError('forbidden', `Cannot ${what}`, { capability: 'admin' })
}
