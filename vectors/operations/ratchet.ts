// One message against a given state, and a whole scripted conversation.

import { StateImage } from '@happy-remote/schemas/session.ts'
import { type Static, Type } from 'typebox'
import type { Backend } from '../backend/backend.ts'
import { hex, unhex } from '../protocol/bytes.ts'
import { decodeFrame } from '../protocol/frame.ts'
import { receive, send } from '../protocol/ratchet.ts'
import { Hex, operation, Shape } from './operation.ts'
import { importState } from './state.ts'

export const imageOf = (state: StateImage): string => hex(StateImage.encode(state))

/** Runs `work`, and fails loudly where it changed one of the states that it was given. */
async function unchanged<T>(states: readonly StateImage[], work: () => Promise<T>): Promise<T> {
  const before = states.map(imageOf)
  const [settled] = await Promise.allSettled([work()])
  if (states.some((state, i) => imageOf(state) !== before[i])) throw new Error('A given state has changed')
  if (settled.status === 'rejected') throw settled.reason
  return settled.value
}

export const ratchetReject = {
  receive: operation({
    input: {
      sessions: Type.Array(Hex(), { description: 'state images of the live sessions of one pairing' }),
      newPrivate: Hex(32, 'key of the next sending chain, used where the message makes a DH step'),
      frame: Hex(),
    },
    output: {
      session: Type.Integer({ minimum: 0, description: 'index of the session that the message belongs to' }),
      plaintext: Hex(),
      late: Type.Boolean(),
      stepped: Type.Boolean(),
      state: Hex(undefined, 'that session afterwards, generation + 1'),
    },
    async compute(backend, input) {
      const sessions = input.sessions.map((image) => importState(unhex(image)))
      const received = await unchanged(sessions, () =>
        receive(backend, sessions, unhex(input.frame), unhex(input.newPrivate)),
      )
      const { session, plaintext, late, stepped, state } = received
      return { output: { session, plaintext: hex(plaintext), late, stepped, state: imageOf(state) } }
    },
  }),
  send: operation({
    input: { state: Hex(), nonce: Hex(12), plaintext: Hex() },
    intermediate: { messageKey: Hex(32) },
    output: { frame: Hex(), state: Hex() },
    async compute(backend, input) {
      const state = importState(unhex(input.state))
      const sent = await unchanged([state], () => send(backend, state, unhex(input.nonce), unhex(input.plaintext)))
      return {
        intermediate: { messageKey: hex(sent.messageKey) },
        output: { frame: hex(sent.frame), state: imageOf(sent.state) },
      }
    },
  }),
}

const Side = Type.Union([Type.Literal('agent'), Type.Literal('controller')])
type Side = Static<typeof Side>

/** `send` seals plaintext in session `session`; `receive` takes the frame of step `of`; `rekey` adds a session. */
const Step = Type.Union([
  Shape({
    do: Type.Literal('send'),
    by: Side,
    session: Type.Integer({ minimum: 0 }),
    nonce: Hex(12),
    plaintext: Hex(),
  }),
  Shape({ do: Type.Literal('receive'), by: Side, of: Type.Integer({ minimum: 0 }), newPrivate: Hex(32) }),
  Shape({ do: Type.Literal('rekey'), by: Side, state: Hex() }),
])
export type Step = Static<typeof Step>

const Outcome = Type.Union([
  Shape({ frame: Hex(), state: Hex(32, 'SHA-256 of the state image after the step') }),
  Shape({
    session: Type.Integer({ minimum: 0 }),
    late: Type.Boolean(),
    stepped: Type.Boolean(),
    content: Hex(undefined, 'content of the plaintext frame'),
    state: Hex(32, 'SHA-256 of the state image after the step'),
  }),
  Shape({ sessions: Type.Integer({ minimum: 1, description: 'live sessions of this side' }) }),
])
export type Outcome = Static<typeof Outcome>

export const conversation = {
  script: operation({
    input: { agent: Hex(), controller: Hex(), steps: Type.Array(Step) },
    output: { outcomes: Type.Array(Outcome), agent: Type.Array(Hex()), controller: Type.Array(Hex()) },
    async compute(backend, input) {
      const sides: Record<Side, StateImage[]> = {
        agent: [importState(unhex(input.agent))],
        controller: [importState(unhex(input.controller))],
      }
      const outcomes: Outcome[] = []
      for (const step of input.steps) outcomes.push(await play(backend, sides, outcomes, step))
      return {
        output: { outcomes, agent: sides.agent.map(imageOf), controller: sides.controller.map(imageOf) },
      }
    },
  }),
}

async function play(
  backend: Backend,
  sides: Record<Side, StateImage[]>,
  before: readonly Outcome[],
  step: Step,
): Promise<Outcome> {
  const own = sides[step.by]
  const hash = async (state: StateImage) => hex(await backend.sha256(StateImage.encode(state)))
  if (step.do === 'rekey') {
    own.push(importState(unhex(step.state)))
    return { sessions: own.length }
  }
  if (step.do === 'send') {
    const state = own[step.session]
    if (!state) throw new Error(`No session ${step.session}`)
    const sent = await send(backend, state, unhex(step.nonce), unhex(step.plaintext))
    own[step.session] = sent.state
    return { frame: hex(sent.frame), state: await hash(sent.state) }
  }
  const source = before[step.of]
  if (!source || !('frame' in source)) throw new Error(`Step ${step.of} sends nothing`)
  const received = await receive(backend, own, unhex(source.frame), unhex(step.newPrivate))
  own[received.session] = received.state
  const { session, late, stepped } = received
  const content = hex(decodeFrame(received.plaintext).content)
  return { session, late, stepped, content, state: await hash(received.state) }
}
