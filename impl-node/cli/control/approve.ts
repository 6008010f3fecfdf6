// `control approve`: answers what the assistant asks.

import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure } from '../failure.ts'
import { note } from '../output.ts'
import { safeLine } from '../safe-text.ts'
import { ask, canAsk } from '../terminal/ask.ts'
import { allowOnce, answerPermission, deny, optionMeant, permissionLines } from './permissions.ts'
import type { Sub, SubContext } from './sub.ts'

/** The only one that waits, or the one whose id begins so. Throws Failure or UsageError. */
export function choose<Asked extends Pick<PermissionRequest, 'requestId' | 'title'>>(
  pending: readonly Asked[],
  wanted: string | undefined,
): Asked {
  const fits = pending.filter(({ requestId }) => wanted === undefined || requestId.startsWith(wanted))
  const [request, ...others] = fits
  if (!request) {
    throw new Failure(
      EXIT.failed,
      'not-found',
      wanted ? `Nothing with the id ${wanted} waits for an answer.` : 'Nothing waits for an answer.',
    )
  }
  if (others.length > 0) {
    const list = fits.map(({ requestId, title }) => `${requestId.slice(0, 8)} (${safeLine(title, 60)})`).join(', ')
    throw new UsageError(`Several questions wait; say which: ${list}.`)
  }
  return request
}

async function optionFor(request: PermissionRequest, flags: SubContext['flags']) {
  if (flags.option !== undefined) {
    const option = request.options.find(({ id }) => id === flags.option)
    const ids = request.options.map(({ id }) => safeLine(id, 40)).join(', ')
    if (!option) throw new UsageError(`There is no option ${JSON.stringify(flags.option)}; there are ${ids}.`)
    return option
  }
  if (flags.deny || flags.yes) {
    const option = flags.deny ? deny(request) : allowOnce(request)
    if (option) return option
    throw new UsageError(
      `The question has no option to ${flags.deny ? 'deny' : 'allow it once'}; name one with --option.`,
    )
  }
  if (!canAsk()) throw new UsageError('Nobody can be asked here: say --option <id>, --deny, or --yes to allow it once.')
  for (;;) {
    const option = optionMeant(request, await ask('y, n or a number: '))
    if (option) return option
  }
}

async function run(context: SubContext): Promise<number> {
  const { controller, flags, words, say, json } = context
  const { pending } = await controller.call('claude.getStatus', {})
  const request = choose(pending, words[0])
  if (!json) note(permissionLines(request).join('\n'))
  const option = await optionFor(request, flags)
  const { outcome } = await answerPermission(controller, request, option)
  const { requestId, inputText } = request
  say(`${outcome}: ${safeLine(request.title)}`, { event: 'answered', requestId, inputText, option: option.id, outcome })
  return EXIT.ok
}

export const approve: Sub = {
  name: 'approve',
  usage: 'approve [<request id>]',
  summary: 'answer what the assistant asks, having seen its exact input',
  details: `  --option <id>  this option; \`control status --json\` tells their ids
  --deny         deny it
  --yes          allow it once

The answer carries a hash of the input that was shown here: the agent refuses
it for any other input.

JSON: answered {requestId, inputText, option, outcome}.

Exit codes: 0 answered, 1 nothing waits, or somebody was faster.
`,
  options: { option: { type: 'string' }, deny: { type: 'boolean' }, yes: { type: 'boolean', short: 'y' } },
  run,
}
