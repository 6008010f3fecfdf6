// Steps about the pairing code of an agent, its route, and what may be found of them elsewhere.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Given, Then, When } from '@cucumber/cucumber'
import type { QrPayload } from '@happy-remote/schemas/pairing.ts'
import { equal } from '@happy-remote/vectors/protocol/bytes.ts'
import { base64url } from '../peers/route.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { Stage } from './stage.ts'
import type { SuiteWorld } from './world.ts'

/** The code that the agent shows, as a controller reads it. */
const read = (stage: Stage): QrPayload => stage.controller('reader').scan(stage.uri)

Given('an agent under test that keeps what it stores', async function (this: SuiteWorld) {
  await this.useStage('agent').start({ keepState: true })
})

Then('the code is upper-case base32 behind "HAPPY:\\/\\/"', function (this: SuiteWorld) {
  if (!/^HAPPY:\/\/[A-Z2-7]+$/.test(this.stage.uri)) throw new Failed(`The code is ${this.stage.uri.slice(0, 12)}…`)
})

Then('the code names this relay, a suite, and a route that is bound as open', function (this: SuiteWorld) {
  const { relay, suites, routeId, flags } = read(this.stage)
  const address = Buffer.from(relay).toString()
  if (`ws://${address}` !== this.stage.relay.origin || flags !== 1)
    throw new Failed(`The code names the relay ${address}`)
  if ((suites & 1) === 0) throw new Failed('The code does not offer the mandatory suite')
  if (this.stage.relay.bound.get(base64url(routeId))?.only !== null) throw new Failed('The route is not bound as open')
})

Then('the code expires within {int} s', function (this: SuiteWorld, seconds: number) {
  const left = read(this.stage).expiry - this.stage.program.wall() / 1000
  if (left > seconds || left <= 0) throw new Failed(`The code expires in ${Math.round(left)} s`)
})

When('the agent shows a pairing code, and then another one', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.offer()
  const first = read(stage)
  await stage.program.ask('confirm', { cancel: true })
  await stage.offer()
  stage.found = [first, read(stage)]
})

Then('the two codes have different secrets and different routes', function (this: SuiteWorld) {
  const [first, second] = this.stage.found as [QrPayload, QrPayload]
  if (equal(first.pairingSecret, second.pairingSecret)) throw new Failed('Both codes have the same secret')
  if (equal(first.routeId, second.routeId)) throw new Failed('Both codes have the same route')
})

Given('the agent is paired with a controller', async function (this: SuiteWorld) {
  await this.stage.pairAgent()
})

/** All files below `folder`, one after the other. */
function* filesIn(folder: string): Generator<[name: string, content: Buffer]> {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) yield [entry.name, readFileSync(join(entry.parentPath, entry.name))]
  }
}

Then('neither its log nor its files contain the code or its secret', function (this: SuiteWorld) {
  const { program, uri } = this.stage
  const secret = Buffer.from(this.stage.controller().secret)
  const forms: [string, Buffer][] = [
    ['the code', Buffer.from(uri.slice('HAPPY://'.length))],
    ['the code in lower case', Buffer.from(uri.slice('HAPPY://'.length).toLowerCase())],
    ['the secret', secret],
    ...(['hex', 'base64', 'base64url'] as const).map((form): [string, Buffer] => [
      `the secret in ${form}`,
      Buffer.from(secret.toString(form).replace(/=+$/, '')),
    ]),
  ]
  const places: [string, Buffer][] = [['the log', Buffer.from(program.log)], ...filesIn(program.folder)]
  for (const [place, content] of places) {
    for (const [what, bytes] of forms) {
      if (content.includes(bytes)) throw new Failed(`${place} contains ${what}`)
    }
  }
})

When('the person gives up', async function (this: SuiteWorld) {
  await this.stage.program.ask('confirm', { cancel: true })
})

When('the code expires', async function (this: SuiteWorld) {
  await this.stage.program.pass(125_000)
})

async function assertUnbound(stage: Stage, route: Uint8Array): Promise<void> {
  if (!(await stage.routeIs(base64url(route), (only) => only === undefined)))
    throw new Failed('The route is still bound')
}

Then('the agent has given up the route of the code', async function (this: SuiteWorld) {
  const { stage } = this
  await assertUnbound(stage, stage.controller().code?.routeId as Uint8Array)
})

Then('the agent has given up the route of the pairing', async function (this: SuiteWorld) {
  await assertUnbound(this.stage, this.stage.controller().peerRoute as Uint8Array)
})

Then('the agent binds the route of the code for the controller', async function (this: SuiteWorld) {
  const { stage } = this
  const { code, client } = stage.controller()
  const route = base64url(code?.routeId as Uint8Array)
  if (!(await stage.routeIs(route, (only) => only === client.route.name))) {
    throw new Failed('The agent does not bind its route for the controller')
  }
})

Then('the agent binds no route', async function (this: SuiteWorld) {
  await this.stage.settle()
  const routes = this.stage.relay.socketsOf('program').flatMap((peer) => [...peer.routes])
  if (routes.length > 0) throw new Failed(`The agent binds ${routes.length} routes`)
})

// M2

Given('the controller supports suite {word} only', function (this: SuiteWorld, suite: string) {
  this.stage.controller().suites = 1 << (Number(suite) - 1)
})

Then('M2 is a frame of {int} bytes', function (this: SuiteWorld, size: number) {
  const { length } = this.stage.controller().run?.m2 ?? []
  if (length !== size) throw new Failed(`M2 has ${length} bytes`)
})

Then('the certificate in M2 has the epoch {int}', function (this: SuiteWorld, epoch: number) {
  const found = this.stage.controller().run?.accepted?.agent.epoch
  if (found !== epoch) throw new Failed(`The certificate has the epoch ${found}`)
})

const PAIR = ['first controller', 'second controller'] as const

When('two controllers pair with the agent, one after the other', async function (this: SuiteWorld) {
  for (const name of PAIR) await this.stage.pairAgent(this.stage.controller(name))
})

Then('their M2 have different keys and different salts', function (this: SuiteWorld) {
  const [first, second] = PAIR.map((name): Record<string, Uint8Array> => {
    const { m2, accepted } = this.stage.controller(name).run ?? {}
    if (!m2 || !accepted) throw new SuiteError(`The ${name} has accepted no M2`)
    return { ephemeralKey: accepted.m2.ephemeralKey, ratchetKey: accepted.m2.ratchetKey, salt: m2.slice(4, 36) }
  })
  for (const [name, value] of Object.entries(first ?? {})) {
    if (equal(value, second?.[name] as Uint8Array)) throw new Failed(`Both M2 have the same ${name}`)
  }
})
