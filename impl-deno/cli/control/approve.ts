// `happy-remote control approve`

import { CallFailure } from '../../controller/failure.ts'
import { exactText, safeLine } from '../../controller/safe-text.ts'
import { CommandFailure, EXIT_OK, UsageError } from '../command.ts'
import type { Lines } from '../stdin.ts'
import { allowOnce, answer, deny, optionOf, questionText } from './question.ts'
import type { Subject } from './subject.ts'

export interface ApproveOptions {
  /** The id of a request, or its beginning. */
  readonly request?: string | undefined
  readonly option?: string | undefined
  readonly deny?: boolean | undefined
  readonly yes?: boolean | undefined
}

export async function approve(subject: Subject, given: ApproveOptions, lines: Lines): Promise<number> {
  const { controller, say, io, json } = subject
  const choices = [given.option !== undefined, given.deny === true, given.yes === true].filter(Boolean).length
  if (choices > 1) throw new UsageError('Give one of --option, --deny and --yes')
  const { pending } = await controller.call('claude.getStatus', {})
  const request = pending.find(({ requestId }) => requestId.startsWith(given.request ?? ''))
  if (!request) throw new CommandFailure('Nothing waits for an answer', 1, 'not-found')
  if (!json) io.out(questionText(request))
  if (choices === 0 && !Deno.stdin.isTerminal()) throw new UsageError('Give --option, --deny or --yes')
  const option =
    choices === 0
      ? optionOf(request, (await lines.next()) ?? '')
      : given.yes
        ? allowOnce(request)
        : given.deny
          ? deny(request)
          : request.options.find(({ id }) => id === given.option)
  if (!option) throw new CommandFailure('There is no such option; nothing was answered', 1, 'invalid-params')
  try {
    const { outcome } = await answer(controller, request, option)
    const { requestId, inputText } = request
    const text = `${safeLine(option.name)}: ${exactText(outcome)}`
    say('answered', { requestId, inputText, option: option.id, outcome }, text)
    return EXIT_OK
  } catch (error) {
    if (!(error instanceof CallFailure) || error.code !== 'conflict') throw error
    throw new CommandFailure('Somebody else was faster', 1, 'conflict')
  }
}
