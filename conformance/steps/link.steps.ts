// Steps about a program as a client of the relay: what it dials, proves and sends, and how it takes what a relay says.

import { randomBytes } from 'node:crypto'
import { Given, Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import { ROUTED_HEADER, ROUTED_TYPE } from '@happy-remote/schemas/relay.ts'
import { concat, equal } from '@happy-remote/vectors/protocol/bytes.ts'
import { deviceIdText } from '../peers/device.ts'
import { base64url, bindInput, fromBase64url, routeIdOf } from '../peers/route.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import { verify } from '../peers/signature.ts'
import type { Oddity, Said } from '../peers/watching-relay.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { giveMessages } from './bodies.ts'
import { ProgramUnderTest } from './program.ts'
import { remember } from './received.steps.ts'
import { prepareRelay, type Running, runningOf } from './running.ts'
import { prepare } from './window.steps.ts'
import { type SuiteWorld, words } from './world.ts'

Given('a relay whose address has the path {string}', function (this: SuiteWorld, path: string) {
  prepareRelay(this, (relay) => {
    relay.path = path
  })
})

Given('a relay that adds a member to every message', function (this: SuiteWorld) {
  prepareRelay(this, (relay) => {
    relay.oddity = { members: { weather: 'fine' } }
  })
})

Then(
  'the program has dialled the path {string} with the subprotocol {string}',
  function (this: SuiteWorld, path: string, subprotocol: string) {
    const dialled = runningOf(this).stage.relay.dialled.at(-1)
    if (dialled?.path !== path) throw new Failed(`The program has dialled the path ${dialled?.path}`)
    if (dialled.subprotocol !== subprotocol) throw new Failed(`It offers the subprotocol ${dialled.subprotocol}`)
  },
)

// A relay that is another one when the program comes back.

const oddities: Readonly<Record<string, Oddity>> = {
  'has a maxFrame of 262399 bytes': { hello: { maxFrame: 262_399 } },
  'has a maxFrame of 262400 bytes': { hello: { maxFrame: 262_400 } },
  'speaks protocol 2': { hello: { protocol: 2 } },
  'says nothing': { isSilent: true },
}
words('oddity', oddities)

/** Lets the clock of the program run until it has dialled again. */
async function dialsAgain(running: Running, before: number, time: number, step = 500): Promise<boolean> {
  const { stage, program } = running
  const began = program.now()
  while (stage.relay.dialled.length === before && program.now() - began < time) {
    await program.pass(step, step)
    if (!program.has('clock')) continue
    // Time for a connection to be made.
    await program.until(async () => stage.relay.dialled.length > before, 30)
  }
  return stage.relay.dialled.length > before
}

When(
  'the program loses its connection, and the relay it comes back to {oddity}',
  async function (this: SuiteWorld, name: string) {
    const running = runningOf(this)
    const { relay } = running.stage
    await running.quiet()
    relay.oddity = oddities[name] ?? {}
    // It is the program that has to leave, and not the relay that ends a connection without a "bind".
    relay.limits.bindTime = 3_600_000
    relay.said.length = 0
    const before = relay.dialled.length
    relay.cut('program')
    if (!(await dialsAgain(running, before, 5_000))) throw new Failed('The program does not come back')
  },
)

Then('the program leaves the relay without a "bind"', async function (this: SuiteWorld) {
  const { stage, program } = runningOf(this)
  const isGone = await program.until(async () => stage.relay.socketsOf('program').length === 0)
  if (!isGone) throw new Failed('The program stays with a relay that it cannot use')
  if (bindsOf(stage.relay.said).length > 0)
    throw new Failed('The program binds its route at a relay that it cannot use')
})

Then('the program dials again within {int} s', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  const { dialled } = running.stage.relay
  // The delay before the next attempt comes on top.
  const again = await dialsAgain(running, dialled.length, (seconds + 5) * 1_000, 1_000)
  if (!again) throw new Failed(`The program does not dial again within ${seconds} s`)
})

