import { equal } from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import { Ring } from './ring.ts'
import { Viewer } from './viewer.ts'

// rpc.credit.stall
Deno.test('what was read and not sent yet uses credit, and a grant gives it back', () => {
  const ring = new Ring()
  let moves = 0
  const port = { newStreamId: () => 1, sendChunk: () => new Promise<void>(() => {}) }
  const viewer = new Viewer(port, ring, 0, new ManualTimers(), () => moves++)
  viewer.start()
  ring.append(new Uint8Array(limits.terminalWindow - 1))
  viewer.wake()
  equal(viewer.hasCredit, true)
  ring.append(new Uint8Array(1))
  equal(viewer.hasCredit, false)
  const before = moves
  viewer.grant(limits.terminalWindow + 1)
  equal(viewer.hasCredit, true)
  equal(moves > before, true)
})
