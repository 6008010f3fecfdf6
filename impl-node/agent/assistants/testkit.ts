// The agent's side of an assistant under test: a conversation with the scripted assistant, and what it emitted.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { EventName, EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { Conversation, type ConversationOptions } from '../conversation.ts'
import { ConversationList } from '../conversation-list.ts'
import type { Emit } from '../handler.ts'
import { Pause } from '../pause.ts'
import { PermissionBook } from '../permissions.ts'
import { QuestionBook } from '../questions.ts'
import { acpAssistant } from './acp.ts'
import { claudeAssistant } from './claude.ts'
import type { AdapterOptions } from './process.ts'

const adapters = { acp: acpAssistant, claude: claudeAssistant }
export type Wire = keyof typeof adapters
const program = (wire: Wire) => fileURLToPath(import.meta.resolve(`../../../conformance/assistants/${wire}.ts`))

type Recorded = { [E in EventName]: { name: E; params: EventParams<E> } }[EventName]

/** Keeps what was emitted, and lets a test wait for it. */
export class Recorder {
  readonly events: Recorded[] = []
  readonly #waiting = new Set<() => void>()

  readonly emit: Emit = (name, params) => {
    this.events.push({ name, params } as Recorded)
    for (const look of this.#waiting) look()
  }

  /** The params of every event of this name. */
  of<E extends EventName>(name: E): EventParams<E>[] {
    return this.events.filter((event) => event.name === name).map(({ params }) => params as EventParams<E>)
  }

  /** Resolves with the first event of this name that fits, past or to come. */
  until<E extends EventName>(name: E, fits: (params: EventParams<E>) => boolean = () => true): Promise<EventParams<E>> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.of(name).find(fits)
        if (!found) return
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }

  /** Where a prompt came to stand, in order. */
  statesOf(id: string): string[] {
    return this.of('claude.messageState').flatMap(({ messageId, state }) => (messageId === id ? [state] : []))
  }

  settled(id: string): Promise<EventParams<'claude.messageState'>> {
    return this.until(
      'claude.messageState',
      ({ messageId, state }) => messageId === id && state !== 'queued' && state !== 'started',
    )
  }
}

export interface Bench {
  readonly log: Recorder
  readonly book: PermissionBook
  readonly questions: QuestionBook
  readonly pause: Pause
  readonly conversation: Conversation
}

export type BenchOptions = Partial<AdapterOptions> &
  Pick<Partial<ConversationOptions>, 'cancelGrace'> & { readonly wire?: Wire }

/** A conversation with any command. At the end of the test it is closed, and nothing of it may still run. */
export function bench(
  t: TestContext,
  { cancelGrace, wire = 'acp', ...options }: BenchOptions & Pick<AdapterOptions, 'command'>,
): Bench {
  const workspace = mkdtempSync(join(tmpdir(), 'happy-assistant-'))
  const log = new Recorder()
  const book = new PermissionBook({ emit: log.emit })
  const database = new DatabaseSync(':memory:')
  const questions = new QuestionBook({ emit: log.emit })
  const pause = new Pause({
    database,
    emit: log.emit,
    allows: (answer) => book.allows(answer),
  })
  const assistant = adapters[wire]({ workspace, env: process.env, ...options })
  const conversation = new Conversation({
    assistant,
    list: new ConversationList({ database, assistant: 'Scripted', workspace: '/home' }),
    permissions: book,
    questions,
    pause,
    emit: log.emit,
    ...(cancelGrace !== undefined && { cancelGrace }),
  })
  t.after(async () => {
    await conversation.close()
    rmSync(workspace, { recursive: true })
  })
  return { log, book, questions, pause, conversation }
}

/** The same with the scripted assistant. `replies` are steps by expression; what fits none is said back. */
export function scripted(
  t: TestContext,
  replies: Record<string, object[]>,
  options: BenchOptions & { script?: object } = {},
): Bench & { file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'happy-script-'))
  const file = join(folder, 'test.script.json')
  const { script, ...rest } = options
  const list = Object.entries(replies).map(([when, steps]) => ({ when, steps }))
  const otherwise = [{ do: 'text', text: '{prompt}' }]
  writeFileSync(file, JSON.stringify({ name: 'Scripted', replies: list, otherwise, ...script }))
  const made = bench(t, { command: [process.execPath, program(rest.wire ?? 'acp'), '--script', file], ...rest })
  t.after(() => {
    rmSync(folder, { recursive: true })
    const left = processes().filter(({ command }) => command.includes(folder))
    if (left.length > 0) throw new Error(`still running: ${JSON.stringify(left)}`)
  })
  return { ...made, file }
}

/** The sentence with which a start is refused. */
export async function refusalOf(start: Promise<unknown>): Promise<string> {
  const error = await start.then(
    () => assert.fail('it started'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof ProtocolError)
  assert.equal(error.code, 'assistant-unavailable')
  return error.message.replaceAll(process.execPath, 'node')
}

/** What runs now, without zombies; nothing where there is no /proc. */
export function processes(): { pid: number; command: string }[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // A zombie has no command line.
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return command ? [{ pid: Number(name), command }] : []
      } catch {
        return []
      }
    })
}
