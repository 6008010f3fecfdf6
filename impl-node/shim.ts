// node impl-node/shim.ts relay|agent|controller: this implementation behind the shim protocol, version 1
// (conformance/shim/README.md). One JSON object a line; whatever is not here is `unimplemented`.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { VERSION } from './cli/version.ts'
import { agent } from './shim/agent.ts'
import { moveClocks } from './shim/clock.ts'
import { controller } from './shim/controller.ts'
import { relay } from './shim/relay.ts'
import { type Arguments, say, type Verbs } from './shim/verbs.ts'

class Unimplemented extends Error {}

const endpoint: Verbs = {
  clock: ({ wall = 0, monotonic = 0 }) => moveClocks(wall as number, monotonic as number),
}

const roles: Record<string, { capabilities: string[]; make: () => Promise<Verbs> }> = {
  relay: { capabilities: ['limits', 'origins', 'secret', 'web', 'cluster'], make: relay },
  agent: {
    capabilities: ['backend', 'state', 'clock', 'expiry', 'journal', 'persist'],
    make: async () => ({ ...endpoint, ...(await agent()) }),
  },
  controller: {
    capabilities: ['state', 'clock', 'queue', 'journal', 'persist'],
    make: async () => ({ ...endpoint, ...(await controller()) }),
  },
}

const [role = ''] = process.argv.slice(2)
const chosen = Object.hasOwn(roles, role) ? roles[role] : undefined
if (!chosen) {
  process.stderr.write('Usage: node impl-node/shim.ts relay|agent|controller\n')
  process.exit(2)
}

const hello = () => ({
  role,
  name: 'happy-remote',
  version: VERSION,
  language: `TypeScript, Node ${process.versions.node}`,
  protocol: [1],
  capabilities: chosen.capabilities,
  deterministic: false,
})
async function vector(args: Arguments) {
  const { vectorAnswer } = await import('./vectors/constructions.ts')
  const answer = vectorAnswer(args)
  if (!answer) throw new Unimplemented(`the group ${args.file}/${args.group} is not known here`)
  return answer
}

const loaded = chosen.make().then((verbs): Verbs => {
  let stopping: Promise<unknown> | undefined
  // Asked for, and then again by the end of standard input.
  const stop = () => (stopping ??= Promise.resolve(verbs.stop?.({})))
  return { hello, vector, ...verbs, stop }
})

async function answer(line: string): Promise<void> {
  const { id, do: verb, with: args = {} } = JSON.parse(line) as { id: number; do: string; with?: Arguments }
  const verbs = await loaded
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

// Not readline: it takes U+2028, which JSON may hold as it is, for the end of a line.
let rest = ''
process.stdin
  .setEncoding('utf8')
  .on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) void answer(line)
  })
  .on('end', async () => {
    await (await loaded).stop?.({})
    process.exit(0)
  })
