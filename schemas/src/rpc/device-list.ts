import { Type } from 'typebox'
import { CapabilityName } from '../pairing.ts'
import { DeviceId, defineMethod, Empty, Timestamp } from './method.ts'

export const DeviceSummary = Type.Object({
  deviceId: DeviceId,
  name: Type.String(),
  self: Type.Boolean({ description: 'The caller.' }),
  capabilities: Type.Array(CapabilityName),
  pairedAt: Timestamp,
  lastHeardAt: Type.Union([Timestamp, Type.Null()]),
  online: Type.Boolean({ description: 'An authentic frame came in the last 60 s.' }),
})

export const deviceList = defineMethod({
  name: 'device.list',
  kind: 'read',
  capability: 'observe',
  doc: 'The devices that are paired with the agent.',
  params: Empty,
  result: Type.Object({ devices: Type.Array(DeviceSummary) }),
  errors: [],
})