// Proofs.

const bindsOf = (said: readonly Said[]) => said.filter(({ message }) => message.type === 'bind')

Then('every "bind" of the program has verified', function (this: SuiteWorld) {
  const { relay } = runningOf(this).stage
  const binds = bindsOf(relay.said)
  if (binds.length === 0) throw new Failed('The program has bound no route')
  for (const { message, nonce } of binds) {
    const { routeKey, peer, signature } = message as Record<string, string | null>
    const key = fromBase64url(routeKey ?? '')
    const input = bindInput(relay.origin, nonce, key, peer === null ? null : fromBase64url(peer ?? ''))
    if (!verify(key, input, fromBase64url(signature ?? ''))) throw new Failed('A "bind" of the program does not verify')
  }
})

Then('no signature is used on two connections', function (this: SuiteWorld) {
  const binds = bindsOf(runningOf(this).stage.relay.said)
  const connections = new Map<unknown, Set<string>>()
  for (const { message, nonce } of binds) {
    const of = connections.get(message.signature) ?? new Set()
    connections.set(message.signature, of.add(base64url(nonce)))
  }
  if ([...connections.values()].some(({ size }) => size > 1))
    throw new Failed('One signature is used on two connections')
})

Then('no text of the program was larger than {int} bytes', function (this: SuiteWorld, most: number) {
  const large = runningOf(this).stage.relay.said.find(({ size }) => size > most)
  if (large) throw new Failed(`The program sends a text of ${large.size} bytes`)
})

Then(
  'every frame of the program was a routed frame of at most maxFrame bytes, from its route to that of the peer',
  function (this: SuiteWorld) {
    const { stage, peer } = runningOf(this)
    for (const frame of stage.relay.frames) {
      if (frame.length > stage.relay.limits.maxFrame) throw new Failed(`The program sends ${frame.length} bytes`)
      const isRouted = frame.length >= ROUTED_HEADER && frame[0] === ROUTED_TYPE
      const isBetween =
        peer.peerRoute && equal(frame.slice(1, 17), peer.peerRoute) && equal(frame.slice(17, 33), peer.client.route.id)
      if (!isRouted || !isBetween) throw new Failed('The program sends a frame that is not from its route to the peer')
    }
  },
)

Then(
  'the relay has seen neither the device id nor a key of the identity of the program',
  async function (this: SuiteWorld) {
    const { stage, peer } = runningOf(this)
    const cert = peer instanceof ScriptedAgent ? peer.record?.controller : peer.record?.agent
    if (!cert) throw new SuiteError('Nothing is paired')
    const { deviceId } = await deviceOf(this)
    const texts = stage.relay.said.map(({ message }) => JSON.stringify(message))
    const wanted = [cert.identityKey, cert.dhKey]
    const inFrames = stage.relay.frames.some((frame) =>
      wanted.some((key) => Buffer.from(frame).includes(Buffer.from(key))),
    )
    const inTexts = texts.some((text) => text.includes(deviceId) || wanted.some((key) => text.includes(base64url(key))))
    if (inFrames || inTexts) throw new Failed('The program tells the relay who it is')
  },
)

/** Id of the device under test, by its certificate. */
async function deviceOf(world: SuiteWorld): Promise<{ deviceId: string }> {
  const { peer } = runningOf(world)
  const id = peer instanceof ScriptedAgent ? peer.run?.controllerId : peer.code?.deviceId
  if (!id) throw new SuiteError('Nothing is paired')
  return { deviceId: deviceIdText(id) }
}

When('the agent is given the relay {word}', async function (this: SuiteWorld, url: string) {
  const target = this.parameters.targets.agent
  if (!target) throw new SuiteError('No agent is under test')
  const program = new ProgramUnderTest(target, url)
  try {
    await program.start()
    this.found = 'accepts'
  } catch (error) {
    if (typeof (error as { code?: unknown }).code !== 'string') throw error
    this.found = 'refuses'
  } finally {
    await program.end().catch(() => {})
  }
})

