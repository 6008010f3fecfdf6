import { Type } from 'typebox'
import { Base64url } from '../session.ts'
import { defineMethod, Uuid } from './method.ts'
import { PermissionResolution } from './permission.ts'

export const permissionAnswer = defineMethod({
  name: 'permission.answer',
  kind: 'command',
  capability: 'approve',
  doc: 'Answers a permission request. The first answer wins; a later one is `conflict` with the outcome.',
  params: Type.Object({
    requestId: Uuid,
    inputHash: Base64url(32, 'computed by the controller from the text that it showed'),
    option: Type.String({ description: 'id of one of the options' }),
    note: Type.Optional(Type.String({ maxLength: 4_096 })),
  }),
  result: PermissionResolution,
  errors: ['not-found', 'expired', 'paused'],
})
