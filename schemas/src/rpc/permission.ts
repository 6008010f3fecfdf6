// What a permission request is; permission-answer.ts and events.ts use it.

import { type Static, Type } from 'typebox'
import { Base64url } from '../session.ts'
import { DeviceId, Timestamp, Uuid } from './method.ts'

export const PermissionOption = Type.Object({
  id: Type.String({ minLength: 1 }),
  name: Type.String(),
  kind: Type.Union([
    Type.Literal('allow_once'),
    Type.Literal('allow_always'),
    Type.Literal('reject_once'),
    Type.Literal('reject_always'),
  ]),
})

export const PermissionRequest = Type.Object({
  requestId: Uuid,
  conversationId: Type.String(),
  tool: Type.String(),
  title: Type.String(),
  inputText: Type.String({ description: 'The exact JSON text {"tool":…,"input":…} that is to be allowed.' }),
  inputHash: Base64url(32, "SHA-256 of inputText's UTF-8 bytes"),
  options: Type.Array(PermissionOption, { minItems: 1 }),
  expiresAt: Type.Optional(Timestamp),
  defaultToNo: Type.Optional(Type.Boolean()),
  needsInteraction: Type.Optional(Type.Boolean()),
})
export type PermissionRequest = Static<typeof PermissionRequest>

export const PermissionOutcome = Type.Union([
  Type.Literal('allowed'),
  Type.Literal('denied'),
  Type.Literal('cancelled'),
  Type.Literal('expired'),
  Type.Literal('orphaned'),
  Type.Literal('local'),
])

export const PermissionResolution = Type.Object({
  requestId: Uuid,
  outcome: PermissionOutcome,
  by: Type.Union([DeviceId, Type.Literal('local')]),
  option: Type.Union([Type.String(), Type.Null()]),
  at: Timestamp,
})
export type PermissionResolution = Static<typeof PermissionResolution>
