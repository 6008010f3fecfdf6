// What a pause is; claude-get-status.ts, session-pause.ts and events.ts use it.

import { type Static, Type } from 'typebox'
import { DeviceId, Timestamp, Uuid } from './method.ts'

export const PauseId = Uuid

/** Who began or ended it, and when. */
export const Pause = Type.Object({
  pauseId: PauseId,
  by: Type.Union([DeviceId, Type.Literal('local')]),
  at: Timestamp,
})
export type Pause = Static<typeof Pause>
