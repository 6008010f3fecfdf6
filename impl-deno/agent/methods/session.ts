import type { Handlers } from '../caller.ts'
import type { Pause } from '../pause.ts'

export const pauseMethods = (pause: Pause): Pick<Handlers, 'session.pause' | 'session.resume'> => ({
  'session.pause': (_, { device }) => ({ result: { pauseId: pause.begin(device).pauseId } }),
  'session.resume': ({ pauseId }, { device }) => {
    pause.end(pauseId, device)
    return { result: { success: true } }
  },
})
