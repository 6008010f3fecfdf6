import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { greenReport, sampleReport } from '../testing/report.ts'
import { junit } from './junit.ts'

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Element[]
}

/** Enough of XML for what is written here; throws where it is not well-formed. */
function parse(text: string): Element {
  assert.match(text, /^<\?xml version="1.0" encoding="UTF-8"\?>\n/)
  const root: Element = { name: '', attributes: {}, children: [] }
  const open = [root]
  const rest = text
    .replace(/^<\?xml.*\n/, '')
    .replaceAll(/<(\/?)([a-z]+)((?: [a-z]+="[^"<]*")*)(\/?)>/g, (_, close, name, list, empty) => {
      if (close) assert.equal(open.pop()?.name, name)
      else {
        const attributes: Record<string, string> = {}
        for (const [, key = '', value = ''] of (list as string).matchAll(/ ([a-z]+)="([^"]*)"/g)) {
          assert.ok(!(key in attributes), `${key} occurs twice`)
          assert.doesNotMatch(value, /&(?!amp;|lt;|gt;|quot;)/)
          attributes[key] = value
        }
        const element: Element = { name, attributes, children: [] }
        open.at(-1)?.children.push(element)
        if (!empty) open.push(element)
      }
      return ''
    })
  assert.match(rest, /^\s*$/, 'something is neither an element nor white space')
  assert.deepEqual(open, [root])
  const [top] = root.children
  assert.ok(top)
  return top
}

describe('junit()', () => {
  const suites = parse(junit(sampleReport))
  const cases = suites.children[0]?.children ?? []

  test('has one case for each scenario', () => {
    assert.deepEqual(
      cases.map(({ attributes }) => attributes.name),
      sampleReport.scenarios.map(({ id }) => id),
    )
  })

  test('counts what it lists', () => {
    const having = (name: string) => String(cases.filter(({ children }) => children[0]?.name === name).length)
    for (const { attributes } of [suites, ...suites.children]) {
      assert.equal(attributes.tests, String(cases.length))
      assert.equal(attributes.failures, having('failure'))
      assert.equal(attributes.errors, having('error'))
      assert.equal(attributes.skipped, having('skipped'))
    }
    assert.deepEqual(['failure', 'error', 'skipped'].map(having), ['4', '1', '3'])
  })

  test('takes a known failure for skipped, and says why', () => {
    const known = cases.find(({ attributes }) => attributes.name === 'relay/sample/known')
    assert.equal(known?.children[0]?.name, 'skipped')
  })

  test('keeps out what XML has no place for', () => {
    const name = 'a\u0000b\u000bc\ud800d\uffffe'
    const text = junit({ ...greenReport, implementation: { ...greenReport.implementation, name } })
    assert.ok(text.includes('name="abcde"'))
  })
})
