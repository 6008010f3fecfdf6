import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { greenReport, HOSTILE, sampleReport } from '../testing/report.ts'
import { markdown, sentence } from './markdown.ts'

describe('markdown()', () => {
  const text = markdown(sampleReport)

  test('lists what did not pass, with its reason, in one row each', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('| `'))
    assert.equal(rows.length, sampleReport.scenarios.filter(({ verdict }) => verdict !== 'pass').length)
    assert.ok(rows.every((row) => row.match(/(?<!\\)\|/g)?.length === 4))
    assert.ok(text.includes('fail (known: not built yet)'))
  })

  test('lets nothing that the program says become markup', () => {
    assert.ok(!text.includes(HOSTILE))
    assert.ok(!text.includes('<img'))
    assert.ok(!['\u0007', '\u202e'].some((each) => text.includes(each)))
  })

  test('names stale known failures and roles without scenarios', () => {
    assert.match(text, /Stale known failures, to be taken out: `relay\/sample\/none`/)
    assert.match(text, /no scenarios for: controller/)
  })

  test('counts the cells of a matrix that pass', () => assert.match(text, /1 of 2 cells of the matrix pass everything/))

  test('is short where all is well', () => {
    const { matrix, ...plain } = greenReport
    assert.ok(matrix && !markdown(plain).includes('| ---'))
    assert.match(sentence(plain), /: required set passed; 1 pass; 75\.3 s$/)
  })
})
