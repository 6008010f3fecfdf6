// A relay that stands alone: whoever is not bound here is bound nowhere.

import type { Bus } from './bus.ts'

export const alone: Bus = {
  start: async () => {},
  admit(_id, _peer, bind) {
    bind()
    return undefined
  },
  left: () => {},
  // relay.frame.offline
  publish: () => false,
  stats: () => undefined,
  close: async () => {},
}
