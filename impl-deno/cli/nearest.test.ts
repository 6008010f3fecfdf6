import { equal } from 'node:assert/strict'
import { nearest } from './nearest.ts'

const COMMANDS = ['demo', 'relay', 'agent', 'pair', 'control', 'devices']

for (const [word, meant] of [
  ['agnt', 'agent'],
  ['relai', 'relay'],
  ['contrl', 'control'],
  ['device', 'devices'],
  ['apir', 'pair'],
  ['--bogus', undefined],
  ['x', undefined],
  ['', undefined],
] as const) {
  Deno.test(`"${word}" is most likely ${meant ?? 'nothing that there is'}`, () => {
    equal(nearest(word, COMMANDS), meant)
  })
}
