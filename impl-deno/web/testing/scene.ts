// An agent whose assistant follows a script, on a stage (stage.ts): what most tests of the page need.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { Program, type Runtime } from './program.ts'
import { type Stage, startStage } from './stage.ts'

const SCRIPT = new URL('./assistant.script.json', import.meta.url).pathname
const ASSISTANT = new URL('../../../conformance/assistants/acp.ts', import.meta.url).pathname

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}
declare const axeOf: { run(options: object): Promise<{ violations: Violation[] }> }

export interface Scene extends Stage {
  readonly agent: Program
  readonly workspace: string
  /** Kills the agent, and resolves with a function that starts it again. */
  killAgent(): Promise<() => Promise<void>>
  /** Goes through all screens of a pairing with a code; the tab is then at the conversation. */
  pair(): Promise<void>
}

export interface SceneOptions {
  /** What the device may do; what an agent grants by itself where it is absent. */
  readonly grant?: string
  /** Which implementation the relay is, and the agent. */
  readonly relay?: Runtime
  readonly agent?: Runtime
  /** Life of a pairing code in seconds. */
  readonly ttl?: number
  /** Of the computer; `desk` where it is absent. */
  readonly name?: string
  /** The file of the assistant's script. */
  readonly script?: string | undefined
}

/** No rule of axe-core is broken by what the tab shows; `rules`: these alone. */
export async function assertAccessible(tab: Page, rules?: readonly string[]): Promise<void> {
  const { violations } = await tab.evaluate(
    (values) =>
      (globalThis as unknown as { axe: typeof axeOf }).axe.run({
        resultTypes: ['violations'],
        ...(values && { runOnly: { type: 'rule', values } }),
      }),
    rules,
  )
  const told = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
  assert.deepEqual(told, [])
}

interface AgentOptions {
  readonly relayUrl: string
  /** It keeps its state below it, too. */
  readonly workspace: string
  readonly options: readonly string[]
  readonly runtime?: Runtime | undefined
  readonly script?: string | undefined
}

/** An agent whose assistant follows the script. */
export function startAgent({ relayUrl, workspace, options, runtime, script = SCRIPT }: AgentOptions): Program {
  const place = ['--relay', relayUrl, '--workspace', workspace, '--state', join(workspace, '.state')]
  const assistant = ['--assistant', 'acp', '--', process.execPath, ASSISTANT, '--script', script]
  return new Program('agent', [...place, ...options], assistant, runtime)
}

/** Goes through all screens of a pairing with the code that the agent has printed; the tab is then at the computer. */
export async function pair(tab: Page, agent: Program): Promise<void> {
  const { uri } = await agent.line('offer')
  await tab.getByLabel('Pairing code or link').fill(String(uri))
  await tab.getByRole('button', { name: 'Continue' }).click()
  await tab.getByRole('button', { name: 'Pair', exact: true }).click()
  await agent.line('digits')
  agent.type(await digitsOn(tab))
  await tab.getByRole('button', { name: 'Open' }).click()
}

export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const { grant, ttl, relay, agent: runtime, name = 'desk', script } = options
  const stage = await startStage({ relay })
  const workspace = mkdtempSync(join(tmpdir(), 'happy-remote-web-'))
  const chosen = ['--name', name]
  if (grant !== undefined) chosen.push('--grant', grant)
  if (ttl !== undefined) chosen.push('--ttl', String(ttl))
  const { tab, site, relayUrl } = stage
  const start = (...more: string[]) =>
    startAgent({ relayUrl, workspace, options: [...chosen, ...more], runtime, script })
  let agent = start('--pair')
  return {
    ...{ ...stage, workspace },
    get agent() {
      return agent
    },
    async killAgent() {
      await agent.stop('SIGKILL')
      return async () => {
        agent = start()
        await agent.line('started')
      }
    },
    async pair() {
      await tab.goto(site.url)
      await tab.getByRole('link', { name: 'Pair a computer' }).click()
      await pair(tab, agent)
    },
    async close() {
      await stage.look()
      await agent.stop()
      rmSync(workspace, { recursive: true, force: true })
      await stage.close()
    },
  }
}

/** As a screen reader says them. */
export const digitsOn = async (tab: Page): Promise<string> =>
  ((await tab.locator('.digits').getAttribute('aria-label')) ?? '').replaceAll(/\D/g, '')
