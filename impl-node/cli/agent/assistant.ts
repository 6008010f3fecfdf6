// Which assistant the agent drives, from the words of the settings.

import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AgentOptions } from '../../agent/agent.ts'
import { acpAssistant } from '../../agent/assistants/acp.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure } from '../failure.ts'

export const SCRIPTED_NAME = 'Scripted assistant'

const scripted = (file: string) => fileURLToPath(new URL(`../../../conformance/assistants/${file}`, import.meta.url))

/**
 * `['acp', …command]`, `['scripted']` or `['none']`; undefined is none. Throws UsageError, and Failure where the
 * scripted assistant is not there.
 */
export function assistantOf(words: readonly string[] | undefined, workspace: string): AgentOptions['assistant'] {
  const [kind = 'none', ...command] = words ?? []
  if (kind === 'acp') {
    const [file] = command
    if (file === undefined) {
      throw new UsageError('The assistant "acp" needs its command: --assistant acp -- <command…>.')
    }
    return { factory: acpAssistant({ command, workspace }), name: basename(file), scripted: false }
  }
  if (command.length > 0) throw new UsageError(`The assistant ${JSON.stringify(kind)} takes no command.`)
  if (kind === 'none') return null
  if (kind === 'scripted') return scriptedAssistant(workspace)
  throw new UsageError(`There is no assistant ${JSON.stringify(kind)}; there are acp, scripted and none.`)
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
