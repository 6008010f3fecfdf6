import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { PermissionRequest, PermissionResolution } from '@happy-remote/schemas/rpc/permission.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import { type PermissionAsk, Permissions } from './permissions.ts'

const question: PermissionAsk = {
  tool: 'Bash',
  title: 'Run it',
  input: { command: 'rm -rf build', n: 1.5 },
  options: [
    { id: 'yes', name: 'Allow', kind: 'allow_once' },
    { id: 'no', name: 'Deny', kind: 'reject_once' },
  ],
}
const DEVICE = 'a'.repeat(26)

function scene(time?: number) {
  const timers = new ManualTimers()
  const requested: PermissionRequest[] = []
  const resolved: PermissionResolution[] = []
  const events = {
    requested: (request: PermissionRequest) => void requested.push(request),
    resolved: (resolution: PermissionResolution) => void resolved.push(resolution),
    changed: () => {},
  }
  const permissions = new Permissions(timers, events, time)
  const ask = () => {
    const asked = permissions.ask('c', question)
    ok(asked)
    const { requestId, answer } = asked
    const request = requested.at(-1) as PermissionRequest
    const params = (option: string, inputHash = request.inputHash) => ({ requestId, inputHash, option })
    return { requestId, answer, request, params }
  }
  return { timers, permissions, requested, resolved, ask }
}

Deno.test('a question shows exactly what is asked, and its hash', () => {
  const { ask, permissions } = scene()
  const { request } = ask()
  equal(request.inputText, '{"tool":"Bash","input":{"command":"rm -rf build","n":1.5}}')
  equal(request.inputHash, createHash('sha256').update(request.inputText).digest('base64url'))
  deepEqual(permissions.pending, [request])
})

for (const [option, outcome] of [
  ['yes', 'allowed'],
  ['no', 'denied'],
] as const) {
  Deno.test(`the answer ${option} makes it ${outcome}, and everybody is told`, async () => {
    const { ask, permissions, resolved, timers } = scene()
    const { params, answer, requestId } = ask()
    const resolution = permissions.answer({ ...params(option), note: 'because' }, DEVICE)
    deepEqual(resolution, { requestId, outcome, by: DEVICE, option, at: timers.wall() })
    deepEqual(await answer, { resolution, note: 'because' })
    deepEqual(resolved, [resolution])
    deepEqual(permissions.pending, [])
  })
}

Deno.test('the first answer wins, a later one is told the outcome', () => {
  const { ask, permissions } = scene()
  const { params } = ask()
  const resolution = permissions.answer(params('no'), DEVICE)
  throws(() => permissions.answer(params('yes'), DEVICE), { code: 'conflict', data: resolution })
})

Deno.test('an answer to another input is a conflict, and the request stays open', () => {
  const { ask, permissions } = scene()
  const { params, request } = ask()
  const { inputHash } = request
  throws(() => permissions.answer(params('yes', 'A'.repeat(43)), DEVICE), { code: 'conflict', data: { inputHash } })
  equal(permissions.pending.length, 1)
})

Deno.test('an option that the request does not have is refused, and so is an unknown request', () => {
  const { ask, permissions } = scene()
  const { params } = ask()
  throws(() => permissions.answer(params('perhaps'), DEVICE), { code: 'invalid-params' })
  const requestId = crypto.randomUUID()
  throws(() => permissions.answer({ ...params('yes'), requestId }, DEVICE), { code: 'not-found' })
})

Deno.test('a question expires, and is then answered expired', async () => {
  const { ask, permissions, timers, resolved } = scene(1_000)
  const { params, answer } = ask()
  timers.advance(1_000)
  const { resolution } = await answer
  deepEqual([resolution.outcome, resolution.by, resolution.option], ['expired', 'local', null])
  throws(() => permissions.answer(params('yes'), DEVICE), { code: 'expired', data: resolution })
  equal(resolved.length, 1)
})

Deno.test('a question whose time is over by the wall clock alone takes no answer', () => {
  const { ask, permissions, timers } = scene(1_000)
  const { params } = ask()
  timers.advance(0, 2_000)
  throws(() => permissions.answer(params('yes'), DEVICE), { code: 'expired' })
})

Deno.test('all that waits is cancelled or orphaned at once', async () => {
  const { ask, permissions } = scene()
  const [a, b] = [ask(), ask()]
  permissions.end('cancelled', DEVICE, a.requestId)
  permissions.end('orphaned', 'local')
  const ends = (await Promise.all([a.answer, b.answer])).map(({ resolution: { outcome, by } }) => [outcome, by])
  deepEqual(ends, [
    ['cancelled', DEVICE],
    ['orphaned', 'local'],
  ])
})
