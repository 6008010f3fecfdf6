import { deepEqual, equal, notEqual, throws } from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import { ManualClock } from '../testing/devices.ts'
import { CommandStore } from './command-store.ts'
import { type Command, Commands, type Outcome } from './commands.ts'

const controller = new Uint8Array(32).fill(1)
const command = (id = 'a', params: object = { x: 1, y: [2, { z: 3 }] }): Command => ({
  ...{ controller, id, method: 'claude.cancel', params },
})

function scene({ path = ':memory:', limit = 100 } = {}) {
  const clock = new ManualClock()
  const store = new CommandStore(path)
  return { clock, store, commands: new Commands(store, clock, limit) }
}

Deno.test('a command runs once, and its outcome is told again', async () => {
  const { commands, store } = scene()
  equal(commands.known(command()), undefined)
  const outcome = await commands.run(command(), async () => ({ result: { n: 1 } }))
  deepEqual(outcome, { result: { n: 1 } })
  deepEqual(await commands.known(command()), outcome)
  store.close()
})

Deno.test('a repetition while it runs waits for the same outcome', async () => {
  const { commands, store } = scene()
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const first = commands.run(command(), () => promise)
  const again = commands.known(command())
  resolve({ error: { code: 'not-found', message: 'none' } })
  deepEqual(await again, await first)
  store.close()
})

Deno.test('an id of another method or other params is a conflict, the order of members is not', async () => {
  const { commands, store } = scene()
  await commands.run(command('a', { x: 1, y: 2 }), async () => ({ result: {} }))
  deepEqual(await commands.known(command('a', { y: 2, x: 1 })), { result: {} })
  for (const other of [{ x: 1 }, { x: 2, y: 2 }, { x: [['y', 2]] }]) {
    throws(() => commands.known(command('a', other)), { code: 'conflict' })
  }
  throws(() => commands.known({ ...command('a', { x: 1, y: 2 }), method: 'terminal.close' }), { code: 'conflict' })
  store.close()
})

Deno.test('each controller has ids of its own', async () => {
  const { commands, store } = scene()
  await commands.run(command(), async () => ({ result: {} }))
  equal(commands.known({ ...command(), controller: new Uint8Array(32).fill(2) }), undefined)
  store.close()
})

Deno.test('an id is kept for 72 h after it was last seen', async () => {
  const { commands, clock, store } = scene()
  await commands.run(command(), async () => ({ result: {} }))
  clock.advance(limits.commandKept - 1)
  deepEqual(await commands.known(command()), { result: {} })
  clock.advance(limits.commandKept - 1)
  deepEqual(await commands.known(command()), { result: {} })
  clock.advance(limits.commandKept + 1)
  equal(commands.known(command()), undefined)
  store.close()
})

Deno.test('beyond its limit a controller is told busy, and no id is forgotten', async () => {
  const { commands, store } = scene({ limit: 1 })
  await commands.run(command('a'), async () => ({ result: {} }))
  throws(() => commands.run(command('b'), async () => ({ result: {} })), { code: 'busy' })
  deepEqual(await commands.known(command('a')), { result: {} })
  store.close()
})

Deno.test('after a restart outcomes are known, and what had none is interrupted', async () => {
  const path = await Deno.makeTempFile()
  const before = scene({ path })
  await before.commands.run(command('done'), async () => ({ result: { n: 7 } }))
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const running = before.commands.run(command('running'), () => promise)
  before.store.close()
  const after = scene({ path })
  equal(after.commands.epoch, before.commands.epoch)
  deepEqual(await after.commands.known(command('done')), { result: { n: 7 } })
  const interrupted = (await after.commands.known(command('running'))) as { error: { code: string } }
  equal(interrupted.error.code, 'interrupted')
  resolve({ result: {} })
  await running
  after.store.close()
  await Deno.remove(path)
})

Deno.test('a new store is a new epoch', () => {
  const [a, b] = [scene(), scene()]
  notEqual(a.commands.epoch, b.commands.epoch)
  a.store.close()
  b.store.close()
})

Deno.test('status() tells the controller that sent a command what became of it', async () => {
  const { commands, store, clock } = scene()
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const first = commands.run(command('a'), () => promise)
  equal(commands.status(controller, 'a'), 'running')
  equal(new Commands(store, clock).status(controller, 'a'), 'interrupted')
  resolve({ result: {} })
  await Promise.all([first, commands.run(command('b'), async () => ({ error: { code: 'not-found', message: '' } }))])
  deepEqual(
    ['a', 'b', 'c'].map((id) => commands.status(controller, id)),
    ['completed', 'failed', 'unknown'],
  )
  equal(commands.status(new Uint8Array(32).fill(2), 'a'), 'unknown')
  clock.advance(limits.commandKept + 3_600_000)
  equal(commands.status(controller, 'a'), 'unknown')
  store.close()
})
