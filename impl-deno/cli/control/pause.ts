// `happy-remote control pause` and `resume`.

import { CommandFailure, EXIT_FAILED, EXIT_OK } from '../command.ts'
import type { Subject } from './subject.ts'

export async function pause({ controller, say }: Subject): Promise<number> {
  const { pauseId } = await controller.call('session.pause', {})
  say('paused', { pauseId }, 'Paused; happy-remote control resume ends it')
  return EXIT_OK
}

/** Whoever has begun it. */
export async function resume({ controller, say }: Subject): Promise<number> {
  const { paused } = await controller.call('claude.getStatus', {})
  if (!paused) throw new CommandFailure('The computer is not paused', EXIT_FAILED, 'not-found')
  const { pauseId } = paused
  await controller.call('session.resume', { pauseId })
  say('resumed', { pauseId }, 'Resumed')
  return EXIT_OK
}
