// Steps about handshake messages that are refused, or met with silence.

import { Given, Then, When } from '@cucumber/cucumber'
import { type ErrorCode, errorEntry, errors, type HandshakeErrorCode } from '@happy-remote/schemas/errors.ts'
import { wrongM1 } from '../peers/wrong-m1.ts'
import { type WrongM2, wrongM2 } from '../peers/wrong-m2.ts'
import { type WrongM3, wrongM3 } from '../peers/wrong-m3.ts'
import { wrongWraps } from '../peers/wrong-wraps.ts'
import { Refused } from '../shim/driver.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { Stage } from './stage.ts'
import type { SuiteWorld } from './world.ts'

/** pairing.hs-error.code: what a peer is told of an error. */
const told = (code: ErrorCode): HandshakeErrorCode =>
  errorEntry(code).handshake === undefined ? 'rejected' : (code as HandshakeErrorCode)

export function assertCode(world: SuiteWorld, found: string, expected: string, what: string): void {
  if (!Object.hasOwn(errors, expected)) throw new SuiteError(`There is no error code ${expected}`)
  if (found !== expected && !world.parameters.looseErrors) {
    throw new Failed(`${what} with "${found}", expected "${expected}"`)
  }
}

function lastHandshake(stage: Stage): Uint8Array {
  if (!stage.peer.lastHandshake) throw new SuiteError('No step has sent a handshake message')
  return stage.peer.lastHandshake
}

Given('the controller has scanned the code of the agent', async function (this: SuiteWorld) {
  const { stage } = this
  stage.controller().scan(await stage.offer())
})

Given('the controller has sent M1, and the agent has answered with M2', async function (this: SuiteWorld) {
  const { stage } = this
  const controller = stage.controller()
  controller.scan(await stage.offer())
  await controller.sendM1()
  await controller.acceptM2()
})

Given('the controller has scanned the code and sent M1', async function (this: SuiteWorld) {
  const { stage } = this
  stage.uri = await stage.agent().offer()
  stage.scan()
  await stage.agent().acceptM1()
})

When('the controller sends an M1 {wrongM1}', async function (this: SuiteWorld, name: string) {
  const { code: _code, ...fault } = wrongM1[name] as (typeof wrongM1)[string]
  await this.stage.controller().sendM1(fault)
})

When('the controller sends an M3 {wrongM3}', async function (this: SuiteWorld, name: string) {
  const { code: _code, ...fault } = wrongM3[name] as WrongM3
  await this.stage.controller().sendM3(fault)
})

When('the agent answers with an M2 {wrongM2}', async function (this: SuiteWorld, name: string) {
  const { code: _code, ...fault } = wrongM2[name] as WrongM2
  await this.stage.agent().sendM2({ ...fault, bind: false })
})

When('the controller sends an M1 {wrongWrap}', async function (this: SuiteWorld, name: string) {
  await this.stage.controller().sendM1(wrongWraps[name])
})

When('the controller sends an M3 {wrongWrap}', async function (this: SuiteWorld, name: string) {
  await this.stage.controller().sendM3(wrongWraps[name])
})

When('the agent answers with an M2 {wrongWrap}', async function (this: SuiteWorld, name: string) {
  await this.stage.agent().sendM2({ ...wrongWraps[name], bind: false })
})

Then('the agent answers it with HS_ERROR {string}', async function (this: SuiteWorld, code: HandshakeErrorCode) {
  const { stage } = this
  await stage.controller().expectHsError(lastHandshake(stage), code)
})

Then('the controller answers it with HS_ERROR {string}', async function (this: SuiteWorld, code: HandshakeErrorCode) {
  const { stage } = this
  await stage.agent().expectHsError(lastHandshake(stage), code)
})

Then("the agent's attempt ends with {string}", async function (this: SuiteWorld, code: string) {
  const { code: found } = await this.stage.program.expectEvent('pairing-failed')
  assertCode(this, found, code, "The agent's attempt ends")
})

/** Judges how the attempt of the controller ended, and waits for that where it has not. */
async function assertEnding(world: SuiteWorld, code: string): Promise<void> {
  const { stage } = world
  const shown = await stage.shownDigits().catch((error: Error) => error)
  if (!(shown instanceof Error)) {
    const { code: found } = await stage.program.expectEvent('pairing-failed')
    assertCode(world, found, code, "The controller's attempt ends")
    return
  }
  if (!(shown instanceof Refused)) throw shown
  assertCode(world, shown.code, code, "The controller's attempt ends")
}

Then("the controller's attempt ends with {string}", async function (this: SuiteWorld, code: string) {
  await assertEnding(this, code)
})

Then("the controller's attempt has ended with {string}", async function (this: SuiteWorld, code: string) {
  const { stage } = this
  let isOver = false
  stage.shownDigits().then(
    () => {
      isOver = true
    },
    () => {
      isOver = true
    },
  )
  if (!(await stage.program.until(async () => isOver))) throw new Failed('The controller still waits')
  await assertEnding(this, code)
})

Then('the agent refuses it with {string}', async function (this: SuiteWorld, code: ErrorCode) {
  const { stage } = this
  await stage.controller().expectHsError(lastHandshake(stage), told(code))
  const { code: found } = await stage.program.expectEvent('pairing-failed')
  assertCode(this, found, code, 'The agent refuses it')
})

Then('the controller refuses it with {string}', async function (this: SuiteWorld, code: ErrorCode) {
  const { stage } = this
  await stage.agent().expectHsError(lastHandshake(stage), told(code))
  const shown = await stage.shownDigits().catch((error: Error) => error)
  if (!(shown instanceof Error)) throw new Failed('The controller shows digits all the same')
  if (!(shown instanceof Refused)) throw shown
  assertCode(this, shown.code, code, 'The controller refuses it')
})

/** What the program has sent to the scripted peer and nobody has looked at. */
export function unasked(stage: Stage): string[] {
  const kinds = ['handshake', 'control', 'rpc', 'chunk', 'refused']
  return stage.peer.inbox.waiting
    .filter(({ kind }) => kinds.includes(kind))
    .map((heard) => ('type' in heard ? heard.type : heard.kind))
}

/** Throws Failed where the program has sent anything that no step has looked at. */
export async function assertSilent(stage: Stage): Promise<void> {
  await stage.settle()
  const sent = unasked(stage)
  if (sent.length > 0) throw new Failed(`The ${stage.role} sends ${sent.join(', ')}`)
}

Then('the {word} stays silent', async function (this: SuiteWorld, _role: string) {
  await assertSilent(this.stage)
})

Then('no {word} has come', async function (this: SuiteWorld, type: string) {
  const { stage } = this
  await stage.settle()
  if (unasked(stage).includes(type)) throw new Failed(`The ${stage.role} sends ${type}`)
})

Then('the code is still good', async function (this: SuiteWorld) {
  const controller = this.stage.controller()
  await controller.sendM1()
  await controller.acceptM2()
})

Then('a right M3 is still good', async function (this: SuiteWorld) {
  await this.stage.controller().sendM3()
  await this.stage.program.expectEvent('digits')
})

Then('a right M2 is still good', async function (this: SuiteWorld) {
  await this.stage.agent().sendM2()
  await this.stage.agent().acceptM3()
})
