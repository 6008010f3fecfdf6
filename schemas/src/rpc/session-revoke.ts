import { Type } from 'typebox'
import { DeviceId, defineMethod } from './method.ts'

export const sessionRevoke = defineMethod({
  name: 'session.revoke',
  kind: 'command',
  capability: 'observe',
  doc: "Ends a pairing: the caller's own, or with `admin` another's.",
  params: Type.Object({ deviceId: DeviceId }),
  result: Type.Object({ success: Type.Boolean() }),
  errors: ['not-found'],
})
