// Two or three programs and a relay, as people run them: real sockets, a real shell, and a scripted assistant.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Capability } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { EventName, EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { Agent } from './agent/agent.ts'
import { acpAssistant } from './agent/assistants/acp.ts'
import { Terminals } from './agent/terminals.ts'
import { Controller } from './controller/controller.ts'
import { pairWith } from './controller/pair.ts'
import type { RemoteTerminal } from './controller/terminal.ts'
import { deviceIdText } from './crypto/identity.ts'
import { type Relay, startRelay } from './relay/server.ts'
import { parsePairingCode } from './session/pairing-code.ts'
import { parseRelayUrl } from './session/relay-url.ts'
import { Store } from './session/store.ts'

const HERE = import.meta.dirname
const ASSISTANTS = join(HERE, '../conformance/assistants')
const READY = 60_000
const ALL: readonly Capability[] = ['observe', 'prompt', 'approve', 'terminal']

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + READY
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const urlOf = (server: Server): string => `ws://127.0.0.1:${(server.address() as AddressInfo).port}`

/** A relay and an agent; whatever a test starts here ends with it. */
class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'hrc-e2e-'))
  readonly logged: string[] = []
  readonly #stores = new Map<string, Store>()
  readonly #controllers: Controller[] = []
  relay: Relay
  agent: Agent

  readonly #front: Server
  readonly #url: string
  readonly #sockets = new Set<Socket>()

  readonly #hasAssistant: boolean

  private constructor(front: Server, relay: Relay, hasAssistant: boolean) {
    this.#hasAssistant = hasAssistant
    this.relay = relay
    this.#front = front
    this.#url = urlOf(front)
    mkdirSync(join(this.folder, 'work'))
    this.agent = this.#startAgent()
    front.on('connection', (socket) => {
      this.#sockets.add(socket)
      const behind = connect(this.relay.port, '127.0.0.1')
      socket.on('error', () => behind.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        behind.destroy()
      })
      behind.on('error', () => socket.destroy()).on('close', () => socket.destroy())
      socket.pipe(behind).pipe(socket)
    })
  }

  /** Clients dial a port that stays ours while the relay behind it is away. */
  static async start(t: TestContext, { assistant = true } = {}): Promise<World> {
    const front = createServer({ noDelay: true }).listen(0, '127.0.0.1')
    await once(front, 'listening')
    const world = new World(front, await startRelay({ origins: [urlOf(front)] }), assistant)
    t.after(() => world.#end())
    return world
  }

  async #end(): Promise<void> {
    for (const controller of this.#controllers) controller.close()
    await this.agent.close()
    await this.relay.close()
    this.#front.close()
    for (const socket of this.#sockets) socket.destroy()
    for (const store of this.#stores.values()) store.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  store(name: string): Store {
    const store = this.#stores.get(name) ?? new Store(join(this.folder, name))
    this.#stores.set(name, store)
    return store
  }

  #startAgent(): Agent {
    const script = join(ASSISTANTS, 'demo.script.json')
    const command = [process.execPath, '--disable-warning=ExperimentalWarning', join(ASSISTANTS, 'acp.ts')]
    return new Agent({
      store: this.store('agent'),
      relay: parseRelayUrl(this.#url),
      workspace: join(this.folder, 'work'),
      name: 'desk',
      software: 'test',
      assistant: this.#hasAssistant
        ? {
            factory: acpAssistant({ command: [...command, '--script', script], workspace: join(this.folder, 'work') }),
            name: 'scripted',
            scripted: true,
          }
        : null,
      log: (message) => this.logged.push(message),
    })
  }

  /** The agent's process ends and another begins in the same folder. */
  async restartAgent(): Promise<void> {
    await this.agent.close()
    this.#stores.get('agent')?.close()
    this.#stores.delete('agent')
    // Until it was seen to be away, a controller may take the wish for a new session for a replay.
    const away = () => this.#controllers.every(({ status }) => status.peer === 'offline')
    await until(away, 'for the agent to be gone')
    this.agent = this.#startAgent()
  }

  /** The relay stops, and another one comes in its place. */
  async restartRelay(): Promise<void> {
    await this.relay.close()
    this.relay = await startRelay({ origins: [this.#url] })
  }

  async pair(name: string, capabilities: readonly Capability[] = ALL): Promise<Controller> {
    const shown = Promise.withResolvers<string>()
    const pairing = this.agent.pair(
      {
        onScanned: () => {},
        onDigits: () => void shown.promise.then((digits) => pairing.enterDigits(digits)),
        onOtherDevice: () => {},
        onEnd: () => {},
      },
      { capabilities },
    )
    const controller = await pairWith({
      code: parsePairingCode(pairing.uri, Date.now()),
      store: this.store(name),
      name,
      onDigits: shown.resolve,
    })
    this.#controllers.push(controller)
    await controller.whenReady(READY)
    return controller
  }

  /** Another process of a device that is paired. */
  revive(name: string): Controller {
    const store = this.store(name)
    const [record] = store.pairings
    assert.ok(record)
    const controller = new Controller({
      identity: store.identity,
      record,
      name,
      save: (changed) => store.savePairing(changed),
    })
    this.#controllers.push(controller)
    return controller
  }

  deviceId(name: string): string {
    return deviceIdText(this.store(name).identity.deviceId)
  }
}

/** Events of one kind, as they come. */
function collect<E extends EventName>(controller: Controller, name: E): EventParams<E>[] {
  const seen: EventParams<E>[] = []
  controller.onEvent(name, (params) => seen.push(params))
  return seen
}

/** Answers whatever the assistant asks. */
function allow(controller: Controller): void {
  controller.onEvent('permission.requested', ({ requestId, inputHash, options }) => {
    const option = options.find(({ kind }) => kind === 'allow_once')?.id as string
    controller.call('permission.answer', { requestId, inputHash, option }).catch(() => {})
  })
}

class Screen {
  text = ''
  gaps: [number, number][] = []
  exit: { exitCode: number | null; reason?: string } | null = null
  readonly onData = (bytes: Uint8Array) => {
    this.text += Buffer.from(bytes).toString('latin1')
  }
  readonly onGap = (from: number, to: number) => void this.gaps.push([from, to])
  readonly onExit = (exit: { exitCode: number | null; reason?: string }) => {
    this.exit = exit
  }
  shows(text: string): Promise<void> {
    return until(
      () => this.text.includes(text),
      `for ${JSON.stringify(text)} in ${JSON.stringify(this.text.slice(-200))}`,
    )
  }
}

const type = (terminal: RemoteTerminal, text: string) => terminal.write(Buffer.from(text))
const rejectsWith = (promise: Promise<unknown>, code: string) =>
  assert.rejects(promise, (error: unknown) => error instanceof ProtocolError && error.code === code)
/** A shell without prompts and echoes of its own. */
const SHELL = { cols: 80, rows: 24, command: ['/bin/sh'] }
/** Lines that end with their number, and when they come. */
const COUNT = [
  '/bin/sh',
  '-c',
  'i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo "line $i"; sleep 0.005; done; echo done',
]
const COUNTED = `${Array.from({ length: 400 }, (_, i) => `line ${i + 1}\r\n`).join('')}done\r\n`

test('pair, prompt, answer a permission, use a shell, resize it', async (t) => {
  const world = await World.start(t)
  const phone = await world.pair('phone')
  const info = await phone.call('agent.info', {})
  assert.equal(info.name, 'desk')
  assert.deepEqual(info.capabilities, ALL)
  assert.equal(phone.record.peerName, 'desk')

  const states = collect(phone, 'claude.messageState')
  allow(phone)
  const resolved = collect(phone, 'permission.resolved')
  await phone.call('claude.sendMessage', { prompt: 'hello' })
  await until(() => states.at(-1)?.state === 'completed', 'for the end of the prompt')
  assert.equal(resolved[0]?.outcome, 'allowed')
  assert.equal(resolved[0]?.by, world.deviceId('phone'))

  const screen = new Screen()
  const shell = await phone.openTerminal(SHELL, screen)
  type(shell, 'echo $((6*7))\n')
  await screen.shows('42')
  await shell.resize(100, 30)
  type(shell, 'stty size\n')
  await screen.shows('30 100')
  type(shell, 'exit 3\n')
  await until(() => screen.exit !== null, 'for the exit')
  assert.equal(screen.exit?.exitCode, 3)
  assert.deepEqual(screen.gaps, [])
})

test('a program that ends at once is told with all of its output', async (t) => {
  const world = await World.start(t)
  const phone = await world.pair('phone')
  for (let i = 0; i < 10; i++) {
    const screen = new Screen()
    await phone.openTerminal({ cols: 80, rows: 24, command: ['/bin/echo', `word ${i}`] }, screen)
    await until(() => screen.exit !== null, 'for the exit')
    assert.equal(screen.text, `word ${i}\r\n`)
  }
})

test('output goes on without a hole or a repetition while the connection is cut again and again', async (t) => {
  const world = await World.start(t)
  const phone = await world.pair('phone')
  const screen = new Screen()
  await phone.openTerminal({ cols: 80, rows: 24, command: COUNT }, screen)
  for (const line of [40, 120, 200]) {
    await screen.shows(`line ${line}\r\n`)
    phone.cut()
    await until(() => !phone.status.ready, 'for the loss of the connection')
    phone.retryNow()
    await phone.whenReady(READY)
  }
  await until(() => screen.exit !== null, 'for the exit')
  assert.equal(screen.text, COUNTED)
  assert.deepEqual(screen.gaps, [])
})

test('the last output before the connection was cut comes although nothing follows it', async (t) => {
  const world = await World.start(t)
  const phone = await world.pair('phone')
  const screen = new Screen()
  const shell = await phone.openTerminal(SHELL, screen)
  type(shell, 'sleep 0.05; echo the last word\n')
  await screen.shows('sleep')
  phone.cut()
  await screen.shows('the last word\r\n')
})

test('the relay may be killed and come back: sessions, terminals and prompts go on', async (t) => {
  const world = await World.start(t)
  const phone = await world.pair('phone')
  const screen = new Screen()
  const shell = await phone.openTerminal(SHELL, screen)
  type(shell, 'x=kept; echo ready-1\n')
  await screen.shows('ready-1\r\n')
  await world.restartRelay()
  await until(() => phone.status.ready, 'for the connection')
  type(shell, 'echo $x $((40+2))\n')
  await screen.shows('kept 42')
  assert.deepEqual(screen.gaps, [])
})

test('a restarted agent is found again by a rekey, and says that its terminals are gone', async (t) => {
  const world = await World.start(t)
  const phone = await world.pair('phone')
  const screen = new Screen()
  await phone.openTerminal(SHELL, screen)
  await world.restartAgent()
  await until(() => screen.exit !== null, 'for the end of the terminal')
  assert.equal(screen.exit?.reason, 'orphaned')
  assert.deepEqual((await phone.call('terminal.list', {})).terminals, [])
  assert.equal((await phone.call('device.list', {})).devices[0]?.name, 'phone')
})

test('a restarted controller finds its agent, and the terminal that it left', async (t) => {
  const world = await World.start(t)
  const phone = await world.pair('phone')
  const first = new Screen()
  const shell = await phone.openTerminal(SHELL, first)
  type(shell, 'echo before-$((1+1))\n')
  await first.shows('before-2\r\n')
  phone.close()
  const revived = world.revive('phone')
  await revived.whenReady(READY)
  const second = new Screen()
  const again = await revived.attachTerminal(shell.terminalId, second)
  await second.shows('before-2\r\n')
  type(again, 'echo after-$((1+1))\n')
  await second.shows('after-2\r\n')
})

test('two controllers see the same, and each what it may', async (t) => {
  const world = await World.start(t)
  const phone = await world.pair('phone')
  const joined = collect(phone, 'device.joined')
  const watch = await world.pair('watch', ['observe'])
  // Its own, too, is an entry of the journal, which it hears of like everybody.
  await until(() => joined.length > 1, 'for device.joined of both')
  assert.deepEqual(
    joined,
    ['phone', 'watch'].map((name) => ({ deviceId: world.deviceId(name), name })),
  )
  const { devices } = await watch.call('device.list', {})
  assert.deepEqual(
    devices.map(({ name, self, online }) => [name, self, online]),
    [
      ['phone', false, true],
      ['watch', true, true],
    ],
  )
  await rejectsWith(watch.call('terminal.open', SHELL), 'forbidden')
  await rejectsWith(watch.call('claude.sendMessage', { prompt: 'x' }), 'forbidden')
  await rejectsWith(watch.call('session.revoke', { deviceId: world.deviceId('phone') }), 'forbidden')
  const seenByWatch = collect(watch, 'claude.message')
  const terminalsSeen = collect(watch, 'terminal.opened')
  const screen = new Screen()
  await phone.openTerminal(SHELL, screen)
  await phone.call('claude.sendMessage', { prompt: 'seen by both' })
  await until(() => seenByWatch.some(({ text }) => text.includes('seen by both')), 'for the message at the other')
  assert.deepEqual(terminalsSeen, [])
})

test('a device that revokes itself is answered first, and has to pair again', async (t) => {
  const world = await World.start(t)
  const [phone, watch] = [await world.pair('phone'), await world.pair('watch', ['observe'])]
  const gone = collect(watch, 'device.revoked')
  assert.equal(await phone.revoke(), true)
  await until(() => gone.length > 0, 'for device.revoked')
  assert.deepEqual(gone, [{ deviceId: world.deviceId('phone') }])
  assert.ok(world.store('agent').isDenied(world.store('phone').identity.deviceId))
  await rejectsWith(world.revive('phone').whenReady(500), 'timeout')
  // pairing.revoke.undeny
  const again = await world.pair('phone')
  assert.equal((await again.call('device.list', {})).devices.length, 2)
  assert.ok(!world.store('agent').isDenied(world.store('phone').identity.deviceId))
})

test('a device that the agent revokes is told, and whatever it waits for ends', async (t) => {
  const world = await World.start(t)
  const phone = await world.pair('phone')
  let told = false
  phone.on('revoked', () => {
    told = true
  })
  assert.ok(world.agent.revoke(world.deviceId('phone')))
  await until(() => told, 'for the revocation')
  await rejectsWith(phone.call('agent.info', {}), 'revoked')
  await rejectsWith(phone.whenReady(1_000), 'revoked')
  assert.equal(world.agent.revoke(world.deviceId('phone')), false)
})

test('pairing again with the same device replaces the old pairing on both sides', async (t) => {
  const world = await World.start(t)
  const first = await world.pair('phone')
  first.close()
  const second = await world.pair('phone', ['observe'])
  assert.equal(world.store('phone').pairings.length, 1)
  assert.equal(world.store('agent').pairings.length, 1)
  assert.deepEqual((await second.call('agent.info', {})).capabilities, ['observe'])
})

test('a prompt of a megabyte arrives whole and is answered once, also through a rekey', async (t) => {
  const world = await World.start(t, { assistant: false })
  const phone = await world.pair('phone')
  const states = collect(phone, 'claude.messageState')
  const sent = phone.call('claude.sendMessage', { prompt: 'ä'.repeat(400_000) })
  phone.rekey()
  // the answer to a prompt that was read to its end, where there is no assistant
  await rejectsWith(sent, 'assistant-unavailable')
  await phone.call('agent.info', {})
  assert.ok(states.length <= 1)
})

test('wrong digits are told in a sentence, and nothing is left at the agent', async (t) => {
  const world = await World.start(t)
  const pairing = world.agent.pair(
    {
      onScanned: () => {},
      onDigits: () => {
        for (let i = 0; i < 3; i++) pairing.enterDigits('no digits')
      },
      onOtherDevice: () => {},
      onEnd: () => {},
    },
    { capabilities: ALL },
  )
  const code = parsePairingCode(pairing.uri, Date.now())
  const attempt = pairWith({ code, store: world.store('phone'), name: 'phone', onDigits: () => {} })
  await assert.rejects(attempt, { code: 'sas-mismatch', message: /digits were not typed correctly/ })
  assert.equal(world.store('agent').pairings.length, 0)
  assert.equal(world.store('phone').pairings[0]?.state, 'unconfirmed')
})

test('a pairing that is given up, before or after it began, says so', async (t) => {
  const world = await World.start(t)
  const events = { onScanned: () => {}, onDigits: () => {}, onOtherDevice: () => {}, onEnd: () => {} }
  const code = () => parsePairingCode(world.agent.pair(events, { capabilities: ALL }).uri, Date.now())
  const options = { store: world.store('phone'), name: 'phone' }
  await rejectsWith(
    pairWith({ ...options, code: code(), onDigits: () => {}, signal: AbortSignal.abort() }),
    'interrupted',
  )
  const giveUp = new AbortController()
  await rejectsWith(
    pairWith({ ...options, code: code(), onDigits: () => giveUp.abort(), signal: giveUp.signal }),
    'interrupted',
  )
  assert.deepEqual(world.store('phone').pairings, [])
})

test('a full disk at the controller fails the pairing and not the process', async (t) => {
  const world = await World.start(t)
  const events = { onScanned: () => {}, onDigits: () => {}, onOtherDevice: () => {}, onEnd: () => {} }
  const { uri } = world.agent.pair(events, { capabilities: ALL })
  const store = world.store('phone')
  t.mock.method(store, 'savePairing', () => {
    throw new Error('database or disk is full')
  })
  const attempt = pairWith({ code: parsePairingCode(uri, Date.now()), store, name: 'phone', onDigits: () => {} })
  await assert.rejects(attempt, /disk is full/)
})

test('a full disk at the agent fails the pairing, keeps the older one, and is told to the device', async (t) => {
  const world = await World.start(t)
  const first = await world.pair('phone')
  first.close()
  t.mock.method(world.store('agent'), 'adoptPairing', () => {
    throw new Error('database or disk is full')
  })
  let failure = ''
  const shown = Promise.withResolvers<string>()
  const pairing = world.agent.pair(
    {
      onScanned: () => {},
      onDigits: () =>
        void shown.promise.then((digits) => {
          try {
            pairing.enterDigits(digits)
          } catch (error) {
            failure = (error as Error).message
          }
        }),
      onOtherDevice: () => {},
      onEnd: () => {},
    },
    { capabilities: ALL },
  )
  const code = parsePairingCode(pairing.uri, Date.now())
  await rejectsWith(pairWith({ code, store: world.store('phone'), name: 'phone', onDigits: shown.resolve }), 'rejected')
  assert.match(failure, /disk is full/)
  assert.equal(world.agent.devices.length, 1)
  const revived = world.revive('phone')
  await revived.whenReady(READY)
})

test('a revocation that cannot be stored is logged, and the agent goes on', async (t) => {
  const world = await World.start(t)
  const phone = await world.pair('phone')
  t.mock.method(world.store('agent'), 'revokePairing', () => {
    throw new Error('database or disk is full')
  })
  await phone.call('session.revoke', { deviceId: world.deviceId('phone') })
  await until(() => world.logged.length > 0, 'for the log')
  assert.equal((await phone.call('agent.info', {})).name, 'desk')
})

// rpc.credit.silent
test('whoever watches a terminal without a word counts as heard with every frame', async (t) => {
  const heard = t.mock.method(Terminals.prototype, 'heard')
  const world = await World.start(t)
  await world.pair('phone')
  await until(() => heard.mock.callCount() > 0, 'for a frame that is no request')
})
