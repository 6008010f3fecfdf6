// Frames between a program and its peer, as scenarios about an unplugged cable name them.

import type { Passing } from '../peers/faulty-relay.ts'
import { SuiteError } from '../shim/trouble.ts'
import type { Stage } from './stage.ts'

type Matches = (frame: Passing) => boolean

/** Sealed messages by who has sent them. */
const messageOf =
  (stage: Stage, sender: 'agent' | 'controller'): Matches =>
  ({ kind, isToProgram }) =>
    kind === 'message' && isToProgram === (stage.role !== sender)

/** What comes after a frame of the other kind has passed. */
const after =
  ({ relay }: Stage, first: Matches, then: Matches): Matches =>
  (frame) =>
    then(frame) && relay.passed.some((other) => other !== frame && first(other))

const R3: Matches = ({ kind }) => kind === 'R3'

/** Named here where the name alone does not say it. What was heard before the scenario's rekey or command is forgotten. */
const named: Readonly<Record<string, (stage: Stage) => Matches>> = {
  'the first message of the agent': (stage) => messageOf(stage, 'agent'),
  // What the controller says before the digits were typed need not be looked at.
  'the first message of the controller': (stage) => (frame) =>
    stage.found === 'commit' && messageOf(stage, 'controller')(frame),
  "the agent's first message in the new session": (stage) => after(stage, R3, messageOf(stage, 'agent')),
  "the controller's first message in the new session": (stage) =>
    after(stage, after(stage, R3, messageOf(stage, 'agent')), messageOf(stage, 'controller')),
  'the command': (stage) => messageOf(stage, 'controller'),
  'its answer': (stage) => after(stage, messageOf(stage, 'controller'), messageOf(stage, 'agent')),
}

/** How often the controller has sent a command that it repeats, or anything else, since the scenario forgot what had passed. */
export const sentByController = (stage: Stage): number =>
  stage.relay.passed.filter(messageOf(stage, 'controller')).length

export function isFrame(stage: Stage, name: string): Matches {
  if (/^[MR][123]$/.test(name)) return ({ kind }) => kind === name
  const matches = named[name]?.(stage)
  if (!matches) throw new SuiteError(`There is no frame "${name}"`)
  return matches
}
