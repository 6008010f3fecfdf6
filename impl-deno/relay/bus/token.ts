// The token of a route: the newer of two binds has the larger one, whichever nodes they were made at.

import { tokenKeyOf } from './envelopes.ts'
import type { Servers } from './servers.ts'

/**
 * Microseconds since 1970 by the clock of Redis, and what is stored; both are exact in a double. ARGV[1] is the life of
 * the key in ms. After ARGV[2] nobody waits for the token any more: a Redis that was paused finds old commands when
 * it goes on.
 */
const READ = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now > tonumber(ARGV[2]) then return redis.error_reply('TOOLATE nobody waits for this token any more') end
local stored = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
`
const WRITE = `
local text = string.format('%.0f', token)
redis.call('SET', KEYS[1], text, 'PX', ARGV[1])
return text
`

/** cluster.bind.token */
const NEW = `${READ}
local token = math.max(stored + 1, now)
${WRITE}`

/** cluster.redis.late: ARGV[3] is the age of the binding in microseconds. */
const LATE = `${READ}
local token = now - tonumber(ARGV[3])
if stored >= token then return false end
${WRITE}`

export interface Terms {
  /** ms for which the token is kept. */
  readonly life: number
  /** ms after which it is not wanted any more. */
  readonly wanted: number
}

/** A node that has too much to do asks late itself, and asks again; of a Redis that has set its clock it is always late. */
const TRIES = 5
const isLate = (error: unknown): boolean => error instanceof Error && error.message.startsWith('TOOLATE')

/** `age` is that of the binding in ms, when it is asked for. */
async function run(servers: Servers, script: string, route: string, { life, wanted }: Terms, age = 0) {
  const key = tokenKeyOf(route)
  const { commands, clock } = servers.at(key)
  const began = performance.now()
  for (let tries = 1; ; tries++) {
    const now = performance.now()
    const until = String(Math.floor(clock(now + wanted)))
    const micros = String(Math.round((age + now - began) * 1_000))
    try {
      return await commands.ask('EVAL', script, '1', key, String(life), until, micros)
    } catch (error) {
      if (tries === TRIES || !isLate(error)) throw error
    }
  }
}

export const newToken = async (servers: Servers, route: string, terms: Terms): Promise<number> =>
  Number(await run(servers, NEW, route, terms))

/** The same for a route that was bound `age` ms ago; undefined where another bind is newer. */
export async function lateToken(
  servers: Servers,
  route: string,
  terms: Terms,
  age: number,
): Promise<number | undefined> {
  const token = await run(servers, LATE, route, terms, age)
  return token === null ? undefined : Number(token)
}
