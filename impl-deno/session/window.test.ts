import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type FrameKind, SendWindow } from './window.ts'

const LIMITS: Record<FrameKind, number> = { stream: 96, message: 128, control: 192 }

Deno.test('SendWindow admits what the table of the specification admits, whatever is acknowledged', () => {
  const event = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom<FrameKind>('stream', 'message', 'control'),
        size: fc.integer({ min: 336, max: 70_000 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ ack: fc.integer({ min: -3, max: 200 }) }) },
  )
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1_000), fc.array(event, { maxLength: 250 }), (start, events) => {
      const window = new SendWindow(start)
      let sizes: number[] = []
      let newest = start
      for (const now of events) {
        const sum = sizes.reduce((a, b) => a + b, 0)
        if ('ack' in now) {
          const count = now.ack
          const moves = count > 0 && count <= sizes.length
          assert.equal(window.acknowledge(newest + count), moves)
          if (moves) {
            sizes = sizes.slice(count)
            newest += count
          }
        } else {
          const room = sizes.length < LIMITS[now.kind] && (now.kind === 'control' || sum + now.size <= 1_048_576)
          assert.equal(window.admits(now.kind, now.size), room)
          if (room) {
            window.sent(now.size)
            sizes.push(now.size)
          } else assert.throws(() => window.require(now.kind, now.size), { code: 'window' })
        }
        assert.equal(window.outstanding, sizes.length)
        assert.equal(
          window.outstandingBytes,
          sizes.reduce((a, b) => a + b, 0),
        )
      }
    }),
  )
})
