// One server of Redis: a connection for commands and one for what arrives.

import type { Clock } from '../clock.ts'
import { tokenKeyOf } from './names.ts'
import { type RedisConnection, RedisLost } from './redis-connection.ts'

export interface RedisTimes {
  /** Milliseconds in which Redis has to answer. */
  readonly answer: number
  /** Milliseconds for which it keeps anything. */
  readonly life: number
}

/**
 * Gives a route its token (cluster.bind.token), or one of an age (cluster.redis.late). Answers '0' where the token
 * of that age is not the newest. Answers nothing, and changes nothing, after ARGV[1]: a server that was stopped
 * finds commands of connections that are long given up, and their tokens would displace what holds the route now.
 */
const TOKEN_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now > tonumber(ARGV[1]) then return false end
local stored = tonumber(redis.call('GET', KEYS[1]) or '') or 0
local token = math.max(stored + 1, now)
if ARGV[3] ~= '' then token = now - tonumber(ARGV[3]) end
if token <= stored then return '0' end
local text = string.format('%.0f', token)
redis.call('SET', KEYS[1], text, 'PX', ARGV[2])
return text
`

const MICROSECONDS = 1_000
/** Of the time for an answer; a script that Redis comes to later is not for us any more. */
const SCRIPT_SHARE = 0.9
/** A node that has too much to do sends its script late itself; one whose Redis has set its clock never sends it in time. */
const SCRIPT_TRIES = 5

export class RedisServer {
  readonly commands: RedisConnection
  readonly subscriptions: RedisConnection
  readonly #clock: Clock
  readonly #times: RedisTimes
  /** Redis' clock, microseconds since 1970, less ours; not more than it is. */
  readonly #ahead: number

  private constructor(
    commands: RedisConnection,
    subscriptions: RedisConnection,
    ahead: number,
    clock: Clock,
    times: RedisTimes,
  ) {
    this.commands = commands
    this.subscriptions = subscriptions
    this.#ahead = ahead
    this.#clock = clock
    this.#times = times
  }

  static async of(
    commands: RedisConnection,
    subscriptions: RedisConnection,
    clock: Clock,
    times: RedisTimes,
  ): Promise<RedisServer> {
    const [seconds, microseconds] = await commands.send<[string, string]>('TIME')
    const ahead = Number(seconds) * 1e6 + Number(microseconds) - clock.monotonic() * MICROSECONDS
    return new RedisServer(commands, subscriptions, ahead, clock, times)
  }

  /** The route's token, or undefined where one of `age` milliseconds is not the newest. Without `age`: a new one. */
  async token(channel: string, age?: number): Promise<number | undefined> {
    const began = this.#clock.monotonic()
    for (let tries = 0; tries < SCRIPT_TRIES; tries++) {
      const waited = this.#clock.monotonic() - began
      const given = await this.#askForToken(channel, age === undefined ? undefined : age + waited)
      if (given !== null) return Number(given) || undefined
    }
    throw new RedisLost('it was stopped, or its clock was set')
  }

  /** Null where Redis came to it too late. */
  #askForToken(channel: string, age: number | undefined): Promise<string | null> {
    const { answer, life } = this.#times
    const latest = this.#ahead + (this.#clock.monotonic() + answer * SCRIPT_SHARE) * MICROSECONDS
    return this.commands.send<string | null>(
      'EVAL',
      TOKEN_SCRIPT,
      '1',
      tokenKeyOf(channel),
      latest.toFixed(0),
      String(life),
      age === undefined ? '' : (age * MICROSECONDS).toFixed(0),
    )
  }
}
