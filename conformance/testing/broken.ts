// node broken.ts <fault>: a program that breaks the shim protocol in one way.

import { createInterface } from 'node:readline'

const [fault = ''] = process.argv.slice(2)
const answers: Record<string, (id: number) => string> = {
  'not-json': () => 'ready',
  'both-answers': (id) => JSON.stringify({ id, ok: {}, unimplemented: 'perhaps' }),
  'unknown-code': (id) => JSON.stringify({ id, error: { code: 'no-such-code', message: '' } }),
  'other-id': (id) => JSON.stringify({ id: id + 100, ok: {} }),
  'wrong-hello': (id) => JSON.stringify({ id, ok: { role: 'relay' } }),
  'endless-line': () => 'x'.repeat(2_000_000),
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id } = JSON.parse(line)
  if (fault === 'dies') process.exit(7)
  process.stdout.write(`${answers[fault]?.(id)}\n`)
})
