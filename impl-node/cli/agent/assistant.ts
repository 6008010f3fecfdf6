// Which assistant the agent drives, from the words of the settings.

import { accessSync, constants, existsSync } from 'node:fs'
import { basename, delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AgentOptions } from '../../agent/agent.ts'
import { acpAssistant } from '../../agent/assistants/acp.ts'
import type { AssistantFactory } from '../../agent/assistants/assistant.ts'
import { claudeAssistant } from '../../agent/assistants/claude.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure } from '../failure.ts'

export const SCRIPTED_NAME = 'Scripted assistant'

const scripted = (file: string) => fileURLToPath(new URL(`../../../conformance/assistants/${file}`, import.meta.url))

/**
 * `['claude', …command]`, `['acp', …command]`, `['scripted']` or `['none']`; undefined is none. Throws UsageError, and Failure where the
 * scripted assistant is not there.
 */
export function assistantOf(words: readonly string[] | undefined, workspace: string): AgentOptions['assistant'] {
  const [kind = 'none', ...command] = words ?? []
  const [file] = command
  if (kind === 'claude') {
    const factory = claudeAssistant({ workspace, ...(file !== undefined && { command }) })
    return { factory, name: 'Claude Code', scripted: false }
  }
  if (kind === 'acp') {
    if (file === undefined) {
      throw new UsageError('The assistant "acp" needs its command: --assistant acp -- <command…>.')
    }
    return { factory: acpAssistant({ command, workspace }), name: basename(file), scripted: false }
  }
  if (command.length > 0) throw new UsageError(`The assistant ${JSON.stringify(kind)} takes no command.`)
  if (kind === 'none') return null
  if (kind === 'scripted') return scriptedAssistant(workspace)
  throw new UsageError(`There is no assistant ${JSON.stringify(kind)}; there are claude, acp, scripted and none.`)
}

/** The program that these words start; undefined where it is none of the user's. */
export function programOf([kind, file]: readonly string[] = []): string | undefined {
  return file ?? (kind === 'claude' ? 'claude' : undefined)
}

/** Whether the system would find the program; a person hears of it before the first prompt does. */
export function isThere(file: string, workspace: string, path = process.env.PATH ?? ''): boolean {
  // There, endings that the system adds belong to the name.
  if (process.platform === 'win32') return true
  const places = file.includes('/')
    ? [resolve(workspace, file)]
    : path.split(delimiter).map((at) => join(at || '.', file))
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** The same assistant; `tell` hears why it does not run, and null once it does. */
export function watched(factory: AssistantFactory, tell: (trouble: string | null) => void): AssistantFactory {
  return (events, session) => {
    const stopped = (reason: string) => {
      tell(reason)
      events.stopped(reason)
    }
    const assistant = factory({ ...events, stopped }, session)
    const start = assistant.start.bind(assistant)
    assistant.start = async (mustTakeUp) => {
      try {
        await start(mustTakeUp)
        tell(null)
      } catch (error) {
        tell((error as Error).message)
        throw error
      }
    }
    return assistant
  }
}

function scriptedAssistant(workspace: string): AgentOptions['assistant'] {
  const [program, script] = [scripted('acp.ts'), scripted('demo.script.json')]
  if (!existsSync(program) || !existsSync(script)) {
    throw new Failure(
      EXIT.failed,
      'assistant-unavailable',
      `The scripted assistant is not installed (${program}); name another with --assistant acp -- <command…>.`,
    )
  }
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', program, '--script', script]
  return { factory: acpAssistant({ command, workspace }), name: SCRIPTED_NAME, scripted: true }
}
