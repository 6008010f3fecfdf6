// node oracle.ts <fault>: an agent's shim that answers `vector` from the files themselves, but for one fault.

import { serve } from '../shim/serve.ts'
import { casesOf, IGNORED, loadVectors } from '../vectors/cases.ts'

const [fault = 'none'] = process.argv.slice(2)
/** What the fault hits. */
const VICTIM = 'padding-003'
const tests = new Map(casesOf(loadVectors()).map(({ test }) => [test.id, test]))

class Refusal extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

function vector(id: string): object {
  const test = tests.get(id)
  if (id === VICTIM && fault === 'dies') process.exit(7)
  if (id === VICTIM && fault === 'refuses') throw new Refusal('internal')
  if (test?.reject && fault !== 'accepts') {
    if (test.reject.code === IGNORED) return { ignored: true }
    throw new Refusal(test.reject.code)
  }
  if (id === VICTIM && fault === 'lies') return { padded: 1 }
  if (id === VICTIM && fault === 'is-silent') return {}
  return { ...test?.output, more: 'than was asked for' }
}

serve({
  hello: () => ({
    ...{ role: 'agent', name: 'oracle', version: '1', language: 'TypeScript', protocol: [1] },
    ...{ capabilities: [], deterministic: false },
  }),
  ...(fault === 'without' ? {} : { vector: (args) => ({ outputs: vector(args.case as string) }) }),
  stop: () => ({}),
})
