// node puppet.ts <role> <fault>: a program that answers as if it had met others, for tests of the matrix.

import type { Role } from '../shim/lines.ts'
import { serve, type Verbs } from '../shim/serve.ts'

const [role = 'relay', fault = 'none'] = process.argv.slice(2) as [Role, string]
const PHONE = 'a'.repeat(26)
const DESK = `${'b'.repeat(25)}a`
const tell = (event: string, data: object) => process.stdout.write(`${JSON.stringify({ event, data })}\n`)
const entry = (deviceId: string, name: string) => ({ deviceId, name, capabilities: ['observe'], online: true })

const verbs: Record<Role, Verbs> = {
  relay: {
    start: () => ({ url: 'ws://127.0.0.1:1/v1' }),
    state: () => ({}),
  },
  agent: {
    start: () => ({}),
    offer: () => ({ uri: 'HAPPY://AA' }),
    confirm: () => {
      tell('paired', { deviceId: PHONE })
    },
    state: () => ({ devices: [entry(PHONE, 'phone')] }),
  },
  controller: {
    start: () => ({}),
    ...(fault !== 'without' && {
      pair: () => {
        setImmediate(() => tell('paired', { deviceId: DESK }))
        return { digits: '123456' }
      },
    }),
    call: () => ({ result: fault === 'lies' ? {} : { workspace: '/', devices: [], terminals: [], pending: [] } }),
    state: () => ({ agents: [{ ...entry(DESK, 'desk'), confirmed: true }] }),
  },
}

serve({
  hello: () => ({
    ...{ role, name: 'puppet', version: '1', language: 'TypeScript', protocol: [1] },
    ...{ capabilities: ['state'], deterministic: false },
  }),
  ...verbs[role],
  stop: () => ({}),
})
