// `control prompt`: one prompt, from its acceptance to its end.

import { randomUUID } from 'node:crypto'
import { text as textOf } from 'node:stream/consumers'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import type { EventParams, Params } from '@happy-remote/schemas/rpc/registry.ts'
import type { Present } from '../../controller/catch-up.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure } from '../failure.ts'
import { PROGRAM } from '../invocation.ts'
import { note } from '../output.ts'
import { safeLine } from '../safe-text.ts'
import { ask, canAsk, readLines } from '../terminal/ask.ts'
import { dim } from '../terminal/style.ts'
import { attachedFiles } from './attached.ts'
import { listen, Narrator } from './narrator.ts'
import { allowOnce, answerPermission, deny, optionMeant, permissionLines } from './permissions.ts'
import { answerQuestion, questionLines } from './questions.ts'
import { queuePrompt, sendTheRest } from './queue-sending.ts'
import type { Sub, SubContext } from './sub.ts'

type End = Pick<EventParams<'claude.messageState'>, 'state' | 'reason'>

async function promptText(words: readonly string[]): Promise<string> {
  if (words.length === 0) throw new UsageError('The prompt is missing.')
  const prompt = words.length === 1 && words[0] === '-' ? await textOf(process.stdin) : words.join(' ')
  if (prompt.trim() === '') throw new UsageError('The prompt is empty.')
  return prompt
}

/** What becomes of a question that nobody answers here. */
const ON_QUESTION = ['wait', 'deny', 'leave'] as const
type OnQuestion = (typeof ON_QUESTION)[number]

function onQuestionOf(text: string | boolean | undefined): OnQuestion | undefined {
  const found = ON_QUESTION.find((each) => each === text)
  if (text === undefined || found) return found
  throw new UsageError(`--on-question is ${JSON.stringify(text)}: wait, deny or leave is needed.`)
}

/** The sub-command that answers what was left. */
type AnsweredBy = 'approve' | 'answer'

/** Answers what the assistant asks, by the flags, the person, or lines of standard input. */
class Answers {
  readonly #context: SubContext
  readonly #onQuestion: OnQuestion | undefined
  readonly #leave: (by: AnsweredBy) => void
  /** Standard input may have answers. */
  #fromInput: boolean
  readonly #answered = new Set<string>()
  readonly #questions = new Set<string>()
  readonly #waiting = new Map<string, { request: PermissionRequest; resolved: AbortController }>()
  #stopLines: (() => void) | null = null

  /** `leave` is called where a question is left to others, and with it the prompt. */
  constructor(context: SubContext, leave: (by: AnsweredBy) => void) {
    this.#context = context
    this.#leave = leave
    this.#onQuestion = onQuestionOf(context.flags['on-question'])
    this.#fromInput = context.words[0] !== '-' && !this.#onQuestion
  }

