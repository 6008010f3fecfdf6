// deno run shim.ts relay: the conformance suite drives this implementation through it (conformance/shim/README.md).

import { errors } from '@happy-remote/schemas/errors.ts'
import { type Relay, type RelayOptions, startRelay } from './relay/server.ts'

type Arguments = Readonly<Record<string, unknown>>
type Verbs = Readonly<Record<string, (args: Arguments) => unknown>>
interface Role {
  readonly capabilities: readonly string[]
  readonly verbs: Verbs
}

const VERSION = '0.1.0'
/** The exit code of a program that cannot be started as `start` asks. */
const IMPOSSIBLE_CONFIGURATION = 89

function relayRole(): Role {
  let relay: Relay | undefined
  return {
    capabilities: ['limits', 'origins'],
    verbs: {
      start: async (args) => {
        // What may be asked for has the names and units of this relay's own options.
        relay = await startRelay(args as RelayOptions)
        return { url: `${relay.url}/v1` }
      },
      state: () => ({ ...relay?.stats() }),
      stop: () => relay?.drain(),
    },
  }
}

const roles: Readonly<Record<string, () => Role>> = { relay: relayRole }

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return Object.hasOwn(errors, code) ? code : 'internal'
}

const say = (line: object) => console.log(JSON.stringify(line))

async function serve(name: string, { capabilities, verbs }: Role): Promise<void> {
  const hello = () => {
    const who = { role: name, name: 'happy-remote (Deno)', version: VERSION, language: 'TypeScript' }
    return { ...who, protocol: [1], capabilities, deterministic: false }
  }
  const all: Verbs = { hello, ...verbs }
  const answer = async (line: string) => {
    const { id, do: verb, with: args = {} } = JSON.parse(line)
    const run = Object.hasOwn(all, verb) ? all[verb] : undefined
    if (!run) return say({ id, unimplemented: `there is no ${verb}` })
    try {
      say({ id, ok: (await run(args)) ?? {} })
    } catch (error) {
      const { message } = error as Error
      if (verb === 'start' && codeOf(error) === 'internal') {
        console.error(message)
        Deno.exit(IMPOSSIBLE_CONFIGURATION)
      }
      say({ id, error: { code: codeOf(error), message } })
    }
    if (verb === 'stop') Deno.exit(0)
  }
  let rest = ''
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) void answer(line)
  }
  // The end of standard input means `stop`.
  await verbs.stop?.({})
  Deno.exit(0)
}

const [name = ''] = Deno.args
const role = roles[name]
if (!role) {
  console.error(`usage: shim.ts ${Object.keys(roles).join('|')}`)
  Deno.exit(2)
}
await serve(name, role())
