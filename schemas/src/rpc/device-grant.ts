import { Type } from 'typebox'
import { CapabilityName } from '../pairing.ts'
import { DeviceId, defineMethod, Empty } from './method.ts'

export const deviceGrant = defineMethod({
  name: 'device.grant',
  kind: 'command',
  capability: 'admin',
  doc: 'Gives a device these capabilities instead of those that it has.',
  params: Type.Object({ deviceId: DeviceId, capabilities: Type.Array(CapabilityName) }),
  result: Empty,
  errors: ['not-found', 'paused'],
})
