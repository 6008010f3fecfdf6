// node impl-node/shim.ts relay|agent|controller: this implementation behind the shim protocol, version 1
// (conformance/shim/README.md). One JSON object a line; whatever is not here is `unimplemented`.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Capability, DEFAULT_CAPABILITIES, RELAY_PATH } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { MethodName } from '@happy-remote/schemas/rpc/registry.ts'
import pino from 'pino'
import type { Agent, AgentOptions } from './agent/agent.ts'
import { VERSION } from './cli/version.ts'
import type { Controller } from './controller/controller.ts'
import type { RelayOptions } from './relay/server.ts'

type Arguments = Readonly<Record<string, unknown>>
/** A verb that gives nothing back is answered with an empty object. */
type Verbs = Record<string, (args: Arguments) => unknown>

class Unimplemented extends Error {}

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const tell = (event: string, data: object) => say({ event, data })

const [role = ''] = process.argv.slice(2)
const capabilities: Record<string, string[]> = {
  relay: ['limits', 'origins'],
  agent: ['backend'],
  controller: ['drop'],
}

const hello = () => ({
  role,
  name: 'happy-remote',
  version: VERSION,
  language: `TypeScript, Node ${process.versions.node}`,
  protocol: [1],
  capabilities: capabilities[role],
  deterministic: false,
})

/** A state folder that goes away with the program. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-shim-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function relay(): Promise<Verbs> {
  const { startRelay } = await import('./relay/server.ts')
  const { isRelayLimit } = await import('./relay/limits.ts')
  let running: Awaited<ReturnType<typeof startRelay>> | undefined
  return {
    start: async (options) => {
      if (!Object.keys(options.limits ?? {}).every(isRelayLimit)) process.exit(89)
      const logger = pino({ level: 'debug' }, pino.destination({ dest: 2, sync: true }))
      running = await startRelay({ ...(options as RelayOptions), logger })
      return { url: `${running.url}${RELAY_PATH}` }
    },
    state: () => ({ ...running?.stats() }),
    stop: () => running?.drain(),
  }
}

async function agent(): Promise<Verbs> {
  const { Agent: AgentClass } = await import('./agent/agent.ts')
  const { acpAssistant } = await import('./agent/assistants/acp.ts')
  const { parseRelayUrl } = await import('./session/relay-url.ts')
  const { Store } = await import('./session/store.ts')
  const workspace = temporaryFolder()
  let assistant: AgentOptions['assistant'] = null
  let running: Agent | undefined
  let pairing: ReturnType<Agent['pair']> | undefined
  let ready = Promise.withResolvers<void>()
  return {
    backend: ({ script }) => {
      const file = join(temporaryFolder(), 'script.json')
      writeFileSync(file, JSON.stringify(script))
      const program = fileURLToPath(new URL('../conformance/assistants/acp.ts', import.meta.url))
      const command = [process.execPath, program, '--script', file]
      assistant = { factory: acpAssistant({ command, workspace }), name: 'Scripted assistant', scripted: true }
    },
    start: ({ relay: url }) => {
      running = new AgentClass({
        store: new Store(temporaryFolder()),
        relay: parseRelayUrl(url as string),
        workspace,
        name: 'agent under test',
        software: `happy-remote/${VERSION}`,
        assistant,
        log: (message, detail) => process.stderr.write(`${message} ${JSON.stringify(detail)}\n`),
      })
    },
    offer: ({ capabilities: granted = DEFAULT_CAPABILITIES }) => {
      ready = Promise.withResolvers()
      pairing = running?.pair(
        {
          onScanned: () => tell('scanned', {}),
          onDigits: (triesLeft) => {
            tell('digits', { triesLeft })
            ready.resolve()
          },
          onOtherDevice: () => tell('other-device', {}),
          onEnd: (end) => {
            if (end.outcome === 'paired') tell('paired', {})
            else tell('pairing-failed', { code: end.reason })
            ready.resolve()
          },
        },
        { capabilities: granted as Capability[] },
      )
      return { uri: pairing?.uri }
    },
    confirm: async ({ digits, cancel }) => {
      if (!cancel) await ready.promise
      const outcome = cancel ? pairing?.cancel() : pairing?.enterDigits(digits as string)
      if (!cancel && outcome !== 'ok') throw new ProtocolError('sas-mismatch', `The digits are ${outcome}.`)
    },
    revoke: ({ deviceId }) => {
      const id = (deviceId as string | undefined) ?? running?.devices[0]?.deviceId
      if (id === undefined || !running?.revoke(id)) throw new ProtocolError('not-found', 'There is no such device.')
    },
    state: () => ({ devices: running?.devices ?? [] }),
    stop: () => running?.close(),
  }
}

async function controller(): Promise<Verbs> {
  const { pairWith } = await import('./controller/pair.ts')
  const { deviceIdText } = await import('./crypto/identity.ts')
  const { parsePairingCode } = await import('./session/pairing-code.ts')
  const { Store } = await import('./session/store.ts')
  const store = new Store(temporaryFolder())
  let paired: Controller | undefined
  const connected = () => {
    if (!paired) throw new ProtocolError('not-found', 'Nothing is paired.')
    return paired
  }
  return {
    start: () => undefined,
    pair: ({ uri }) =>
      new Promise((resolve, reject) => {
        const code = parsePairingCode(uri as string, Date.now())
        pairWith({ code, store, name: 'controller under test', onDigits: (digits) => resolve({ digits }) }).then(
          (made) => {
            paired = made
            made.on('event', ({ method, params }) => tell(method, { params }))
            made.on('revoked', () => tell('revoked', {}))
            tell('paired', {})
          },
          (error: ProtocolError) => {
            tell('pairing-failed', { code: error.code })
            reject(error)
          },
        )
      }),
    call: async ({ method, params }) => ({ result: await connected().call(method as MethodName, params as never) }),
    drop: () => connected().cut(),
    revoke: () => connected().call('session.revoke', { deviceId: deviceIdText(store.identity.deviceId) }),
    state: () => ({ paired: paired !== undefined, ...(paired && { status: paired.status }) }),
    stop: () => paired?.close(),
  }
}

const roles: Record<string, () => Promise<Verbs>> = { relay, agent, controller }
const make = roles[role]
if (!make) {
  process.stderr.write('Usage: node impl-node/shim.ts relay|agent|controller\n')
  process.exit(2)
}
const verbs: Verbs = { hello, ...(await make()) }

async function answer(line: string): Promise<void> {
  const { id, do: verb, with: args = {} } = JSON.parse(line) as { id: number; do: string; with?: Arguments }
  const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  try {
    if (!run) throw new Unimplemented(`this shim has no verb ${verb} for the role ${role}`)
    say({ id, ok: (await run(args)) ?? {} })
    if (verb === 'stop') process.exit(0)
  } catch (error) {
    const { message } = error as Error
    if (error instanceof Unimplemented) say({ id, unimplemented: message })
    else say({ id, error: { code: error instanceof ProtocolError ? error.code : 'internal', message } })
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => void answer(line))
  .on('close', async () => {
    await verbs.stop?.({})
    process.exit(0)
  })
