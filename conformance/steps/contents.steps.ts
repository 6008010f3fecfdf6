// Steps about what stands in a message that has opened: plaintext frames, control messages, names.

import { Given, Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import { PLAINTEXT_HEADER } from '@happy-remote/schemas/session.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import { wrongControls } from '../peers/wrong-controls.ts'
import { wrongPlainFrames } from '../peers/wrong-messages.ts'
import { Failed } from '../shim/trouble.ts'
import { newest, remember } from './received.steps.ts'
import { type Running, runningOf } from './running.ts'
import { expectAcknowledged, nameChallenge } from './sent.steps.ts'
import { type SuiteWorld, words } from './world.ts'

words('wrongPlainFrame', wrongPlainFrames)
words('wrongControl', wrongControls)

When('the peer sends a frame {wrongPlainFrame}', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  await running.quiet()
  remember(this, await running.sendProbe(wrongPlainFrames[name]))
})

When('the peer sends a "hello" in a frame with one padding byte that is not zero', async function (this: SuiteWorld) {
  const { peer, stage } = runningOf(this)
  const fault = wrongPlainFrames['with one padding byte that is not zero']
  nameChallenge(this, await peer.sendHello(fault ? { fault } : {}))
  await stage.settle()
})

Then('the program does not act on it', async function (this: SuiteWorld) {
  await runningOf(this).expectIgnored(newest(this))
})

Then('the frame is acknowledged', async function (this: SuiteWorld) {
  await expectAcknowledged(runningOf(this), newest(this).seq)
})

Then('the program acts on it', async function (this: SuiteWorld) {
  await runningOf(this).expectActed(newest(this))
})

When('the peer sends a message in a frame of {int} bytes', async function (this: SuiteWorld, size: number) {
  const plain = ({ content }: { content: Uint8Array }) => ({
    padding: new Uint8Array(Math.max(0, size - PLAINTEXT_HEADER - content.length)),
  })
  remember(this, await runningOf(this).sendProbe({ plain }))
})

/** A probe whose JSON has exactly this many bytes. */
async function sendLarge(world: SuiteWorld, size: number): Promise<void> {
  const running = runningOf(world)
  await running.quiet()
  const probe = running.probe()
  const blank = { ...probe.content, unstable: '' }
  const unstable = 'x'.repeat(size - JSON.stringify(blank).length)
  const { nextSeq } = running.session
  const content = { ...blank, unstable }
  const sealed = await running.peer.sendMessage(content, { isWrong: size > limits.messageMax })
  remember(world, { ...probe, content, sealed, seq: nextSeq })
}

When('the peer sends a message with a content of {int} bytes', function (this: SuiteWorld, size: number) {
  return sendLarge(this, size)
})

Then('the program answers with the control message "error" {string}', async function (this: SuiteWorld, code: string) {
  const { message } = await runningOf(this).peer.expectControl('error')
  if (message.code !== code) throw new Failed(`The control message "error" has the code ${message.code}`)
})

// Control messages.

async function sendControls(running: Running, ...messages: ({ type: string } & Record<string, unknown>)[]) {
  await running.quiet()
  for (const message of messages) await running.peer.sendControl(message, { isWrong: true })
}

When('the peer sends the control message "unstable-weather"', async function (this: SuiteWorld) {
  await sendControls(runningOf(this), { type: 'unstable-weather', wind: 4 })
})

When('the peer sends the control messages that only the program may send', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const own =
    running.peer instanceof ScriptedAgent
      ? [{ type: 'pair.ack', deviceName: 'somebody else' }]
      : [
          { type: 'rekey' },
          { type: 'pair.complete', capabilities: ['admin'], agentName: 'somebody else' },
          { type: 'pairing.revoked' },
        ]
  await sendControls(running, ...own)
})

When('the peer sends a "hello" with unknown members', async function (this: SuiteWorld) {
  const { peer, stage } = runningOf(this)
  nameChallenge(this, await peer.sendHello({ members: { wind: 4, suites: 3, inner: { deep: [] } } }))
  await stage.settle()
})

When('the peer sends the control message "error" {string}', async function (this: SuiteWorld, code: string) {
  await sendControls(runningOf(this), { type: 'error', code, message: 'told by the suite' })
})

When('the peer sends the control message "error" with a code that nobody has', async function (this: SuiteWorld) {
  await sendControls(runningOf(this), { type: 'error', code: 'unstable-nobody', message: 'told by the suite' })
})

When('the peer sends a control content {wrongControl}', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  await running.quiet()
  await running.peer.sendContent('control', wrongControls[name] ?? new Uint8Array(), { wrong: name }, { isWrong: true })
})

Then('the program says nothing but an acknowledgement', async function (this: SuiteWorld) {
  await runningOf(this).expectSilence(['ack'])
})

// Names.

Given('a pairing whose peer has not told its name yet', async function (this: SuiteWorld) {
  const stage = this.useStage(this.parameters.endpoint)
  await stage.start()
  if (stage.role === 'agent') {
    stage.controller().duties.pairAck = false
    await stage.pairAgent()
    return
  }
  const agent = stage.agent()
  stage.uri = await agent.offer()
  const asked = stage.program.ask('pair', { uri: stage.uri })
  await agent.acceptM1()
  await agent.sendM2()
  await agent.acceptM3()
  await asked
  agent.store()
})

const wrongNames: Readonly<Record<string, string>> = {
  'of 65 bytes': 'n'.repeat(65),
  'of 33 characters that take 66 bytes': 'ü'.repeat(33),
  'with a line break': 'two\nlines',
  'with an escape sequence': 'red \u001b[31m',
}
words('wrongName', wrongNames)

async function tellName(world: SuiteWorld, name: string): Promise<void> {
  const { peer } = world.stage
  const message =
    peer instanceof ScriptedAgent
      ? { type: 'pair.complete', capabilities: [...peer.capabilities], agentName: name }
      : { type: 'pair.ack', deviceName: name }
  await peer.sendControl(message, { isWrong: true })
  await world.stage.settle()
}

When('the peer tells a name {wrongName}', async function (this: SuiteWorld, name: string) {
  await tellName(this, wrongNames[name] ?? '')
})

Then('the program does not take it, and a good name it does', async function (this: SuiteWorld) {
  const { stage } = this
  const told = async () => {
    if (stage.role === 'agent') return (await stage.program.agentState()).devices[0]?.name ?? ''
    const [agent] = (await stage.program.controllerState()).agents
    return agent?.confirmed ? agent.name : ''
  }
  const before = await told()
  if (before !== '') throw new Failed(`The program takes the name ${JSON.stringify(before)}`)
  await tellName(this, 'a good name')
  if (!(await stage.program.until(async () => (await told()) === 'a good name'))) {
    throw new Failed('The program does not take a good name')
  }
})
