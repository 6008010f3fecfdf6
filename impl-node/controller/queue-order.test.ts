import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { QueueOrder } from './queue-order.ts'
import { isLive, newCommand, type QueuedCommand } from './queued-command.ts'

const make = (place: number): QueuedCommand =>
  newCommand({ agent: 'a', place, method: 'claude.sendMessage', params: {}, givenAt: 0 })

type Step = readonly ['add' | 'begin' | 'end' | 'move' | 'remove', number]
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('add', 'begin', 'end', 'move', 'remove'),
  fc.nat({ max: 1_000 }),
)

test('an order tells what a search through all commands would find, whatever has happened to them', () => {
  const run = (steps: readonly Step[]) => {
    const order = new QueueOrder()
    let plain: QueuedCommand[] = []
    for (const [what, number] of steps) {
      const at = plain.length === 0 ? 0 : number % plain.length
      const chosen = plain[at]
      if (what === 'add') {
        const command = make((plain.at(-1)?.place ?? 0) + 1)
        plain.push(command)
        order.put(command)
      } else if (chosen && what === 'remove') {
        plain.splice(at, 1)
        order.remove([chosen.id])
      } else if (chosen && isLive(chosen)) {
        const changed = {
          begin: { ...chosen, state: 'processing' as const },
          end: { ...chosen, state: 'completed' as const },
          move: { ...chosen, place: number + 0.5 + (plain.at(-1)?.place ?? 0) / 1_000_000 },
        }[what as 'begin' | 'end' | 'move']
        if (plain.some(({ id, place }) => id !== chosen.id && place === changed.place)) continue
        plain = plain.with(at, changed).sort((a, b) => a.place - b.place)
        order.put(changed)
      }
      assert.deepEqual(order.all, plain)
      assert.equal(order.next, plain.find(({ state }) => state === 'processing') ?? plain.find(isLive))
      assert.equal(order.size, plain.length)
    }
  }
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), run))
})

test('10,000 commands are taken one after the other, and each is looked at no more than a few times', () => {
  const order = new QueueOrder()
  let looks = 0
  // Whoever asks for the state of one is counted.
  const counted = (command: QueuedCommand): QueuedCommand =>
    Object.defineProperty({ ...command }, 'state', {
      get: () => {
        looks++
        return command.state
      },
    })
  const count = 10_000
  for (let place = 1; place <= count; place++) order.put(counted(make(place)))
  for (let sent = 0; sent < count; sent++) {
    const { next } = order
    assert.equal(next?.place, sent + 1)
    order.put(counted({ ...next, state: 'processing' }))
    assert.equal(order.next?.id, next.id)
    order.put(counted({ ...next, state: 'completed' }))
  }
  assert.equal(order.next, undefined)
  assert.ok(looks < 30 * count, `${looks} looks`)
})
