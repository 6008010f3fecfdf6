// The relay's verbs.

import { RELAY_PATH } from '@happy-remote/schemas/constants.ts'
import pino from 'pino'
import type { RelayOptions } from '../relay/server.ts'
import type { Verbs } from './verbs.ts'

export async function relay(): Promise<Verbs> {
  const { startRelay } = await import('../relay/server.ts')
  const { isRelayLimit } = await import('../relay/limits.ts')
  const { readSite } = await import('../relay/site.ts')
  let running: Awaited<ReturnType<typeof startRelay>> | undefined
  return {
    start: async ({ web, ...options }) => {
      if (!Object.keys(options.limits ?? {}).every(isRelayLimit)) process.exit(89)
      const logger = pino({ level: 'debug' }, pino.destination({ dest: 2, sync: true }))
      const site = web === undefined ? {} : { site: readSite(web as string) }
      running = await startRelay({ ...(options as RelayOptions), ...site, logger })
      const admission = options.secret === undefined ? '' : `/${options.secret}`
      return { url: `${running.url}${admission}${RELAY_PATH}` }
    },
    state: () => ({ ...running?.stats() }),
    stop: () => running?.drain(),
  }
}
