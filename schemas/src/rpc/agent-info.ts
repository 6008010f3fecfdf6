import { Type } from 'typebox'
import { CapabilityName } from '../pairing.ts'
import { Name } from '../session.ts'
import { DeviceId, defineMethod, Empty } from './method.ts'

export const agentInfo = defineMethod({
  name: 'agent.info',
  kind: 'read',
  capability: 'observe',
  doc: 'Who the agent is, what it offers, and what this controller may do.',
  params: Empty,
  result: Type.Object({
    deviceId: DeviceId,
    name: Name,
    software: Type.String(),
    protocol: Type.Literal(1),
    platform: Type.String({ description: 'linux, darwin, windows, …' }),
    workspace: Type.String({ description: 'Absolute path of the folder that the agent works in.' }),
    capabilities: Type.Array(CapabilityName, { description: 'Granted to the caller.' }),
    assistant: Type.Union([
      Type.Null(),
      Type.Object({ name: Type.String(), available: Type.Boolean(), scripted: Type.Boolean() }),
    ]),
    methods: Type.Array(Type.String(), { description: 'Methods that the agent has.' }),
  }),
  errors: [],
})
