import { deepEqual, equal, notEqual, ok, throws } from 'node:assert/strict'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Pause as PauseFacts } from '@happy-remote/schemas/rpc/pause.ts'
import { type MethodName, methods, type Result } from '@happy-remote/schemas/rpc/registry.ts'
import { systemClock } from '../session/clock.ts'
import { agentScene } from '../testing/agent.ts'
import { CommandStore } from './command-store.ts'
import { Pause } from './pause.ts'

const DEVICE = 'a'.repeat(26)

function scene(place = new CommandStore(':memory:')) {
  const told: [string, PauseFacts?][] = []
  const pause = new Pause(place, systemClock, {
    paused: (facts) => void told.push(['paused', facts]),
    resumed: (facts) => void told.push(['resumed', facts]),
    changed: () => void told.push(['changed']),
  })
  return { pause, told, place }
}
const refusal = (code: string) => (error: unknown) => error instanceof ProtocolError && error.code === code

Deno.test('a pause is begun once and ended by its id, and both are told', () => {
  const { pause, told, place } = scene()
  const begun = pause.begin(DEVICE)
  equal(pause.begin('local'), begun)
  throws(() => pause.end(crypto.randomUUID(), DEVICE), refusal('not-found'))
  deepEqual(pause.lasting, begun)
  pause.end(begun.pauseId, 'local')
  throws(() => pause.end(begun.pauseId, DEVICE), refusal('not-found'))
  notEqual(pause.begin(DEVICE).pauseId, begun.pauseId)
  deepEqual(told.map(([event, facts]) => [event, facts?.by]).slice(0, 4), [
    ['paused', DEVICE],
    ['changed', undefined],
    ['resumed', 'local'],
    ['changed', undefined],
  ])
  place.close()
})

Deno.test('a pause is found again by the next run of the program, unless it has ended', () => {
  const { pause, place } = scene()
  const begun = pause.begin(DEVICE)
  const next = scene(place).pause
  deepEqual(next.lasting, begun)
  next.end(begun.pauseId, DEVICE)
  equal(scene(place).pause.lasting, null)
  place.close()
})

Deno.test('a pause refuses what has an effect, and leaves what looks, stops, refuses and ends', () => {
  const { pause, place } = scene()
  const isRefused = (name: MethodName, isAllowing = false): boolean => {
    try {
      pause.check(name, { answers: isAllowing ? [] : null }, () => isAllowing)
      return false
    } catch (error) {
      return refusal('paused')(error)
    }
  }
  const effects = (Object.keys(methods) as MethodName[]).filter((name) => methods[name].kind !== 'read')
  ok(!effects.some((name) => isRefused(name)))
  pause.begin(DEVICE)
  const left = effects.filter((name) => !isRefused(name))
  deepEqual(left.sort(), [
    ...['claude.cancel', 'permission.answer', 'question.answer'],
    ...['session.pause', 'session.resume', 'session.revoke'],
  ])
  ok(isRefused('permission.answer', true))
  ok(isRefused('question.answer', true))
  ok(!isRefused('agent.info'))
  place.close()
})

Deno.test('a paused agent refuses a command for good, tells its pause, and is paused after a restart', async () => {
  const { pair, restart, close } = await agentScene()
  const phone = await pair()
  const { pauseId } = await phone.result<Result<'session.pause'>>({ method: 'session.pause' })
  const open = { method: 'terminal.open', params: { cols: 80, rows: 24, command: ['cat'] }, id: crypto.randomUUID() }
  equal(await phone.refusal(open), 'paused')
  await restart()
  const status = await phone.result<Result<'claude.getStatus'>>({ method: 'claude.getStatus' })
  equal(status.paused?.pauseId, pauseId)
  deepEqual(await phone.result({ method: 'session.resume', params: { pauseId } }), { success: true })
  equal(await phone.refusal(open), 'paused')
  ok(await phone.result({ ...open, id: crypto.randomUUID() }))
  deepEqual(
    [...phone.told('session.paused'), ...phone.told('session.resumed')].map((params) => (params as PauseFacts).pauseId),
    [pauseId, pauseId],
  )
  await close()
})
