// The machinery of the mutants; that they die is shown by kill.ts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { preflight } from '../runner/preflight.ts'
import { loadRequirements } from '../runner/requirements.ts'
import { mutants } from './every.ts'
import { type Kill, merged, readKills, textOf } from './kills.ts'
import { isOfSource, type Mutant } from './mutant.ts'
import { inPart, partOf } from './part.ts'
import { type Place, spoil, stale } from './spoil.ts'
import { withProgram } from './subject.ts'
import { tableOf } from './table.ts'

const place: Place = { name: 'm', file: 'impl-node/relay/bucket.ts', find: 'one', replace: 'two' }

describe('mutants', () => {
  const { byId } = loadRequirements()

  test('have names of their own, and break requirements that the spec has', () => {
    assert.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length)
    assert.deepEqual(
      mutants.flatMap(({ name, breaks }) => breaks.filter((id) => !byId.has(id)).map((id) => `${name}: ${id}`)),
      [],
    )
  })

  test('of the source find their place in it', () => {
    assert.deepEqual(stale(mutants.filter(isOfSource)), [])
  })
})

describe('spoil()', () => {
  test('changes the one place, and nothing of what stands in its replacement', () => {
    assert.equal(spoil('a one b', { ...place, replace: '$& two' }), 'a $& two b')
  })

  test('refuses a place that is not there, is there twice, or stays as it is', () => {
    assert.throws(() => spoil('zero', place), /m does not find its place in impl-node\/relay\/bucket\.ts: one/)
    assert.throws(() => spoil('one one', place), /m finds 2 places/)
    assert.throws(() => spoil('one', { ...place, replace: 'one' }), /changes nothing/)
  })
})

describe('withProgram()', () => {
  const fault = (replace: string): Mutant => ({
    ...{ name: 'm', does: 'is spoiled', breaks: ['relay.bind.first'], role: 'relay', replace },
    ...{ file: 'impl-node/cli/version.ts', find: 'export const VERSION' },
  })
  const versionOf = (mutant?: Mutant) =>
    withProgram('relay', mutant, async ({ implementation, folder }) => {
      const { command = [] } = implementation.roles.relay ?? {}
      return (await preflight('relay', { command, cwd: folder }, { starts: false })).version
    })

  test('gives a program its fault, or none', async () => {
    assert.equal(await versionOf(fault("export const VERSION = 'spoiled' //")), 'spoiled')
    assert.match(await versionOf(), /^\d+\.\d+\.\d+$/)
  })

  test('rejects where the fault does not compile', async () => {
    await assert.rejects(versionOf(fault('export cnst V')), /Expected|Unexpected/)
  })
})

describe('partOf()', () => {
  test('gives every mutant a part, and each commit the next part', () => {
    const parts = [0, 1, 2, 3].map((turn) => partOf('auto', 100, () => turn))
    assert.deepEqual(parts[0], { number: 1, of: 4 })
    const all = Array.from({ length: 100 }, (_, i) => i)
    assert.deepEqual(
      parts.flatMap((part) => inPart(all, part)).sort((a, b) => a - b),
      all,
    )
    assert.deepEqual(
      partOf('auto', 100, () => 4),
      parts[0],
    )
  })

  test('takes a part that is named, and no other words', () => {
    assert.deepEqual(partOf('2/3', 100), { number: 2, of: 3 })
    for (const wrong of ['0/3', '4/3', 'x', '1']) assert.throws(() => partOf(wrong, 100), /wants k\/n/)
  })
})

describe('kills.ndjson', () => {
  const kill = (name: string, killedBy: string | null, bitten: string[] = []): Kill => ({
    ...{ name, subject: 'relay', killedBy, more: 0, bitten, on: '00000000' },
  })

  test('keeps older kills beside newer ones, in the order of the mutants, and forgets mutants that are gone', () => {
    const kept = merged([kill('a', 'x'), kill('b', 'x'), kill('gone', 'x')], [kill('b', null)], ['b', 'a', 'new'])
    assert.deepEqual(
      kept.map(({ name, killedBy }) => [name, killedBy]),
      [
        ['b', null],
        ['a', 'x'],
      ],
    )
  })

  test('has one kill a line, of mutants that there are', () => {
    assert.deepEqual(textOf([kill('a', 'x'), kill('b', null)]).split('\n').length, 3)
    assert.ok(readKills().every(({ name }) => mutants.some((mutant) => mutant.name === name)))
  })

  test('counts the last line of a mutant, where a merge has left two', () => {
    assert.deepEqual(merged([kill('a', null), kill('a', 'x')], [], ['a']), [kill('a', 'x')])
  })

  test('becomes a table that names survivors, mutants that have not run, and requirements without a kill', () => {
    const [first, second] = mutants
    assert.ok(first && second)
    const table = tableOf([first, second], [kill(first.name, null)], { claimed: ['relay.bind.first'] })
    assert.match(table, /0 of 2 mutants are killed/)
    assert.match(table, /none yet: `relay\.bind\.first`/)
    assert.match(table, new RegExp(`\`${first.name}\`.*\\*\\*survived\\*\\*`))
    assert.match(table, new RegExp(`\`${second.name}\`.*not run yet`))
  })
})
