import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { Delay } from './delay.ts'
import { Door } from './door.ts'

test('Delay keeps the order when it becomes shorter, and ends behind what waits', async () => {
  let ms = 60
  const delay = new Delay(() => ms)
  const begun = performance.now()
  const got: string[] = []
  delay.on('data', (chunk) => got.push(String(chunk)))
  delay.write('a')
  ms = 0
  delay.write('b')
  delay.end('c')
  assert.deepEqual(got, [])
  await once(delay, 'end')
  assert.equal(got.join(''), 'abc')
  assert.ok(performance.now() - begun >= 59)
})

test('a door that is slow lets everything through later, both ways', async () => {
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const { port } = echo.address() as { port: number }
  const door = await Door.to({ host: '127.0.0.1', port })
  const client = connect(door.port, '127.0.0.1')
  const roundTrip = async (socket: Socket) => {
    const begun = performance.now()
    socket.write('x')
    await once(socket, 'data')
    return performance.now() - begun
  }
  await roundTrip(client)
  door.slow(80)
  assert.ok((await roundTrip(client)) >= 159)
  door.slow(0)
  await roundTrip(client)
  client.destroy()
  await door.end()
  echo.close()
})
