// conversation: scripts of a whole session, with loss, reordering, simultaneous sends and a rekey.

import type { StateImage } from '@happy-remote/schemas/session.ts'
import { noble } from '../backend/noble.ts'
import { conversation, imageOf, type Step } from '../operations/ratchet.ts'
import { hex, unhex } from '../protocol/bytes.ts'
import { receive, send } from '../protocol/ratchet.ts'
import type { Construction } from './file.ts'
import { secret } from './secret.ts'
import { newWorld, plaintextFor, type Side } from './world.ts'

const FILE = 'conversation'
const peerOf = (side: Side): Side => (side === 'agent' ? 'controller' : 'agent')

/** Writes a script while it plays it, so that plaintexts carry right acks. */
async function newScript(name: string) {
  const world = await newWorld(FILE, 1, name)
  const first = { agent: imageOf(world.agent), controller: imageOf(world.controller) }
  const sides: Record<Side, StateImage[]> = { agent: [world.agent], controller: [world.controller] }
  const steps: Step[] = []
  const frames = new Map<number, Uint8Array>()
  const current: Record<Side, number> = { agent: 0, controller: 0 }
  return {
    steps,
    input: () => ({ ...first, steps }),
    /** Returns the number of the step. */
    async send(by: Side): Promise<number> {
      const session = current[by]
      const state = sides[by][session] as StateImage
      const at = steps.length
      const nonce = secret(FILE, `${name}/nonce/${at}`, 12)
      const plaintext = plaintextFor(state, `{"step":${at}}`)
      const sent = await send(noble, state, unhex(nonce), plaintext)
      sides[by][session] = sent.state
      frames.set(at, sent.frame)
      steps.push({ do: 'send', by, session, nonce, plaintext: hex(plaintext) })
      return at
    },
    async receive(by: Side, of: number): Promise<void> {
      const newPrivate = secret(FILE, `${name}/ratchet/${steps.length}`)
      const received = await receive(noble, sides[by], frames.get(of) as Uint8Array, unhex(newPrivate))
      sides[by][received.session] = received.state
      // The controller changes over when a message of the new session opens.
      if (received.session > current[by]) current[by] = received.session
      steps.push({ do: 'receive', by, of, newPrivate })
    },
    /** Both sides hold a new session; the agent sends in it from now on. */
    async rekey(): Promise<void> {
      const next = await newWorld(FILE, 1, `${name}/rekey`)
      for (const by of ['controller', 'agent'] as const) {
        sides[by].push(next[by])
        steps.push({ do: 'rekey', by, state: imageOf(next[by]) })
      }
      current.agent = sides.agent.length - 1
    },
  }
}

/** A number below `limit` from a printed label. */
const draw = (name: string, at: number, limit: number): number =>
  Number.parseInt(secret(FILE, `${name}/draw/${at}`, 4), 16) % limit

export const conversationFile: Construction = {
  construction: 'conversation',
  header: [
    'Scripts. Step i gives outcome i: send seals `plaintext` in the session of that index, receive opens the frame that',
    'step `of` sent, rekey adds a session to that side. A frame that no step receives was lost.',
    '`state` is the SHA-256 of the state image after the step; the last images of all sessions end the output.',
    '`late` says that the message was opened with a stored key; what an agent does with an older session comes on top.',
  ],
  flags: {
    PingPong: { kind: 'functional', description: 'One message each.', requirement: 'session.receive.step' },
    Everything: {
      kind: 'functional',
      description: 'Bursts, loss, reordering, simultaneous sends and a rekey in mid-flight.',
      requirement: 'session.select.header',
    },
  },
  operations: conversation,
  async build(group) {
    const { valid } = group('script')
    const short = await newScript('ping-pong')
    for (let i = 0; i < 5; i++) {
      await short.receive('agent', await short.send('controller'))
      await short.receive('controller', await short.send('agent'))
    }
    await valid('ping-pong', '20 steps', 'PingPong', short.input())
    await valid('everything', '200 steps', 'Everything', await everything())
  },
}

async function everything() {
  const name = 'everything'
  const script = await newScript(name)
  const flying: Record<Side, number[]> = { agent: [], controller: [] }
  /** The frame of `flying[by]` at `index`, taken out. */
  const take = (by: Side, index: number): number => flying[by].splice(index, 1)[0] as number
  // Both send before either has received: ordinary in this protocol.
  for (const by of ['agent', 'controller'] as const) flying[by].push(await script.send(by))
  for (let at = 0; script.steps.length < 196; at++) {
    if (script.steps.length >= 100 && script.steps.length < 102 && !script.steps.some((step) => step.do === 'rekey')) {
      await script.rekey()
      continue
    }
    const by: Side = draw(name, at, 2) === 0 ? 'agent' : 'controller'
    const to = peerOf(by)
    const choice = draw(`${name}/choice`, at, 100)
    if (choice < 20) {
      for (let i = 0; i < 1 + (choice % 4); i++) flying[by].push(await script.send(by))
    } else if (choice < 45 && flying[by].length < 6) {
      flying[by].push(await script.send(by))
    } else if (flying[by].length === 0) {
      flying[by].push(await script.send(by))
    } else if (choice < 53) {
      take(by, 0) // lost
    } else {
      const index = choice < 70 ? draw(`${name}/order`, at, flying[by].length) : 0
      await script.receive(to, take(by, index))
    }
  }
  while (script.steps.length < 200) {
    const by: Side = script.steps.length % 2 === 0 ? 'agent' : 'controller'
    const at = flying[by].length > 0 ? take(by, 0) : await script.send(by)
    if (script.steps.length < 200) await script.receive(peerOf(by), at)
  }
  return script.input()
}