Then(/^it (refuses|accepts) it$/, function (this: SuiteWorld, expected: string) {
  if (this.found !== expected) throw new Failed(`The program ${this.found} the relay`)
})

// What the relay says.

const sayings: Readonly<Record<string, string | Uint8Array>> = {
  'a message of the type "weather"': JSON.stringify({ type: 'weather', wind: 4 }),
  'a "pong" with an unknown member': JSON.stringify({ type: 'pong', timestamp: 1, wind: 4 }),
  'a text that is no JSON': '{"type":',
  'a "presence" without a status': JSON.stringify({ type: 'presence', route: 'AAAAAAAAAAAAAAAAAAAAAA', timestamp: 1 }),
  'a frame of 32 bytes': concat(Uint8Array.of(1), new Uint8Array(31)),
  'a frame of no bytes': new Uint8Array(),
  'a frame to a route that the program does not have': concat(Uint8Array.of(1), randomBytes(132)),
}
words('saying', sayings)

const own = (running: Running, from: Uint8Array, payload: Uint8Array, type = 1) =>
  concat(Uint8Array.of(type), from, running.peer.peerRoute ?? new Uint8Array(16), payload)

When('the relay sends the program {saying}', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  await running.quiet()
  dials.set(this, running.stage.relay.dialled.length)
  running.stage.relay.say(sayings[name] ?? '')
})

When('the relay sends the program a frame of the type 2', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  dials.set(this, running.stage.relay.dialled.length)
  const { sealed } = await running.sealProbe({ keepState: true })
  running.stage.relay.say(own(running, running.peer.client.route.id, sealed, 2))
})

When('the relay sends the program a frame with an empty payload', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  dials.set(this, running.stage.relay.dialled.length)
  running.stage.relay.say(own(running, running.peer.client.route.id, new Uint8Array()))
})

const dials = new WeakMap<SuiteWorld, number>()

Then('the program stays connected', async function (this: SuiteWorld) {
  const { stage } = runningOf(this)
  await stage.settle()
  if (stage.relay.dialled.length !== dials.get(this) || stage.relay.socketsOf('program').length === 0) {
    throw new Failed('The program has left the relay')
  }
})

When('the peer sends a message, and the relay puts another sender on it', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const probe = await running.sealProbe()
  running.stage.relay.say(own(running, randomBytes(16), probe.sealed))
  remember(this, probe)
})

When('the relay tells the program that the peer is {word}', async function (this: SuiteWorld, status: string) {
  const { stage } = runningOf(this)
  stage.relay.sayPresence(status === 'online' ? 'online' : 'offline')
  await stage.settle()
})

Then('the program sends the peer nothing', async function (this: SuiteWorld) {
  const { stage } = runningOf(this)
  await stage.settle()
  const { length } = stage.relay.frames
  if (length > 0) throw new Failed(`The program sends ${length} frames to a peer of which it was told nothing`)
})

When('the program loses its connection, and comes back to be told nothing', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { relay } = running.stage
  await running.stage.settle()
  const before = relay.dialled.length
  relay.cut('program')
  await dialsAgain(running, before, 5_000)
  relay.frames.length = 0
  const isBound = async () => relay.socketsOf('program').some(({ routes }) => routes.size > 0)
  if (!(await running.program.until(isBound))) throw new Failed('The program does not bind its route again')
})

When('the relay says of a frame of the program that it was not delivered', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  Object.assign(running.peer.duties, { ack: false, hello: false })
  await prepare(this)
  running.stage.relay.oddity = { deniesDelivery: true }
  await giveMessages(running, 1)
  await running.stage.settle()
  running.peer.inbox.takeAll()
})

Then('the program does not report the peer as online', async function (this: SuiteWorld) {
  const { stage, program } = runningOf(this)
  await stage.settle()
  const online =
    stage.role === 'agent'
      ? (await program.agentState()).devices.some((device) => device.online)
      : (await program.controllerState()).agents.some((agent) => agent.online)
  if (online) throw new Failed('The program takes the word of the relay for a sign of the peer')
})

