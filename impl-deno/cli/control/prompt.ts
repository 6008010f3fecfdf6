// `happy-remote control prompt`: one prompt to its end.

import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import type { ControllerEvent } from '../../controller/controller.ts'
import { CallFailure } from '../../controller/failure.ts'
import { safeLine, safeText } from '../../controller/safe-text.ts'
import { CommandFailure, EXIT_FAILED, EXIT_OK, EXIT_QUESTION } from '../command.ts'
import type { Lines } from '../stdin.ts'
import { attached } from './attach.ts'
import { formText } from './form.ts'
import { allowOnce, answer, deny, optionOf, questionText } from './question.ts'
import type { Subject } from './subject.ts'

export type OnQuestion = 'ask' | 'allow' | 'deny' | 'wait' | 'leave'

export interface PromptOptions {
  readonly text: string
  /** Names of files, with commas between. */
  readonly attach: string | undefined
  readonly noWait: boolean
  readonly onQuestion: OnQuestion
  /** Undefined where standard input was the prompt itself. */
  readonly lines: Lines | undefined
}

const encoder = new TextEncoder()

/** Follows one prompt; made before it is given, so that no event is missed. */
class Follower {
  readonly #subject: Subject
  readonly #options: PromptOptions
  /** Nothing is told after the end. */
  readonly #stop: () => void
  readonly #done = Promise.withResolvers<number>()
  readonly #asked = new Set<string>()
  /** Ends of prompts that were heard before this one had a name. */
  readonly #ends = new Map<string, EventParams<'claude.messageState'>>()
  readonly #open: PermissionRequest[] = []
  readonly #streamed = new Set<string>()
  #messageId: string | undefined
  #reading = false

  constructor(subject: Subject, options: PromptOptions) {
    this.#subject = subject
    this.#options = options
    this.#stop = subject.controller.listen((event) => this.#take(event))
  }

  async follow(messageId: string): Promise<number> {
    this.#messageId = messageId
    const end = this.#ends.get(messageId)
    if (end) this.#end(end)
    return this.#done.promise
  }

  #take(event: ControllerEvent): void {
    if (event.type === 'revoked') this.#done.reject(new CallFailure('revoked', 'The computer has ended the pairing'))
    if (event.type === 'status') this.#caughtUp(event)
    if (event.type !== 'event') return
    const { method, params } = event
    if (this.#subject.json) this.#subject.io.out(JSON.stringify({ event: method, params }))
    else this.#show(method, params)
    if (method === 'permission.requested') void this.#ask(params as PermissionRequest)
    if (method === 'question.requested') void this.#wants(params as QuestionRequest)
    if (method === 'permission.resolved') {
      const { requestId } = params as EventParams<'permission.resolved'>
      const index = this.#open.findIndex((one) => one.requestId === requestId)
      if (index >= 0) this.#open.splice(index, 1)
    }
    if (method === 'claude.messageState') this.#end(params as EventParams<'claude.messageState'>)
  }

  /** Events are not kept for those who were away: what is asked now is asked again, and an end may have been missed. */
  #caughtUp({ status }: Extract<ControllerEvent, { type: 'status' }>): void {
    if (this.#messageId === undefined) return
    for (const request of status.pending) void this.#ask(request)
    for (const question of status.questions ?? []) void this.#wants(question)
    if (status.state === 'idle' && status.queued === 0) {
      const message = 'The prompt is over, but how it ended could not be heard: the connection was lost'
      this.#done.reject(new CommandFailure(message, EXIT_FAILED, 'uncertain'))
    }
  }

