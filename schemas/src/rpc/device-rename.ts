import { Type } from 'typebox'
import { Name } from '../session.ts'
import { DeviceId, defineMethod, Empty } from './method.ts'

export const deviceRename = defineMethod({
  name: 'device.rename',
  kind: 'command',
  capability: 'observe',
  doc: "Gives a device another name: the caller's own, or with `admin` another.",
  params: Type.Object({ deviceId: DeviceId, name: Name }),
  result: Empty,
  errors: ['not-found', 'paused'],
})
