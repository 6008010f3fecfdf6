// node --test --test-reporter=./.ci/quiet-reporter.ts: a dot for each file that passes, what failed at the end, and
// the runner's closing summary. Three thousand lines of passed tests hide the one that did not.

import { relative, resolve } from 'node:path'
import { inspect } from 'node:util'

export interface TestEvent {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly nesting?: number
    readonly file?: string
    readonly line?: number
    readonly message?: string
    readonly details?: { readonly error?: Error & { cause?: unknown; failureType?: string } }
  }
}

/** A suite or file that fails because a test in it does says nothing of its own. */
const isOfSubtests = ({ details }: TestEvent['data']) => details?.error?.failureType === 'subtestsFailed'

const SUMMARY = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /
const shown = (file: string) => relative('.', file)

export default async function* quiet(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = []
  /** What the files have written to standard error: shown of those in which something fails. */
  const written = new Map<string, string>()
  const failed = new Set<string>()
  const seen = new Set<string>()
  for await (const { type, data } of source) {
    const { name = '', line, message = '', nesting, details } = data
    // The runner tells of a file's standard error by the path that it was given, and of its tests by the whole path.
    const file = resolve(data.file ?? '')
    if (type === 'test:pass' && data.file && !seen.has(file)) {
      seen.add(file)
      yield '.'
    }
    if (type === 'test:fail' && !isOfSubtests(data)) {
      const cause = details?.error?.cause ?? details?.error
      failures.push(`✖ ${name} (${shown(file)}:${line})\n${inspect(cause).replace(/^/gm, '  ')}\n`)
      yield 'X'
    }
    if (type === 'test:fail') failed.add(file)
    if (type === 'test:stderr') written.set(file, (written.get(file) ?? '') + message)
    if (type === 'test:diagnostic' && nesting === 0 && SUMMARY.test(message)) {
      if (message.startsWith('tests ')) {
        const errors = [...written]
          .filter(([from]) => failed.has(from))
          .map(([from, text]) => `${shown(from)}:\n${text}`)
        yield `\n${[...failures, ...errors].map((each) => `\n${each}`).join('')}\n`
      }
      yield `ℹ ${message}\n`
    }
  }
}
