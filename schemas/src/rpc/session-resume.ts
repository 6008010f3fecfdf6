import { Type } from 'typebox'
import { defineMethod } from './method.ts'
import { PauseId } from './pause.ts'

export const sessionResume = defineMethod({
  name: 'session.resume',
  kind: 'command',
  capability: 'prompt',
  doc: 'Ends the pause of this `pauseId`. Nothing that was refused meanwhile is executed.',
  params: Type.Object({ pauseId: PauseId }),
  result: Type.Object({ success: Type.Boolean() }),
  errors: ['not-found'],
})
