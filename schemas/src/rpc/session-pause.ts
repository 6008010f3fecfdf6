import { Type } from 'typebox'
import { defineMethod, Empty } from './method.ts'
import { PauseId } from './pause.ts'

export const sessionPause = defineMethod({
  name: 'session.pause',
  kind: 'command',
  capability: 'prompt',
  doc: 'Lets the agent refuse what has an effect until the pause ends. A pause that lasts already is answered with its `pauseId`.',
  params: Empty,
  result: Type.Object({ pauseId: PauseId }),
  errors: [],
})
