// Limits of a whole relay: its memory, and whose connection counts for whom.

import { deepEqual, equal } from 'node:assert/strict'
import { type IpRange, readRange } from './ip.ts'
import { newRoute, routed } from './testing/client.ts'
import { relayTest } from './testing/subject.ts'

const little = { limits: { totalBuffer: 300_000 } }
relayTest(
  'where too much is unsent new clients are refused, and those who read are served on',
  little,
  async (relay) => {
    const { a, b } = { a: await newRoute(), b: await newRoute() }
    const atA = await relay.bound(a, b)
    const atB = await relay.open({ reads: false })
    atB.send(await atB.bindMessage(b, a, relay.origin))
    await atA.take('presence')
    const other = await relay.pair()
    const frame = routed(a, b, new Uint8Array(100_000))
    const isFull = async () => {
      const client = await relay.dial()
      client.drop()
      return client.status === 503
    }
    do {
      atA.sendFrame(frame)
      await atA.settled()
    } while (!(await isFull()))
    const small = routed(other.a, other.b)
    other.atA.sendFrame(small)
    deepEqual(await other.atB.takeFrame(), small)
    atB.resume()
    while (await isFull()) await atB.settled()
  },
)

const one = {
  limits: { connections: 1 },
  proxies: { header: 'x-forwarded-for', ranges: [readRange('127.0.0.0/8') as IpRange] },
} as const
relayTest('clients of a trusted proxy are limited each by its own address', one, async (relay) => {
  const from = (address: string) => relay.dial({ headers: { 'X-Forwarded-For': address } })
  for (const address of ['198.51.100.1', '198.51.100.2', '2001:db8::1']) {
    const client = await from(address)
    await client.take('hello')
    deepEqual(await client.settled(), [])
  }
  const second = await from('2001:db8::2')
  await second.take('hello')
  equal((await second.take('error')).code, 'rate-limited')
})

relayTest('whoever comes without such a proxy is not believed', { limits: { connections: 1 } }, async (relay) => {
  const from = (address: string) => relay.dial({ headers: { 'X-Forwarded-For': address } })
  await (await from('198.51.100.1')).take('hello')
  const second = await from('198.51.100.2')
  await second.take('hello')
  equal((await second.take('error')).code, 'rate-limited')
})