// Liveness and coming back.

/** ms by which a program may be late: it looks at its clock now and then, and the suite moves it by steps. */
const TOLERANCE = 2_500

const since = new WeakMap<SuiteWorld, number>()

When('the program has been connected for {int} s', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  const { relay } = running.stage
  relay.now = () => running.program.now()
  relay.said.length = 0
  since.set(this, running.program.now())
  await running.program.pass(seconds * 1_000, 1_000)
})

Then('it has sent "ping" every 15 s', function (this: SuiteWorld) {
  const running = runningOf(this)
  const pings = running.stage.relay.said.filter(({ message }) => message.type === 'ping').map(({ at }) => at)
  const times = [since.get(this) ?? 0, ...pings, running.program.now()]
  const longest = Math.max(...times.map((at, index) => at - (times[index - 1] ?? at)))
  if (longest > limits.pingEvery + TOLERANCE) throw new Failed(`For ${Math.round(longest / 1_000)} s comes no "ping"`)
  if (pings.length > 6) throw new Failed(`The program sends "ping" ${pings.length} times`)
})

When('the relay falls silent without closing anything', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  running.stage.relay.now = () => running.program.now()
  running.stage.relay.oddity = { isSilent: true }
  since.set(this, running.program.now())
  dials.set(this, running.stage.relay.dialled.length)
})

Then('the program gives it up after {int} s', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  const before = dials.get(this) ?? 0
  await dialsAgain(running, before, (seconds + 30) * 1_000, 1_000)
  const at = running.stage.relay.dialled[before]?.at
  const after = at === undefined ? Number.POSITIVE_INFINITY : at - (since.get(this) ?? 0)
  if (after > (seconds + 1) * 1_000 + TOLERANCE) {
    throw new Failed(`The program gives a silent relay up after ${Math.round(after / 1_000)} s`)
  }
})

Then('the program is still on its connection', function (this: SuiteWorld) {
  const { relay } = runningOf(this).stage
  if (relay.dialled.length > 1) throw new Failed('The program has left a relay that answers it')
})

const endings: Readonly<Record<string, (running: Running) => void | Promise<void>>> = {
  'cuts the connection without a close': ({ stage }) => stage.relay.cut('program'),
  'refuses the program with HTTP 503 once': ({ stage }) => {
    stage.relay.oddity = { refuses: 503 }
    stage.relay.cut('program')
  },
  'crashes, and is there again': async ({ stage }) => {
    await stage.relay.crash()
    await stage.relay.listen()
    await stage.peer.comeBack()
  },
}
for (const code of [1000, 1001, 1011, 4400, 4408, 4413, 4429, 4999, 4401, 4409]) {
  Object.assign(endings, {
    [`closes the connection with ${code}`]: ({ stage }: Running) => stage.relay.closeWith(code),
  })
}
words('ending', endings)

When('the relay {ending}', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  const { relay } = running.stage
  await running.quiet()
  relay.isWhole = false
  relay.now = () => running.program.now()
  dials.set(this, relay.dialled.length)
  since.set(this, running.program.now())
  await endings[name]?.(running)
  await running.program.until(async () => relay.socketsOf('program').length === 0, 1_000)
})

Then('the program comes back, and binds its route again', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { relay } = running.stage
  const isBack = () => relay.socketsOf('program').some(({ routes }) => routes.size > 0)
  for (const until = running.program.now() + 40_000; !isBack() && running.program.now() < until; ) {
    await dialsAgain(running, relay.dialled.length, 4_000)
    relay.oddity = {}
    await running.program.until(async () => isBack(), 300)
  }
  if (!isBack()) throw new Failed('The program does not come back')
  await running.stage.settle()
})

