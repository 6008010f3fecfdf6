// node conformance/mutants/shim.ts none|<mutant>: the scripted relay, whole or with one fault.

import { ScriptedRelay } from '../peers/scripted-relay.ts'
import type { StartLimits } from '../shim/lines.ts'
import { serve } from '../shim/serve.ts'
import { relayMutants } from './relay/index.ts'

const [name = 'none'] = process.argv.slice(2)
const mutant = relayMutants.find((each) => each.name === name)
if (!mutant && name !== 'none') {
  process.stderr.write(`There is no mutant ${name}\n`)
  process.exit(2)
}
const relay = mutant ? new mutant.relay() : new ScriptedRelay()

serve({
  hello: () => ({
    role: 'relay',
    name: mutant ? `scripted relay, ${name}` : 'scripted relay',
    version: '1',
    language: 'TypeScript',
    protocol: [1],
    capabilities: ['limits', 'secret'],
    deterministic: false,
  }),
  start: async ({ host, port, limits, secret }) => ({
    url: await relay.start(host as string, port as number, limits as StartLimits | undefined, secret as string),
  }),
  state: () => ({ connections: relay.peers.size, routes: relay.bound.size }),
  stop: () => relay.stop(),
})
