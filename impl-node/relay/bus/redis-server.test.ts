import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../clock.ts'
import type { RedisConnection } from './redis-connection.ts'
import { RedisServer } from './redis-server.ts'

const TIMES = { answer: 5_000, life: 30_000 }

/** A server that gives `answers` to its scripts, in turn. */
async function serverThatAnswers(answers: (string | null)[]) {
  const ages: string[] = []
  const commands = {
    send: async (command: string, ...args: string[]) => {
      if (command === 'TIME') return ['1700000000', '0']
      ages.push(args.at(-1) as string)
      return answers.shift()
    },
  } as unknown as RedisConnection
  return { server: await RedisServer.of(commands, commands, systemClock, TIMES), ages }
}

test('a node whose script came too late, because it had too much to do, asks for the token again', async () => {
  const { server, ages } = await serverThatAnswers([null, null, '1700000000000001'])
  assert.equal(await server.token('channel', 2_000), 1_700_000_000_000_001)
  assert.equal(ages.length, 3)
  // cluster.redis.late: the binding has become older meanwhile.
  assert.deepEqual(
    ages,
    ages.toSorted((a, b) => Number(a) - Number(b)),
  )
})

test('a Redis that always comes too late is lost', async () => {
  const { server } = await serverThatAnswers(Array.from({ length: 100 }, () => null))
  await assert.rejects(server.token('channel'), /its clock was set/)
})