Then('the program has not come back after {int} s', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  await running.program.pass(seconds * 1_000)
  if (running.stage.relay.dialled.length > (dials.get(this) ?? 0)) throw new Failed('The program comes back by itself')
})

When('the relay sends the program the error {string} for its route', async function (this: SuiteWorld, code: string) {
  const running = runningOf(this)
  const { relay } = running.stage
  await running.quiet()
  const route = base64url(running.peer.peerRoute ?? new Uint8Array(16))
  relay.isWhole = false
  relay.say(JSON.stringify({ type: 'error', code, message: 'told by the suite', route }))
  await running.stage.settle()
  relay.said.length = 0
  for (const { socket } of relay.socketsOf('program')) socket.terminate()
  await running.program.pass(40_000)
})

Then('the program does not bind that route again', function (this: SuiteWorld) {
  const { stage, peer } = runningOf(this)
  const again = bindsOf(stage.relay.said).some(({ message }) => {
    const id = routeIdOf(fromBase64url(String(message.routeKey)))
    return peer.peerRoute !== undefined && equal(id, peer.peerRoute)
  })
  if (again) throw new Failed('The program binds a route again that is in use elsewhere')
})

When('the relay refuses every connection for {int} s', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  const { relay } = running.stage
  await running.quiet()
  relay.now = () => running.program.now()
  relay.oddity = { refuses: 503 }
  relay.dialled.length = 0
  since.set(this, running.program.now())
  relay.cut('program')
  for (let left = seconds; left > 0; left--) {
    await running.program.pass(1_000, 1_000)
    await running.program.until(async () => false, 20)
  }
})

/** The gaps before the attempts to connect, in ms, with the longest that the rule allows for each. */
function gapsOf(world: SuiteWorld): { gap: number; most: number }[] {
  let last = since.get(world) ?? 0
  return runningOf(world).stage.relay.dialled.map(({ at }, k) => {
    const gap = at - last
    last = at
    return { gap, most: Math.min(limits.backoffMin * 2 ** k, limits.backoffMax) }
  })
}

Then('no attempt of the program came later than the rule allows', function (this: SuiteWorld) {
  const gaps = gapsOf(this)
  if (gaps.length < 4) throw new Failed(`The program has tried ${gaps.length} times`)
  const late = gaps.find(({ gap, most }) => gap > most + TOLERANCE)
  if (late) throw new Failed(`The program waits for ${Math.round(late.gap)} ms, ${late.most} are allowed`)
})

Then('their delays are random', function (this: SuiteWorld) {
  // The first attempts are too close for a clock that moves by steps.
  const shares = gapsOf(this)
    .filter(({ most }) => most >= 8_000)
    .map(({ gap, most }) => gap / most)
  if (Math.max(...shares) - Math.min(...shares) < 0.1)
    throw new Failed('The delays between the attempts are not random')
})

When(
  'the relay sends the program "draining" with {int} ms, and closes with 1001',
  async function (this: SuiteWorld, time: number) {
    const running = runningOf(this)
    const { relay } = running.stage
    await running.quiet()
    relay.isWhole = false
    relay.now = () => running.program.now()
    relay.say(JSON.stringify({ type: 'draining', reconnectAfter: time }))
    await running.stage.settle()
    dials.set(this, relay.dialled.length)
    since.set(this, running.program.now())
    relay.closeWith(1001)
    await running.program.until(async () => relay.socketsOf('program').length === 0, 1_000)
  },
)

Then('the program comes back after {int} s, and not before', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  const before = dials.get(this) ?? 0
  await dialsAgain(running, before, (seconds + 20) * 1_000, 500)
  const at = running.stage.relay.dialled[before]?.at ?? Number.POSITIVE_INFINITY
  const after = at - (since.get(this) ?? 0)
  if (after < seconds * 1_000 - 100) throw new Failed(`The program comes back after ${Math.round(after)} ms`)
  if (after > (seconds + 1) * 1_000 + TOLERANCE) throw new Failed('The program does not come back in time')
})
