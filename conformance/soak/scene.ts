// The scene of a soak: a relay that loses, doubles, swaps and delays, an agent and two controllers that are paired with
// it, and what a command leaves behind where no program that is tested can touch it.

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Script } from '../assistants/script.ts'
import { FaultyRelay, type Passing } from '../peers/faulty-relay.ts'
import type { Target } from '../steps/parameters.ts'
import type { Given } from './account.ts'
import { Member } from './member.ts'
import { type Cut, FAULTS, type FaultKind, fateOf, type Kind } from './plan.ts'

/** ms. */
const PAIRING_TIME = 60_000

/** Who plays which part: agent and controllers, which may be of different implementations. */
export interface Cast {
  readonly agent: Target
  readonly controller: Target
}

export class Scene {
  readonly relay: FaultyRelay
  readonly agent: Member
  /** The first is killed now and then, the second is there all the time. */
  readonly controllers: readonly [Member, Member]
  /** Frames that met each fault. */
  readonly met = new Map<FaultKind, number>()
  frames = 0
  readonly #folder = mkdtempSync(join(tmpdir(), 'happy-remote-soak-'))
  readonly #seed: string
  /** By route: its number, in the order in which they appeared, and the frames to it so far. */
  readonly #directions = new Map<string, { readonly index: number; count: number }>()

  private constructor(seed: string, { agent, controller }: Cast, url: string, relay: FaultyRelay) {
    this.#seed = seed
    this.relay = relay
    this.agent = new Member('agent', agent, url)
    this.controllers = [new Member('one', controller, url), new Member('two', controller, url)]
  }

  /** Everybody runs and is paired, and nothing goes wrong yet. */
  static async begin(seed: string, cast: Cast): Promise<Scene> {
    const relay = new FaultyRelay()
    const scene = new Scene(seed, cast, await relay.listen(), relay)
    try {
      await scene.agent.start({ script: scene.#script() })
      for (const controller of scene.controllers) {
        await controller.start({})
        const { uri } = await scene.agent.ask('offer', {})
        const { digits } = await controller.ask('pair', { uri })
        await scene.agent.ask('confirm', { digits })
        await controller.program.expectEvent('paired', () => true, PAIRING_TIME)
      }
    } catch (error) {
      await scene.end()
      throw error
    }
    return scene
  }

  get members(): readonly Member[] {
    return [this.agent, ...this.controllers]
  }

  /** From now on each frame meets the fate that the seed has for it. */
  spoil(): void {
    const fates = new WeakMap<Passing, FaultKind | null>()
    const fate = (frame: Passing): FaultKind | null => {
      const known = fates.get(frame)
      if (known !== undefined) return known
      const drawn = this.#draw(frame) ?? null
      fates.set(frame, drawn)
      return drawn
    }
    for (const kind of FAULTS) {
      this.relay.plan(kind.fault, (frame) => fate(frame) === kind, Number.POSITIVE_INFINITY, kind.delay)
    }
  }

  /** Frames pass as they come. */
  calm(): void {
    this.relay.clearPlan()
  }

  /** Without a close, as a pulled cable does: at the relay, or at a program. Rejects with Killed. */
  async cut({ by, which }: Cut): Promise<void> {
    const peers = [...this.relay.peers]
    if (by === 'relay') peers[Math.floor(which * peers.length)]?.socket.terminate()
    else await this.members.find(({ name }) => name === by)?.ask('drop', {})
  }

  /** What the person gives: method and params of a command that leaves `token` behind each time that it is done. */
  command({ kind, token }: Pick<Given, 'kind' | 'token'>): { method: string; params: object } {
    if (kind === 'terminal') {
      const command = ['/bin/sh', '-c', `printf '%s\\n' '${token}' >>'${this.#shellFile}'`]
      return { method: 'terminal.open', params: { cols: 80, rows: 24, command } }
    }
    return { method: 'claude.sendMessage', params: { prompt: promptText(kind, token) } }
  }

  /** How often each token was done. */
  done(): ReadonlyMap<string, number> {
    const lines = [...linesOf(this.#shellFile), ...linesOf(this.#promptFile).map((line) => JSON.parse(line) as unknown)]
    const times = new Map<string, number>()
    for (const line of lines) {
      const token = /token-\S+/.exec(typeof line === 'string' ? line : JSON.stringify(line))?.[0].replace(/\W+$/, '')
      if (token !== undefined) times.set(token, (times.get(token) ?? 0) + 1)
    }
    return times
  }

  /** The whole journal, as the agent has it. */
  async journal(): Promise<JournalEntry[]> {
    const [, reader] = this.controllers
    const read = async (params: object) =>
      (await reader.call('journal.subscribe', params)) as Result<'journal.subscribe'>
    const { epoch, lastSeq } = await read({ limit: 1 })
    const entries: JournalEntry[] = []
    while ((entries.at(-1)?.seq ?? 0) < lastSeq) {
      const page = await read({ epoch, afterSeq: entries.at(-1)?.seq ?? 0 })
      if (page.entries.length === 0) break
      entries.push(...page.entries)
    }
    return entries
  }

  /** Looks at everybody's memory. */
  sample(): void {
    this.relay.passed.length = 0
    for (const member of this.members) member.sample(performance.now())
  }

  async end(): Promise<void> {
    for (const member of this.members) member.isUp = false
    await Promise.allSettled(this.members.map(({ program }) => program.end()))
    await this.relay.crash()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #draw({ to }: Passing): FaultKind | undefined {
    const direction = this.#directions.get(to) ?? { index: this.#directions.size, count: 0 }
    this.#directions.set(to, direction)
    this.frames++
    const drawn = fateOf(this.#seed, direction.index, direction.count++)
    if (drawn) this.met.set(drawn, (this.met.get(drawn) ?? 0) + 1)
    return drawn
  }

  get #shellFile(): string {
    return join(this.#folder, 'shell')
  }

  get #promptFile(): string {
    return join(this.#folder, 'prompts')
  }

  #script(): Script {
    const options = [
      { id: 'yes', name: 'Allow once', kind: 'allow_once' as const },
      { id: 'no', name: 'Deny', kind: 'reject_once' as const },
    ]
    return {
      name: 'Soak',
      log: this.#promptFile,
      replies: [
        {
          when: '^ask',
          steps: [
            {
              do: 'permission',
              call: 'push',
              title: 'Run `git push`',
              tool: 'Bash',
              input: { command: 'git push' },
              options,
              on: { yes: [{ do: 'text', text: 'allowed' }], no: [{ do: 'text', text: 'denied' }] },
            },
          ],
        },
      ],
      otherwise: [{ do: 'text', text: 'I have heard: {prompt}. ', repeat: 4, size: 12, pause: 5 }],
    }
  }
}

export const promptText = (kind: Kind, token: string): string =>
  kind === 'asking prompt' ? `ask ${token}` : `say ${token}`

/** The answer to a permission request, with the hash of the text that was shown. */
export function answerTo({ requestId, inputText }: PermissionRequest, option: 'yes' | 'no'): object {
  return { requestId, inputHash: createHash('sha256').update(inputText).digest('base64url'), option }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}
