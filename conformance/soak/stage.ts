// Who plays in a soak: an agent and its controllers, paired through a relay, and what a command leaves behind where no
// program that is tested can touch it.

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Script } from '../assistants/script.ts'
import type { Target } from '../steps/parameters.ts'
import type { Given } from './account.ts'
import { Member } from './member.ts'
import type { Kind } from './plan.ts'

/** ms. */
const PAIRING_TIME = 60_000

/** Who plays which part: agent and controllers, which may be of different implementations. */
export interface Cast {
  readonly agent: Target
  readonly controller: Target
}

export class Stage {
  readonly agent: Member
  readonly controllers: readonly Member[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'happy-remote-soak-'))

  constructor(url: string, { agent, controller }: Cast, names: readonly string[]) {
    this.agent = new Member('agent', agent, url)
    this.controllers = names.map((name) => new Member(name, controller, url))
  }

  get members(): readonly Member[] {
    return [this.agent, ...this.controllers]
  }

  /** Starts everybody, and pairs them. `before` is called before a program connects for the first time. */
  async begin(before: (member: Member) => void = () => {}): Promise<void> {
    before(this.agent)
    await this.agent.start({ script: this.#script() })
    for (const controller of this.controllers) {
      await controller.start({})
      const { uri } = await this.agent.ask('offer', {})
      before(controller)
      const { digits } = await controller.ask('pair', { uri })
      await this.agent.ask('confirm', { digits })
      await controller.program.expectEvent('paired', () => true, PAIRING_TIME)
    }
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
    const reader = this.controllers.at(-1) as Member
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

  async end(): Promise<void> {
    for (const member of this.members) member.isUp = false
    await Promise.allSettled(this.members.map(({ program }) => program.end()))
    rmSync(this.#folder, { recursive: true, force: true })
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
