// Steps about a relay that serves the page of a controller.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { After, type DataTable, Given, Then, When } from '@cucumber/cucumber'
import { RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { atOnce } from '../peers/patience.ts'
import { ask, type PlainAnswer, upgrade } from '../peers/upgrade.ts'
import type { StartLimits } from '../shim/lines.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

const SECRET = 'Hk2_wP8.dQz~5TnYb-3cVe'
/** In each file that is not to be served. */
const MARK = 'not for anybody outside'
const FILES: Readonly<Record<string, string>> = {
  '/index.html': '<!doctype html><title>page</title>',
  '/assets/program.js': 'export {}\n'.repeat(100),
}
/** How many ask for the page at the same time. */
const ASKING = 4

/** What a scenario has of its page. */
class Page {
  readonly #place = mkdtempSync(join(tmpdir(), 'happy-remote-page-'))
  readonly folder = join(this.#place, 'site')
  answer: PlainAnswer | undefined
  #asking: Promise<unknown> | undefined
  #isOver = false

  constructor() {
    for (const each of ['assets', '.folder']) mkdirSync(join(this.folder, each), { recursive: true })
    for (const [path, text] of Object.entries(FILES)) writeFileSync(join(this.folder, path), text)
    for (const path of ['v1', 'healthz', '.hidden', '.folder/file.txt', '../outside.txt']) {
      writeFileSync(join(this.folder, path), MARK)
    }
    symlinkSync('../outside.txt', join(this.folder, 'link.txt'))
    symlinkSync('..', join(this.folder, 'up'))
  }

  /** Until the scenario is over. Resolves with the first answer of HTTP status 429, undefined where none came in time. */
  askAlways(url: string): Promise<PlainAnswer | undefined> {
    const late = performance.now() + atOnce()
    return new Promise((resolve, reject) => {
      const one = async () => {
        while (!this.#isOver) {
          const answer = await ask(url)
          if (answer.status === 429) resolve(answer)
          else if (performance.now() > late) resolve(undefined)
        }
      }
      this.#asking = Promise.all(Array.from({ length: ASKING }, one)).catch(reject)
    })
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#asking
    rmSync(this.#place, { recursive: true })
  }
}

const pages = new WeakMap<SuiteWorld, Page>()

function pageOf(world: SuiteWorld): Page {
  const page = pages.get(world)
  if (!page) throw new SuiteError('No step has made a page')
  return page
}

function answerOf(world: SuiteWorld): PlainAnswer {
  const { answer } = pageOf(world)
  if (!answer) throw new SuiteError('Nobody has asked for the page')
  return answer
}

After(async function (this: SuiteWorld) {
  await pages.get(this)?.end()
})

async function serve(world: SuiteWorld, wishes: { secret?: string; limits?: StartLimits } = {}): Promise<void> {
  const page = new Page()
  pages.set(world, page)
  world.useLoneRelay({ ...wishes, web: page.folder })
  await world.relay.start()
}

Given('a relay under test that serves a page', async function (this: SuiteWorld) {
  await serve(this)
})

Given('a relay under test that serves a page, and whose path holds a secret', async function (this: SuiteWorld) {
  await serve(this, { secret: SECRET })
})

Given(
  'a relay under test that serves a page and allows {int} new connections a second',
  async function (this: SuiteWorld, connectionsPerSecond: number) {
    await serve(this, { limits: { connectionsPerSecond } })
  },
)

When(
  'a client asks by {word} for {string} of the page',
  async function (this: SuiteWorld, method: string, path: string) {
    const page = pageOf(this)
    this.transcript.add('client', 'relay', { method, path })
    page.answer = await ask(this.relay.root, path, method)
    this.transcript.add('relay', 'client', { status: page.answer.status, headers: page.answer.headers })
  },
)

When('a client asks for an upgrade at {string} of the page', async function (this: SuiteWorld, path: string) {
  this.answer = await upgrade(`${this.relay.root}${path}`, { subprotocols: [RELAY_SUBPROTOCOL] })
})

Then('the answer has HTTP status {int}', function (this: SuiteWorld, expected: number) {
  const { status } = answerOf(this)
  if (status !== expected) throw new Failed(`The relay answers with HTTP status ${status}, expected ${expected}`)
})

Then(
  'the answer has HTTP status {int} and the bytes of {string}',
  function (this: SuiteWorld, expected: number, file: string) {
    const { status, body } = answerOf(this)
    if (status !== expected) throw new Failed(`The relay answers with HTTP status ${status}, expected ${expected}`)
    if (body !== FILES[file]) throw new Failed(`The relay answers with other bytes than those of ${file}`)
  },
)

Then('the answer has nothing that is hidden or outside of the folder', function (this: SuiteWorld) {
  if (answerOf(this).body.includes(MARK)) throw new Failed('The relay serves a file that is not of its page')
})

/** Names and sources of a Content-Security-Policy. Of a name that comes twice the first counts. */
function sourcesOf(policy: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const rule of policy.split(';')) {
    const [name = '', ...sources] = rule.trim().split(/\s+/)
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), sources.join(' '))
  }
  return found
}

Then('the policy of the answer names for each of these nothing else:', function (this: SuiteWorld, table: DataTable) {
  const sources = sourcesOf(String(answerOf(this).headers['content-security-policy'] ?? ''))
  for (const [name, expected] of table.raw() as [string, string][]) {
    const seen = sources.get(name)
    if (seen !== expected) throw new Failed(`The policy has ${seen ?? 'nothing'} for ${name}, expected ${expected}`)
  }
})

Then('the answer has the headers:', function (this: SuiteWorld, table: DataTable) {
  const { headers } = answerOf(this)
  for (const [name, expected] of table.raw() as [string, string][]) {
    const seen = headers[name.toLowerCase()]
    if (seen !== expected) throw new Failed(`The header ${name} is ${seen ?? 'not there'}, expected ${expected}`)
  }
})

When('a client asks for the page again and again', function (this: SuiteWorld) {
  this.found = pageOf(this).askAlways(this.relay.root)
})

Then('the relay answers one of the requests with HTTP status 429', async function (this: SuiteWorld) {
  if (!(await (this.found as Promise<unknown>))) throw new Failed('Each request for the page is answered')
})
