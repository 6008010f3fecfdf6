// Steps about the first messages of a session.

import { randomUUID } from 'node:crypto'
import { Given, Then, When } from '@cucumber/cucumber'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { equal } from '@happy-remote/vectors/protocol/bytes.ts'
import type { SealFault } from '../peers/session.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { runningOf } from './running.ts'
import { type SuiteWorld, words } from './world.ts'

Given('a session in which the controller has not spoken yet', async function (this: SuiteWorld) {
  const stage = this.useStage('agent')
  await stage.start()
  const controller = stage.controller()
  Object.assign(controller.duties, { ack: false, hello: false, pairAck: false })
  await stage.pairAgent()
})

Then('the messages of the agent have opened with the keys of the handshake', function (this: SuiteWorld) {
  const { heard } = this.stage.controller()
  const refused = heard.find(({ kind }) => kind === 'refused')
  if (refused) throw new Failed('A message of the agent does not open')
})

const request = () => ({ id: randomUUID(), type: 'request', method: 'agent.info', params: {} }) as const
const sent = new WeakMap<SuiteWorld, string>()

const wrongFirst: Readonly<Record<string, (world: SuiteWorld) => Promise<SealFault>>> = {
  'that claims to be in a later chain': async () => ({ header: () => ({ base: 3 }), keepState: true }),
  'under the key of the handshake': async ({ stage }) => {
    const { run } = stage.controller()
    if (!run) throw new SuiteError('There was no pairing')
    const dh = await noble.dhPublic(run.secrets.spkPrivate)
    return { header: () => ({ dh }), keepState: true }
  },
}
words('wrongFirst', wrongFirst)

When('the controller sends a first message {wrongFirst}', async function (this: SuiteWorld, name: string) {
  const message = request()
  sent.set(this, message.id)
  const fault = await wrongFirst[name]?.(this)
  await this.stage.controller().sendMessage(message, fault ? { fault } : {})
})

When('the relay loses the first message of the controller', async function (this: SuiteWorld) {
  const controller = this.stage.controller()
  await controller.alone(async () => {
    await controller.current?.seal('control', Buffer.from('{"type":"ack"}'), controller.challenge)
  })
})

Then('the agent does nothing with it', async function (this: SuiteWorld) {
  await this.stage.settle()
  const { heard } = this.stage.controller()
  if (heard.some((each) => each.kind === 'rpc' && each.message.id === sent.get(this))) {
    throw new Failed('The agent answers a first message that it has to refuse')
  }
})

Then('the right first message is answered', async function (this: SuiteWorld) {
  const controller = this.stage.controller()
  const message = request()
  await controller.sendMessage(message)
  const { message: answer } = await controller.expectMessage('answer', ({ id }) => id === message.id)
  if (!('result' in answer)) throw new Failed(`The agent answers ${JSON.stringify(answer)}`)
})

Then('the first message of the controller has opened, under a ratchet key of its own', function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  const first = peer.heard.find((heard) => 'seq' in heard)
  if (!first || !('dh' in first)) throw new Failed('The first message of the controller does not open')
  const spk = 'run' in peer && peer.run && 'controller' in peer.run ? peer.run.controller.prekeys.spk : undefined
  if (spk && equal(spk, first.dh)) throw new Failed('The controller uses the key of the handshake for its messages')
})
