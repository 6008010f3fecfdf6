// Every vector that concerns crypto/, session/ and link/, from the JSON.

import assert from 'node:assert/strict'
import './crypto.ts'
import './handshake.ts'
import './known-answers.ts'
import './link.ts'
import './ratchet.ts'
import { coveredGroups, loadVectors, vectorNames } from './runner.ts'

/** Groups of the relay. */
const ELSEWHERE = ['relay-bind/accept', 'relay-bind/route']

Deno.test('every group of every vector file is run', () => {
  const all = vectorNames().flatMap((name) => loadVectors(name).groups.map(({ label }) => `${name}/${label}`))
  assert.deepEqual(
    all.filter((group) => !coveredGroups.has(group)),
    ELSEWHERE,
  )
})
