// A shell command in a real terminal, from its opening to its exit.

import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller } from '../../controller/controller.ts'
import { safeText } from '../../controller/safe-text.ts'
import { CommandFailure } from '../command.ts'

/** Says what it prints. Rejects with CommandFailure where its exit code is not 0. */
export async function runInShell(controller: Controller, script: string, say: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let text = ''
  let seen = 0
  let exit: EventParams<'terminal.exited'> | undefined
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = () => {
    if (exit && seen >= exit.end) resolve()
  }
  const forget = controller.listen((event) => {
    if (event.type === 'output') {
      text += decoder.decode(event.bytes, { stream: true })
      seen = event.offset + event.bytes.length
    } else if (event.type === 'event' && event.method === 'terminal.exited') {
      exit = event.params as EventParams<'terminal.exited'>
    }
    done()
  })
  try {
    say(`$ ${script}`)
    await controller.call('terminal.open', { cols: 80, rows: 24, command: ['sh', '-c', script] })
    await promise
    say(safeText(text).trimEnd())
    if (exit?.exitCode !== 0) throw new CommandFailure(`The shell command ended with exit code ${exit?.exitCode}`)
  } finally {
    forget()
  }
}
