import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { effect } from '@preact/signals'
import { CallFailure } from '../../../controller/failure.ts'
import { Agent, type Status } from '../agent.ts'
import type { AgentController, AgentEvent } from '../agent-controller.ts'
import { Drafts } from '../drafts.ts'
import type { Home } from '../home.ts'
import { Household } from '../household.ts'
import { Following } from './following.ts'
import { Leading } from './leading.ts'

const ID = 'a'.repeat(26)
const [prompt, answer] = [1, 2].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [string, string]
const status: Status = { state: 'idle', conversationId: 'c', mode: null, model: null, pending: [], queued: 0 }

/** A controller whose every event the test says, with a home that shows it. */
function household() {
  const listeners = new Set<(event: AgentEvent) => void>()
  const calls: [string, object][] = []
  const given: unknown[] = []
  const controller = {
    ...{ agentId: ID, capabilities: ['observe', 'prompt'], online: true, away: false, silentFor: 1_000 },
    record: { peerName: 'desk', relay: 'ws://relay', capabilities: [], lastHeardAt: null, secret: 1 },
    listen: (listener: (event: AgentEvent) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    queue: { list: async () => [], listen: () => () => {} },
    call: async (method: string, params: object) => {
      calls.push([method, params])
      if (method === 'claude.cancel') throw new CallFailure('conflict', 'Nothing runs', { why: 1 })
      return {}
    },
    enqueue: async (method: string, params: { prompt: string }, id: string) => {
      if (params.prompt === 'too much') throw new ProtocolError('busy', 'The queue is full')
      given.push([method, params, id])
      return { id, method, params }
    },
    connection: { reconnect: () => calls.push(['reconnect', {}]) },
    close: () => {},
  }
  const home = new Household('phone')
  const kept: (Uint8Array | undefined)[] = []
  const agent = new Agent(controller as unknown as AgentController, {
    ...{ known: { entries: [] }, drafts: new Drafts(), alias: '' },
    keep: async (_, content) => void kept.push(content),
  })
  home.agents.value = [agent]
  const tell = (event: AgentEvent) => {
    for (const listener of listeners) listener(event)
  }
  return { home: home as Home, agent, tell, calls, given, kept }
}

const said = (seq: number, messageId: string, role: string, text: string): AgentEvent => ({
  ...{ type: 'entry', arrival: 'live' },
  entry: { epoch: 'e', seq, at: seq, kind: 'claude.message', body: { conversationId: 'c', messageId, role, text } },
})
const piece = (text: string): AgentEvent => ({
  ...{ type: 'event', method: 'claude.delta', live: true, journaled: false },
  params: { conversationId: 'c', messageId: answer, kind: 'text', text },
})

const shown = (home: Household): unknown[] =>
  (home.agent(ID)?.conversation.entries.value ?? []).map(({ item }) => (item.value as { text?: string }).text)

/** Resolves when what signals tell fulfils it. */
function becomes(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = effect(() => {
      if (!condition()) return
      resolve()
      queueMicrotask(() => end())
    })
  })
}

/** A tab that follows the one with this home; both end with the test. */
function meet(t: TestContext, home: Home, letGo: () => void = () => {}) {
  const leading = new Leading(home, letGo)
  const following = new Following('?', () => {})
  t.after(() => {
    following.close()
    leading.end()
    leading.close()
  })
  return { leading, following }
}

test('a tab that follows shows what was, what comes piece by piece, and no key', async (t) => {
  const { home, agent, tell } = household()
  tell(said(1, prompt, 'user', 'Hello'))
  tell(piece('Go'))
  tell({ type: 'status', status })
  const { following } = meet(t, home)
  await becomes(() => shown(following).length === 2)
  assert.deepEqual(shown(following), ['Hello', 'Go'])
  assert.equal(following.name.value, 'phone')
  tell(piece('od'))
  await becomes(() => shown(following)[1] === 'Good')
  tell(said(2, answer, 'assistant', 'Good day'))
  await becomes(() => shown(following)[1] === 'Good day')
  const seen = following.agent(ID) as Agent
  assert.equal('secret' in seen.controller.record, false)
  assert.equal(seen.presence.value.online, true)
  assert.notEqual(seen, agent)
})

