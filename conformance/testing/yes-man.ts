// A program that answers every request with `ok`: what the runner has to see through.

import { createInterface } from 'node:readline'

const hello = {
  role: 'relay',
  name: 'yes',
  version: '1',
  language: 'any',
  protocol: [1],
  capabilities: [],
  deterministic: false,
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, do: verb } = JSON.parse(line)
  process.stdout.write(`${JSON.stringify({ id, ok: verb === 'hello' ? hello : { url: 'ws://127.0.0.1:1/v1' } })}\n`)
  if (verb === 'stop') process.exit(0)
})