  requested(request: PermissionRequest): void {
    if (this.#waiting.has(request.requestId)) return
    const { flags, json } = this.#context
    this.#waiting.set(request.requestId, { request, resolved: new AbortController() })
    if (!json) note(permissionLines(request).join('\n'))
    const option = flags.allow ? allowOnce(request) : flags.deny ? deny(request) : undefined
    if (option) void this.#answer(request, option)
    else if (!json && this.#fromInput && canAsk()) void this.#ask(request)
    else if (this.#fromInput && !process.stdin.isTTY) this.#listen()
    else this.#unanswered(request)
  }

  /** A question that wants values is left to `control answer`, or declined: no flag and no single key answers it. */
  questioned(question: QuestionRequest): void {
    if (this.#questions.has(question.requestId)) return
    this.#questions.add(question.requestId)
    const { flags, json, controller } = this.#context
    if (!json) note(questionLines(question).join('\n'))
    if (flags.deny || this.#onQuestion === 'deny') void this.#send(() => answerQuestion(controller, question, null))
    else if (this.#onQuestion !== 'wait') this.#leave('answer')
    else if (!json) note(`The assistant waits for an answer: ${PROGRAM} control answer gives it.`)
  }

  /** Nobody here answers. */
  #unanswered(request: PermissionRequest): void {
    const denial = this.#onQuestion === 'deny' ? deny(request) : undefined
    if (denial) void this.#answer(request, denial)
    else if (this.#onQuestion !== 'wait') this.#leave('approve')
    else if (!this.#context.json) {
      note(
        `The assistant waits for an answer: answer on another device, or stop this with Ctrl-C\nand use ${PROGRAM} control approve; the prompt goes on there.`,
      )
    }
  }

  resolved({ requestId, outcome }: EventParams<'permission.resolved'>): void {
    this.#waiting.get(requestId)?.resolved.abort(new Failure(EXIT.failed, 'conflict', 'Answered elsewhere.'))
    this.#answered.delete(requestId)
    if (this.#waiting.delete(requestId) && !this.#context.json) note(`  ${outcome}`)
  }

  close(): void {
    this.#stopLines?.()
    for (const { resolved } of this.#waiting.values()) resolved.abort(new Failure(EXIT.failed, 'conflict', 'Over.'))
  }

  async #answer(request: PermissionRequest, option: PermissionRequest['options'][number]): Promise<void> {
    this.#answered.add(request.requestId)
    await this.#send(() => answerPermission(this.#context.controller, request, option))
  }

  async #send(answer: () => Promise<unknown>): Promise<void> {
    try {
      await answer()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      note(safeLine(error.message))
    }
  }

  async #ask(request: PermissionRequest): Promise<void> {
    const { resolved } = this.#waiting.get(request.requestId) as { resolved: AbortController }
    try {
      for (;;) {
        const option = optionMeant(request, await ask('y, n or a number: ', resolved.signal))
        if (option) return await this.#answer(request, option)
      }
    } catch (error) {
      if (error instanceof Failure && error.code === 'interrupted') process.kill(process.pid, 'SIGINT')
    }
  }

  get #open(): PermissionRequest[] {
    return [...this.#waiting.values()]
      .map(({ request }) => request)
      .filter(({ requestId }) => !this.#answered.has(requestId))
  }

  /** Each line answers the oldest request; behind the last line nobody does. */
  #listen(): void {
    const onLine = (line: string) => {
      const [oldest] = this.#open
      const option = oldest && optionMeant(oldest, line)
      if (oldest && option) void this.#answer(oldest, option)
      else if (line !== '') note('There are: y, n, the number or the id of an option; for what is asked now.')
    }
    const onEnd = () => {
      this.#fromInput = false
      for (const request of this.#open) this.#unanswered(request)
    }
    this.#stopLines ??= readLines(onLine, onEnd)
  }
}

/** Resolves to how the prompt ended, or was left with a question; the words of its turn are told meanwhile. */
function follow(
  context: SubContext,
  messageId: string,
  asked: Params<'claude.sendMessage'>,
): Promise<End | { state: 'left'; by: AnsweredBy }> {
  const { controller, json, say } = context
  return new Promise((resolve, reject) => {
    const answers = new Answers(context, (by) => done(() => resolve({ state: 'left', by })))
    const narrator = new Narrator({
      words: (piece) => process.stdout.write(piece),
      wordsEnd: () => process.stdout.write('\n'),
      aside: (kind, text) => note(dim(kind === 'thought' || kind === 'note' ? `(${text})` : `  ${text}`)),
    })
    let started = false
    const done = (settle: () => void) => {
      controller.off('status', onStatus)
      controller.off('present', onPresent)
      controller.off('event', tell)
      stop()
      answers.close()
      narrator.end()
      settle()
    }
    const tell = ({ method, params }: { method: string; params: object }) => {
      if (json) say('', { event: method, params })
    }
    const mine = (then: () => void) => {
      if (started && !json) then()
    }
    controller.on('event', tell)
    const stop = listen(controller, {
      'claude.delta': (delta) => mine(() => narrator.delta(delta)),
      'claude.message': (message) => mine(() => narrator.message(message, message.messageId === messageId)),
      'permission.requested': (request) => started && answers.requested(request),
      'permission.resolved': (resolution) => answers.resolved(resolution),
      'question.requested': (question) => started && answers.questioned(question),
      'claude.messageState': ({ messageId: id, state, reason }) => {
        if (id !== messageId) return
        if (state === 'started') started = true
        else if (state === 'queued') json || note('Waiting behind another prompt.')
        else done(() => resolve({ state, ...(reason !== undefined && { reason }) }))
      },
    })
    // What an agent tells before it is restarted is lost with it.
    let wasReady = true
    let wasLost = false
    const onStatus = ({ ready }: { ready: boolean }) => {
      if (!ready && wasReady && !json) note(dim('(the connection is lost; it is made again)'))
      wasReady = ready
      wasLost ||= !ready
    }
    const onPresent = ({ status }: Present) => {
      if (!wasLost || !status) return
      const { state, queued, pending, questions = [] } = status
      if (started) for (const request of pending) answers.requested(request)
      if (started) for (const question of questions) answers.questioned(question)
      if (state !== 'idle' || queued > 0) return
      const text = 'The prompt is over, but how it ended was lost with the connection.'
      done(() => reject(new Failure(EXIT.failed, 'uncertain', text)))
    }
    controller.on('status', onStatus)
    controller.on('present', onPresent)
    const accepted = ({ state }: { state: string }) => {
      if (json) say('', { event: 'accepted', messageId, state })
    }
    controller.call('claude.sendMessage', asked, { id: messageId }).then(accepted, (error) => done(() => reject(error)))
  })
}

async function run(context: SubContext): Promise<number> {
  const { controller, flags, words, behind, say, json } = context
  if ([flags.allow, flags.deny, flags['on-question']].filter(Boolean).length > 1) {
    throw new UsageError('Of --allow, --deny and --on-question only one can be given.')
  }
  onQuestionOf(flags['on-question'])
  if (flags.queue && (flags.allow || flags.deny || flags['on-question'])) {
    throw new UsageError('With --queue nobody is here when the assistant asks: answer with control approve.')
  }
  if (flags.queue && flags.attach !== undefined) throw new UsageError('With --queue nothing can be attached.')
  const prompt = await promptText([...words, ...(behind ?? [])])
  const asked = { prompt, ...(await attachedFiles(flags.attach)) }
  if (flags.queue) return queuePrompt(context, prompt)
  // What was given before goes before.
  await sendTheRest(context, context.timeout)
  const messageId = randomUUID()
  if (flags['no-wait']) {
    const { state } = await controller.call('claude.sendMessage', asked, { id: messageId })
    say(state === 'queued' ? 'Accepted; it waits behind another prompt.' : 'Accepted.', {
      event: 'accepted',
      messageId,
      state,
    })
    return EXIT.ok
  }
  context.signal.addEventListener('abort', () => json || note('The prompt goes on at the computer.'))
  const end = await follow(context, messageId, asked)
  if (end.state === 'left') {
    if (json) say('', { event: 'left', messageId })
    else note(`The assistant waits for an answer: give it with ${PROGRAM} control ${end.by}; the prompt goes on there.`)
    return EXIT.unanswered
  }
  const { state, reason } = end
  if (json) say('', { event: 'ended', messageId, state, reason: reason ?? null })
  else if (state !== 'completed')
    note(`The prompt was ${state === 'failed' ? 'not completed' : state}${reason ? `: ${safeLine(reason)}` : ''}.`)
  return state === 'completed' ? EXIT.ok : EXIT.failed
}

export const prompt: Sub = {
  name: 'prompt',
  usage: 'prompt <text…> | prompt -',
  summary: 'give the assistant a prompt and follow it to its end',
  details: `  -           the prompt is standard input
  --attach <file>[,<file>…]
              images (png, jpeg, gif, webp) and files of text that go with
              the prompt
  --no-wait   end when the prompt is accepted
  --queue     keep the prompt where the computer is away, and end: the next
              control that reaches the computer sends it, within 24 h
  --allow     answer every question of this prompt with "allow once"; you see
              what for only afterwards
  --deny      answer every question of this prompt with a denial
  --on-question <what>
              nobody is asked here. wait: until another device has answered;
              deny: as --deny; leave: the prompt goes on without this program,
              and \`control approve\` answers

The assistant's words go to standard output, everything else to standard error.
At a terminal you are asked what the assistant asks; otherwise lines of
standard input (y, n, the number or id of an option) answer the oldest
question, as may any other device. Where the input has ended, or nobody can be
asked, a question makes it leave with exit code 6; so does what wants values
and no yes or no, which \`control answer\` answers. Ctrl-C leaves, too; the
prompt goes on at the computer, and \`control cancel\` stops it.

JSON: queued {id, position} with --queue; accepted {messageId, state}, the agent's events as {event: <method>,
params}, and at last ended {messageId, state, reason}, or left {messageId}.

Exit codes: 0 completed, accepted or queued, 1 failed or cancelled, 6 left with a question.
`,
  options: {
    attach: { type: 'string' },
    allow: { type: 'boolean' },
    deny: { type: 'boolean' },
    'on-question': { type: 'string' },
    'no-wait': { type: 'boolean' },
    queue: { type: 'boolean' },
  },
  connects: (flags) => flags.queue === true,
  run,
}