test('what the person asks for in a tab that follows is done in the other, with its refusals', async (t) => {
  const { home, calls, kept } = household()
  const { following } = meet(t, home)
  await becomes(() => following.agents.value.length === 1)
  const agent = following.agent(ID) as Agent
  assert.deepEqual(await agent.controller.call('device.list', {}), {})
  await assert.rejects(agent.stop('turn'), { name: 'CallFailure', code: 'conflict', data: { why: 1 } })
  agent.wake()
  agent.drafts.prompt.value = 'Not sent yet'
  await agent.save()
  assert.deepEqual(
    calls.map(([method]) => method),
    ['device.list', 'claude.cancel', 'reconnect'],
  )
  assert.deepEqual(
    kept.map((content) => Drafts.read(content).prompt.value),
    ['Not sent yet'],
  )
})

test('a computer has the name that the person gave it in any tab', async (t) => {
  const { home, agent, kept } = household()
  const { following } = meet(t, home)
  await becomes(() => following.agents.value.length === 1)
  const seen = following.agent(ID) as Agent
  await seen.rename('The old one')
  assert.equal(agent.alias.value, 'The old one')
  assert.deepEqual(
    kept.map((content) => new TextDecoder().decode(content)),
    ['The old one'],
  )
  await agent.rename('')
  await becomes(() => seen.alias.value === '')
  assert.equal(kept.at(-1), undefined)
})

test('a tab that takes over has the keys once the other one has let go', async (t) => {
  const { home } = household()
  const asked = Promise.withResolvers<void>()
  const { leading, following } = meet(t, home, asked.resolve)
  const given = following.askForKeys()
  await asked.promise
  leading.end()
  leading.gone()
  await given
})

test('what was asked of a tab that has ended is uncertain, and is not said to be done', async (t) => {
  const { home } = household()
  const { leading, following } = meet(t, home)
  await becomes(() => following.agents.value.length === 1)
  leading.end()
  leading.close()
  const call = following.agent(ID)?.controller.call('device.list', {})
  following.close()
  await assert.rejects(call as Promise<unknown>, { code: 'uncertain' })
})

test('what was asked of a tab that has ended is uncertain as soon as another one has the keys, and what is asked then is done', async (t) => {
  const { leading, following } = meet(t, household().home)
  await becomes(() => following.agents.value.length === 1)
  leading.end()
  leading.close()
  const call = following.agent(ID)?.controller.call('device.list', {}) as Promise<unknown>
  const { home, calls } = household()
  meet(t, home)
  await assert.rejects(call, { code: 'uncertain' })
  assert.deepEqual(await following.agent(ID)?.controller.call('agent.info', {}), {})
  assert.deepEqual(calls, [['agent.info', {}]])
})

/** A tab that follows one that has ended before it was given this. */
async function giveToNobody(t: TestContext, text: string) {
  const { leading, following } = meet(t, household().home)
  await becomes(() => following.agents.value.length === 1)
  leading.end()
  leading.close()
  const agent = following.agent(ID) as Agent
  agent.drafts.prompt.value = text
  return { following, taken: agent.giveDraft() }
}

test('a prompt that was given to a tab that has ended is taken by the next that has the keys, where it is not written any more', async (t) => {
  const { following, taken } = await giveToNobody(t, 'Hello')
  const { home, agent, given } = household()
  agent.drafts.prompt.value = 'Hello'
  const next = new Leading(home, () => {})
  t.after(() => {
    next.end()
    next.close()
  })
  await taken
  assert.deepEqual(
    given.map((one) => (one as unknown[]).slice(0, 2)),
    [['claude.sendMessage', { prompt: 'Hello' }]],
  )
  assert.equal(following.agent(ID)?.drafts.prompt.value, '')
})

test('a prompt that was given to a tab that has ended is taken by the tab itself when it has the keys', async (t) => {
  const { following, taken } = await giveToNobody(t, 'Hello')
  assert.equal(following.hasGiven(ID), true)
  const { home, given } = household()
  following.close(home)
  await taken
  assert.equal(given.length, 1)
})

test('a prompt that the tab itself cannot take either is written again', async (t) => {
  const { following, taken } = await giveToNobody(t, 'too much')
  const { home, agent } = household()
  following.close(home)
  await assert.rejects(taken, { code: 'busy' })
  assert.equal(agent.drafts.prompt.value, 'too much')
})
