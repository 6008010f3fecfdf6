import assert from 'node:assert/strict'
import fc from 'fast-check'
import { QueueOrder } from './queue-order.ts'
import { type QueuedCommand, waits } from './queued-command.ts'

const pending = (rank: number): QueuedCommand => ({
  ...{ id: crypto.randomUUID(), method: 'claude.sendMessage', params: {}, state: 'pending', rank },
  ...{ givenAt: 0, endedAt: null, epoch: null, code: null },
})
const sent = (command: QueuedCommand): QueuedCommand => ({ ...command, state: 'processing', epoch: 'e' })
const ended = (command: QueuedCommand): QueuedCommand => ({ ...command, state: 'completed', endedAt: 1 })

const acts = ['give', 'send', 'end', 'move', 'forget'] as const

Deno.test('an order finds what looking at every command would find', () => {
  const act = fc.record({ what: fc.constantFrom(...acts), which: fc.nat(1_000) })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (given) => {
      const order = new QueueOrder()
      const model = new Map<string, QueuedCommand>()
      const inOrder = () => [...model.values()].sort((a, b) => a.rank - b.rank)
      const set = (command: QueuedCommand) => {
        model.set(command.id, command)
        order.set(command)
      }
      for (const { what, which } of given) {
        const all = inOrder()
        const chosen = all[which % Math.max(1, all.length)]
        if (what === 'give') set(pending((all.at(-1)?.rank ?? 0) + 1))
        else if (chosen && what === 'forget') {
          model.delete(chosen.id)
          order.delete(new Set([chosen.id]))
        } else if (chosen && waits(chosen)) {
          if (what === 'send') set(sent(chosen))
          if (what === 'end') set(ended(chosen))
          // Before the first of all, or behind the last.
          const [low, high] = [all[0]?.rank ?? 0, all.at(-1)?.rank ?? 0]
          if (what === 'move') set({ ...chosen, rank: which % 2 ? low - 1 : high + 1 })
        }
        assert.deepEqual(order.commands, inOrder())
        assert.equal(order.next(), inOrder().find(({ state }) => state === 'processing') ?? inOrder().find(waits))
      }
    }),
  )
})

Deno.test('to drain 10,000 commands is to look at each of them a few times', () => {
  const order = new QueueOrder()
  const count = 10_000
  let looks = 0
  const watched = (command: QueuedCommand) =>
    new Proxy(command, {
      get: (target, name) => {
        looks++
        return Reflect.get(target, name)
      },
    })
  for (let rank = 1; rank <= count; rank++) order.set(watched(pending(rank)))
  for (let rank = 1; rank <= count; rank++) {
    const next = order.next() as QueuedCommand
    assert.equal(next.rank, rank)
    order.set(watched(sent(next)))
    assert.equal(order.next()?.id, next.id)
    order.set(watched(ended(next)))
  }
  assert.equal(order.next(), undefined)
  // By halves, a rank is found among 10,000 in 14 looks.
  assert.ok(looks < 200 * count, `${looks} looks`)
})
