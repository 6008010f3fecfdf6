// The relay under test.

import { type Relay, type RelayOptions, startRelay } from '../relay/server.ts'
import { readSite } from '../relay/site.ts'
import type { Role } from './role.ts'

export function relayRole(): Role {
  let relay: Relay | undefined
  return {
    capabilities: ['cluster', 'limits', 'origins', 'secret', 'web'],
    verbs: {
      start: async ({ web, ...args }) => {
        // What else may be asked for has the names and units of this relay's own options.
        relay = await startRelay({
          ...(args as RelayOptions),
          ...(web !== undefined && { site: readSite(web as string) }),
        })
        return { url: `${relay.url}${args.secret === undefined ? '' : `/${args.secret}`}/v1` }
      },
      state: () => ({ ...relay?.stats() }),
      stop: () => relay?.drain(),
    },
  }
}
