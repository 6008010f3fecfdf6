import { equal, ok, rejects } from 'node:assert/strict'
import { routeKeyAt } from '../table.ts'
import { newRoute } from '../testing/client.ts'
import { channelOf, Puppet, RedisServer } from '../testing/redis.ts'
import { redisAddress } from './redis-url.ts'
import { Servers } from './servers.ts'
import { lateToken, newToken } from './token.ts'

/** Microseconds since 1970 that are far from now. */
const AHEAD = (Date.now() + 3_600_000) * 1_000

Deno.test('a token is newer than the stored one and than now, and a late one is refused where it is not', async () => {
  const redis = await RedisServer.shared()
  const puppet = await Puppet.join(redis.url)
  const servers = await Servers.open(redisAddress(redis.url), 30_000, { lost: () => {} })
  const route = await newRoute()
  const key = routeKeyAt(route.id, 0)
  const terms = () => ({ life: 30_000, wanted: 30_000 })
  const first = await newToken(servers, key, terms())
  ok(Math.abs(first / 1_000 - Date.now()) < 60_000)
  equal(await puppet.token(route), first)

  // Bound an hour before the stored token was given, and after it
  equal(await lateToken(servers, key, terms(), 3_600_000), undefined)
  equal(await puppet.token(route), first)
  const late = await lateToken(servers, key, terms(), 0)
  ok(late !== undefined && late > first)
  equal(await puppet.token(route), late)

  await puppet.ask('SET', `${channelOf(route)}:token`, String(AHEAD), 'PX', '30000')
  equal(await newToken(servers, key, terms()), AHEAD + 1)
  equal(await lateToken(servers, key, terms(), 0), undefined)
  await puppet.ask('SET', `${channelOf(route)}:token`, 'no number', 'PX', '30000')
  ok((await newToken(servers, key, terms())) >= late)

  servers.close()
  puppet.leave()
  await redis.kill()
})

Deno.test('a node that asked too late, because it had too much to do, asks again', async () => {
  const redis = await RedisServer.shared()
  const servers = await Servers.open(redisAddress(redis.url), 30_000, { lost: () => {} })
  const route = await newRoute()
  const key = routeKeyAt(route.id, 0)
  let asked = 0
  const busy = {
    at: (name: string) => {
      const { commands, messages, clock } = servers.at(name)
      // The first question leaves when its time is over.
      return { commands, messages, clock: (now: number) => clock(now - (asked++ === 0 ? 60_000 : 0)) }
    },
  } as unknown as Servers
  ok((await newToken(busy, key, { life: 30_000, wanted: 30_000 })) > 0)
  equal(asked, 2)
  servers.close()
  await redis.kill()
})

Deno.test('a token that nobody waits for any more is not given', async () => {
  const redis = await RedisServer.shared()
  const puppet = await Puppet.join(redis.url)
  const servers = await Servers.open(redisAddress(redis.url), 30_000, { lost: () => {} })
  const route = await newRoute()
  const key = routeKeyAt(route.id, 0)
  const terms = { life: 30_000, wanted: -1 }
  await rejects(newToken(servers, key, terms), /nobody waits for this token/)
  await rejects(lateToken(servers, key, terms, 0), /nobody waits for this token/)
  equal(await puppet.token(route), 0)
  servers.close()
  puppet.leave()
  await redis.kill()
})
