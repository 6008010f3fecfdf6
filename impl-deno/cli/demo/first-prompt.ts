// The demo's prompt: what the assistant says, and the answer to what it asks.

import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller, ControllerEvent } from '../../controller/controller.ts'
import { exactText, safeLine, safeText } from '../../controller/safe-text.ts'
import { CommandFailure } from '../command.ts'
import { allowOnce, answer, deny } from '../control/question.ts'

export class FirstPrompt {
  readonly #controller: Controller
  readonly #isScripted: boolean
  readonly #say: (text: string) => void
  readonly #ended = Promise.withResolvers<void>()

  constructor(controller: Controller, isScripted: boolean, say: (text: string) => void) {
    this.#controller = controller
    this.#isScripted = isScripted
    this.#say = say
  }

  /** Resolves when the turn has completed; rejects with CommandFailure where it ended otherwise. */
  async run(prompt: string): Promise<void> {
    const forget = this.#controller.listen((event) => this.#take(event))
    try {
      this.#say(`› ${prompt}`)
      await this.#controller.call('claude.sendMessage', { prompt })
      await this.#ended.promise
    } finally {
      forget()
    }
  }

  #take(event: ControllerEvent): void {
    if (event.type !== 'event') return
    const { method, params } = event
    if (method === 'permission.requested') void this.#answer(params as PermissionRequest)
    if (method === 'claude.message') this.#message(params as EventParams<'claude.message'>)
    if (method !== 'claude.messageState') return
    const { state, reason } = params as EventParams<'claude.messageState'>
    if (state === 'completed') this.#ended.resolve()
    if (state === 'failed' || state === 'cancelled') {
      this.#ended.reject(new CommandFailure(`The prompt was ${state}: ${safeLine(reason ?? '')}`))
    }
  }

  #message({ role, text, tool }: EventParams<'claude.message'>): void {
    if (role === 'assistant') this.#say(safeText(text))
    if (role === 'tool' && tool) this.#say(`• ${safeLine(tool.title)}: ${safeLine(tool.status)}`)
  }

  /** Only the script, which runs nothing, is allowed something. */
  async #answer(request: PermissionRequest): Promise<void> {
    const option = this.#isScripted ? allowOnce(request) : deny(request)
    this.#say(`? ${safeLine(request.title)}: ${exactText(request.inputText)}`)
    if (!option) return
    this.#say(`  answered by the demo: ${safeLine(option.name)}`)
    await answer(this.#controller, request, option).catch((error) => this.#ended.reject(error))
  }
}
