import { methods, type Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Handlers } from '../handler.ts'

/** What `agent.info` tells to everyone. */
export interface AgentInfo {
  readonly deviceId: string
  readonly name: string
  /** Program and version, as in `happy-remote/0.1.0`. */
  readonly software: string
  /** Absolute path. */
  readonly workspace: string
  assistant(): Result<'agent.info'>['assistant']
}

const platform = process.platform === 'win32' ? 'windows' : process.platform

export const agentHandlers = (info: AgentInfo): Pick<Handlers, 'agent.info'> => ({
  'agent.info': (_params, caller) => ({
    deviceId: info.deviceId,
    name: info.name,
    software: info.software,
    protocol: 1,
    platform,
    workspace: info.workspace,
    capabilities: [...caller.capabilities],
    assistant: info.assistant(),
    methods: Object.keys(methods),
  }),
})
