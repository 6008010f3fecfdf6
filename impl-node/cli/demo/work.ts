// What the demo does once it is paired: one prompt with its approval, one command in a terminal.

import { randomUUID } from 'node:crypto'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { Controller } from '../../controller/controller.ts'
import { EXIT } from '../command.ts'
import { listen, Narrator } from '../control/narrator.ts'
import { allowOnce, answerPermission, deny } from '../control/permissions.ts'
import { Failure } from '../failure.ts'
import { exactText, safeLine, safeText } from '../safe-text.ts'
import type { DemoSteps } from './steps.ts'

const PROMPT = 'Say hello in one sentence.'
const COMMAND = process.platform === 'win32' ? ['cmd', '/c', 'ver'] : ['sh', '-c', 'uname -a && tty']
const PATIENCE = 120_000

/**
 * Resolves to ms. What the scripted assistant asks is allowed, since it runs nothing; a real one is
 * denied everything.
 */
export async function runPrompt(controller: Controller, scripted: boolean, steps: DemoSteps): Promise<number> {
  const begun = performance.now()
  const messageId = randomUUID()
  steps.detail(`› ${PROMPT}`)
  let words = ''
  const narrator = new Narrator({
    words: (piece) => {
      words += piece
    },
    wordsEnd: () => {
      steps.detail(words)
      words = ''
    },
    aside: (kind, text) => kind === 'tool' && steps.detail(`• ${text}`),
  })
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  const answer = (request: PermissionRequest) => {
    const option = scripted ? allowOnce(request) : deny(request)
    steps.detail(`? ${safeLine(request.title)}: ${exactText(request.inputText)}`)
    if (!option) return
    steps.detail(`  answered by the demo: ${safeLine(option.name)}`)
    answerPermission(controller, request, option).catch(reject)
  }
  const stop = listen(controller, {
    'claude.delta': (delta) => narrator.delta(delta),
    'claude.message': (message) => narrator.message(message, true),
    'permission.requested': answer,
    'claude.messageState': ({ messageId: id, state, reason }) => {
      if (id !== messageId || state === 'queued' || state === 'started') return
      if (state === 'completed') resolve()
      else reject(new Failure(EXIT.failed, state, `The prompt was ${state}${reason ? `: ${safeLine(reason)}` : ''}.`))
    },
  })
  const late = new Failure(EXIT.failed, 'timeout', `The assistant has not ended within ${PATIENCE / 1_000} s.`)
  const patience = setTimeout(() => reject(late), PATIENCE)
  try {
    await controller.call('claude.sendMessage', { prompt: PROMPT }, { id: messageId })
    await ended
    narrator.end()
  } finally {
    clearTimeout(patience)
    stop()
  }
  steps.done('prompt', 'First prompt completed')
  return performance.now() - begun
}

/** Resolves to ms. */
export async function runShellCommand(controller: Controller, steps: DemoSteps): Promise<number> {
  const begun = performance.now()
  steps.detail(`$ ${COMMAND.at(-1)}`)
  let output = ''
  const decoder = new TextDecoder()
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    controller
      .openTerminal(
        { cols: 80, rows: 24, command: COMMAND },
        {
          onData: (bytes) => {
            output += decoder.decode(bytes, { stream: true })
          },
          onExit: ({ exitCode }) => resolve(exitCode),
        },
      )
      .catch(reject)
  })
  steps.detail(safeText(output).trimEnd())
  if (exitCode !== 0) throw new Failure(EXIT.failed, 'failed', `The command ended with exit code ${exitCode}.`)
  steps.done('shell', `First shell command in a real terminal: exit code ${exitCode}`)
  return performance.now() - begun
}