  #end(state: EventParams<'claude.messageState'>): void {
    if (state.state === 'queued' || state.state === 'started') return
    this.#ends.set(state.messageId, state)
    if (state.messageId !== this.#messageId) return
    const { messageId, reason } = state
    if (this.#subject.json) this.#subject.io.out(JSON.stringify({ event: 'ended', ...state }))
    else if (state.state !== 'completed')
      this.#subject.io.err(`The prompt was ${state.state}: ${safeLine(reason ?? '')}`)
    this.#ends.delete(messageId)
    this.#stop()
    this.#done.resolve(state.state === 'completed' ? EXIT_OK : EXIT_FAILED)
  }

  /** The assistant's words on standard output, everything else on standard error. */
  #show(method: string, params: unknown): void {
    const { io } = this.#subject
    if (method === 'claude.delta') {
      const { kind, text, messageId } = params as EventParams<'claude.delta'>
      if (kind !== 'text') return
      this.#streamed.add(messageId)
      Deno.stdout.writeSync(encoder.encode(safeText(text)))
    }
    if (method === 'claude.message') {
      const { role, text, messageId, tool } = params as EventParams<'claude.message'>
      if (role === 'assistant') io.out(this.#streamed.delete(messageId) ? '' : safeText(text))
      if (role === 'tool' && tool) io.err(`${safeLine(tool.title)}: ${safeLine(tool.status)}`)
      if (role === 'other' && text.trim() !== '') io.err(safeText(text))
    }
  }

  async #ask(request: PermissionRequest): Promise<void> {
    if (this.#asked.has(request.requestId)) return
    this.#asked.add(request.requestId)
    const { onQuestion, lines } = this.#options
    if (!this.#subject.json) this.#subject.io.err(questionText(request))
    if (onQuestion === 'wait') return
    if (onQuestion === 'leave' || (onQuestion === 'ask' && !lines)) return this.#leave()
    if (onQuestion === 'ask') {
      this.#open.push(request)
      if (lines) void this.#read(lines)
      return
    }
    const option = onQuestion === 'allow' ? allowOnce(request) : deny(request)
    if (option) await this.#answer(request, option)
    else this.#leave()
  }

  /** What wants values is declined, or left to `control answer`: no flag and no single key answers it. */
  async #wants(question: QuestionRequest): Promise<void> {
    const { requestId } = question
    if (this.#asked.has(requestId)) return
    this.#asked.add(requestId)
    const { onQuestion } = this.#options
    if (!this.#subject.json) this.#subject.io.err(formText(question))
    if (onQuestion === 'wait') return
    if (onQuestion !== 'deny') return this.#leave('answer')
    await this.#settle(this.#subject.controller.call('question.answer', { requestId, answers: null }))
  }

  /** Lines of standard input answer the oldest question, each when there is one. */
  async #read(lines: Lines): Promise<void> {
    if (this.#reading) return
    this.#reading = true
    for (let request = this.#open[0]; request; request = this.#open[0]) {
      const line = await lines.next()
      if (line === undefined) {
        this.#leave()
        break
      }
      const option = optionOf(request, line)
      if (!option) this.#subject.io.err('Answer with y, n, or the number or id of an option.')
      // Somebody else may have answered it while the line was typed.
      else if (this.#open.includes(request)) {
        this.#open.splice(this.#open.indexOf(request), 1)
        await this.#answer(request, option)
      }
    }
    this.#reading = false
  }

  async #answer(request: PermissionRequest, option: PermissionRequest['options'][number]): Promise<void> {
    await this.#settle(answer(this.#subject.controller, request, option))
  }

  async #settle(call: Promise<unknown>): Promise<void> {
    await call.catch((error) => {
      // Somebody else was faster, or its time is over, which the event of its outcome tells.
      if (!(error instanceof CallFailure) || !['conflict', 'expired', 'not-found'].includes(error.code)) {
        this.#done.reject(error)
      }
    })
  }

  /** The prompt goes on without this program. */
  #leave(by: 'approve' | 'answer' = 'approve'): void {
    const { say } = this.#subject
    say('left', { messageId: this.#messageId }, `Left; \`happy-remote control ${by}\` answers.`)
    this.#stop()
    this.#done.resolve(EXIT_QUESTION)
  }
}

export async function prompt(subject: Subject, options: PromptOptions): Promise<number> {
  const params = { prompt: options.text, ...(await attached(options.attach)) }
  const follower = new Follower(subject, options)
  const { messageId, state } = await subject.controller.call('claude.sendMessage', params)
  if (subject.json) subject.io.out(JSON.stringify({ event: 'accepted', messageId, state }))
  else if (state === 'queued') subject.io.err('The prompt waits behind another one.')
  return options.noWait ? EXIT_OK : follower.follow(messageId)
}
