import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Compile } from 'typebox/compile'
import { VERDICTS } from '../runner/verdict.ts'
import { greenReport, sampleReport, sampleTranscripts } from '../testing/report.ts'
import { html } from './html.ts'
import { Report } from './report.ts'

const page = html(sampleReport, sampleTranscripts)
const green = html(greenReport, new Map())

/** Elements in the order in which they open; throws where one closes that is not open. */
function elements(text: string): string[] {
  const open: string[] = []
  const all: string[] = []
  const withoutScripts = text.replace(/<(style|script)[^>]*>[\s\S]*?<\/\1>/g, '')
  for (const [, close, name = '', quoted] of withoutScripts.matchAll(
    /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*>/g,
  )) {
    if (['meta', 'input'].includes(name)) continue
    if (close) assert.equal(open.pop(), name, `</${name}> closes something else`)
    else {
      open.push(name)
      all.push(`${name}${quoted}`)
    }
  }
  assert.deepEqual(open, [])
  return all
}

describe('html()', () => {
  test('the sample fits the schema of the report', () => {
    const check = Compile(Report)
    assert.deepEqual([...check.Errors(sampleReport)], [])
  })

  test('lets nothing that the program says become markup', () => {
    assert.ok(!page.includes('<img'))
    assert.equal(page.match(/<script/g)?.length, 1)
    assert.ok(page.includes('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;'))
    assert.ok(!['\u0007', '\u202e'].some((each) => page.includes(each)))
    assert.ok(page.includes('&lt;ping&gt;'))
  })

  test('runs no script but its own', () => {
    assert.match(page, /default-src &#39;none&#39;; .*script-src &#39;sha256-[A-Za-z0-9+/]{43}=&#39;/)
  })

  test('asks the network for nothing', () => {
    assert.doesNotMatch(page, /<(?:link|img|iframe)|src=["']|@import|url\(/)
  })

  test('opens and closes its elements in order', () => {
    assert.ok(elements(page).length > 100)
    assert.ok(elements(green).length > 20)
  })

  test('has no id twice, and each link within the page leads somewhere', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.every((id) => id !== undefined && !/\s/.test(id)))
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(target), target)
  })

  test('shows every verdict with a word, not only with a colour', () => {
    for (const verdict of VERDICTS) assert.match(page, new RegExp(`class="badge ${verdict}"><i[^>]*>.</i>${verdict}<`))
  })

  test('unfolds what fails and folds what passes', () => {
    assert.match(page, /id="relay\/sample\/one-that-is-fail" data-verdict="fail" open>/)
    assert.match(page, /id="relay\/sample\/one-that-is-pass" data-verdict="pass">/)
  })

  test('shows a transcript as a sequence, without a line that was cut off', () => {
    assert.match(page, /Transcript <small>4 lines/)
    assert.match(page, /<span class="who">agent → relay<\/span>/)
    assert.match(page, /<b>hello<\/b> software <var>/)
    assert.match(page, /close <var>4400<\/var>/)
  })

  test('shows no empty transcript', () => {
    assert.equal(page.match(/class="transcript"/g)?.length, 1)
  })

  test('names the sentence of a requirement and links to it', () => {
    assert.ok(page.includes('href="../spec/relay.md#relay.ping"'))
    assert.ok(page.includes('A relay MUST answer <code>ping</code> &lt;at once&gt;, see errors.'))
    assert.ok(page.includes('not scored: pending'))
  })

  test('shows the cells of the matrix by their letters', () => {
    const [first = '', second = ''] = page.match(/<td data-cell="[^"]+">.*?<\/td>/gs) ?? []
    assert.match(
      first,
      /a × a × b[\s\S]*class="pass"><i[^>]*>✓<\/i> <a[^>]*>H<\/a>[\s\S]*class="fail"><i[^>]*>✕<\/i> <a[^>]*>P<\/a>/,
    )
    assert.match(second, /✓<\/i> <a[^>]*>H<\/a> <a[^>]*>P<\/a>/)
    assert.match(page, /<b>1 of 2<\/b> cells/)
    assert.ok(page.includes('The relays a and b give different results'))
  })

  test('says why nothing was run', () => {
    const trouble = { ...greenReport.outcome, requiredSet: 'not-run', trouble: 'It dies at once' } as const
    const none = html({ ...greenReport, outcome: trouble, scenarios: [], requirements: [] }, new Map())
    assert.match(none, /Could not be tested: It dies at once/)
    elements(none)
  })

  test('says of a green run what it is', () => {
    assert.match(green, /class="stamp passed"><i[^>]*>✓<\/i>Required set passed/)
    assert.doesNotMatch(green, /<h2>(?:What fails|Known failures)/)
  })

  test('stays a page for 450 scenarios', () => {
    const line = JSON.stringify({
      t: 1,
      from: 'agent',
      to: 'relay',
      bytes: 205,
      decoded: { type: 'bind', routeKey: 'A'.repeat(43), peer: null },
    })
    const transcript = `${line}\n`.repeat(400)
    const [one] = greenReport.scenarios
    assert.ok(one)
    const scenarios = Array.from({ length: 450 }, (_, i) => ({ ...one, id: `relay/sample/${i}`, transcript: 'file' }))
    const size = html({ ...greenReport, scenarios }, new Map([['file', transcript]])).length
    assert.ok(size < 2_600_000, `${size} characters`)
  })
})
