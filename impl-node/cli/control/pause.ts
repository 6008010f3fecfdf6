// `control pause` and `control resume`.

import type { Controller } from '../../controller/controller.ts'
import { EXIT } from '../command.ts'
import { Failure } from '../failure.ts'
import type { Sub } from './sub.ts'

/** Ends the pause that lasts. Throws Failure where there is none. */
export async function resumeNow(controller: Controller): Promise<string> {
  const { paused } = await controller.call('claude.getStatus', {})
  if (!paused) throw new Failure(EXIT.failed, 'not-found', 'The computer is not paused.')
  await controller.call('session.resume', { pauseId: paused.pauseId })
  return paused.pauseId
}

export const pause: Sub = {
  name: 'pause',
  usage: 'pause',
  summary: 'let the computer refuse whatever has an effect, from every device',
  details: `The running prompt goes on and can be stopped; what the assistant asks can be
denied; everything can be looked at.

JSON: paused {pauseId}.
`,
  options: {},
  async run({ controller, say }) {
    const { pauseId } = await controller.call('session.pause', {})
    say('Paused; happy-remote control resume ends it.', { event: 'paused', pauseId })
    return EXIT.ok
  },
}

export const resume: Sub = {
  name: 'resume',
  usage: 'resume',
  summary: 'end the pause, whoever has begun it',
  details: `What was refused meanwhile is not done now; prompts that were waiting before go
on.

JSON: resumed {pauseId}.

Exit codes: 0 resumed, 1 the computer was not paused.
`,
  options: {},
  async run({ controller, say }) {
    say('Resumed.', { event: 'resumed', pauseId: await resumeNow(controller) })
    return EXIT.ok
  },
}
