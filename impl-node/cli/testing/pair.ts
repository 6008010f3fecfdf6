// A relay in this process, an agent and a paired controller as the real programs.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { startRelay } from '../../relay/server.ts'
import { type Cli, startCli, temporaryFolder } from './cli.ts'

export interface World {
  readonly folder: string
  /** `ws://127.0.0.1:port` */
  readonly relay: string
  readonly workspace: string
}

export async function startWorld(t: TestContext): Promise<World> {
  const relay = await startRelay()
  t.after(() => relay.close())
  const folder = temporaryFolder(t)
  const workspace = join(folder, 'workspace')
  mkdirSync(workspace)
  return { folder, relay: relay.url, workspace }
}

/** Options of every agent that these tests start. */
export const agentArgs = ({ relay, workspace }: World, ...more: string[]): string[] => {
  const end = more.indexOf('--')
  const [own, behind] = end < 0 ? [more, []] : [more.slice(0, end), more.slice(end)]
  return ['agent', '--relay', relay, '--workspace', workspace, '--state', 'state', '--name', 'desk', ...own, ...behind]
}

/** An agent with --json that shows a code. */
export async function startAgent(
  t: TestContext,
  world: World,
  ...more: string[]
): Promise<{ agent: Cli; uri: string }> {
  const agent = startCli(t, agentArgs(world, '--pair', '--json', ...more), world)
  const { uri } = await agent.event('offer')
  return { agent, uri: String(uri) }
}

export const pairArgs = (code: string, ...more: string[]): string[] => [
  'pair',
  '--state',
  'state',
  '--name',
  'phone',
  '--yes',
  '--json',
  ...more,
  code,
]

/** Reads the digits off the controller and types them at the agent. */
export async function pairUp(t: TestContext, world: World, ...more: string[]): Promise<Cli> {
  const { agent, uri } = await startAgent(t, world, ...more)
  const phone = startCli(t, pairArgs('-'), { ...world, stdin: `${uri}\n` })
  const { digits } = await phone.event('digits')
  await agent.event('digits')
  agent.type(`${digits}\n`)
  const exitCode = await phone.exit()
  if (exitCode !== 0) throw new Error(`pair ended with ${exitCode}: ${phone.stderr}`)
  return agent
}

export const control = (...args: string[]): string[] => ['control', '--state', 'state', ...args]
